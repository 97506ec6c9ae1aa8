"""States followed over a WebSocket: what comes, what changes, what is lost, and the way back."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from energy.battery import Battery
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from ingest.homeassistant import live_states
from ingest.homeassistant.client import HomeAssistantAddress
from ingest.homeassistant.entity_diffs import EntityTable
from ingest.homeassistant.live_states import LiveStates, StateChanges, take_in
from ingest.live.mapping import LiveState, MappedSensors, SensorSource

HOME = Home(
    name="test",
    zone="UTC",
    pv_peak_kw=4,
    battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3),
    tariff=FlatTariff(import_price=0.3),
)
PV, SOC = "sensor.pv", "sensor.soc"


def row(state: str, at: datetime, unit: str = "W") -> dict[str, Any]:
    return {"s": state, "a": {"unit_of_measurement": unit}, "lc": at.timestamp(), "c": "x"}


@dataclass
class Collected:
    """Everything that a follower gave so far."""

    live: LiveStates
    states: dict[str, LiveState] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    problem: str = ""
    forecast_kwh: float = 0.0
    alive_at: datetime | None = None

    def until(self, condition: Callable[["Collected"], bool]) -> None:
        deadline = time.monotonic() + 20
        while True:
            changes = self.live.collect()
            self.states |= {state.entity: state for state in changes.states}
            self.lost |= set(changes.lost)
            self.problem, self.alive_at = changes.problem, changes.alive_at
            if changes.forecast is not None:
                self.forecast_kwh = sum(changes.forecast.values_kw)
            if condition(self):
                return
            assert time.monotonic() < deadline, f"{self}"
            time.sleep(0.01)


@pytest.fixture
def following(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(live_states, "_QUIET_S", 0.1)
    monkeypatch.setattr(live_states, "_FIRST_PAUSE_S", 0.05)
    with ExitStack() as stack:
        yield lambda address, *names: Collected(stack.enter_context(LiveStates(address, names)))


def test_states_come_with_their_own_unit_and_time_and_change(assistant: Any, following: Any) -> None:
    since = datetime.now(UTC) - timedelta(minutes=10)
    assistant.states = {PV: row("1500", since), SOC: row("63", since, "%")}
    got = following(assistant.address, PV, SOC)
    got.until(lambda seen: set(seen.states) == {PV, SOC})
    assert got.states[PV].text == b"1500"
    assert (got.states[PV].unit, got.states[SOC].unit) == ("W", "%")
    assert abs(got.states[PV].at - since) < timedelta(seconds=1)
    now = datetime.now(UTC).timestamp()
    assistant.push(c={PV: {"+": {"s": "1.6", "a": {"unit_of_measurement": "kW"}, "lu": now}}})
    got.until(lambda seen: seen.states[PV].text == b"1.6")
    assert got.states[PV].unit == "kW"
    assert got.states[PV].at > since
    assistant.push(c={PV: {"+": {"s": "unavailable", "lc": now}, "-": {"a": ["unit_of_measurement"]}}})
    got.until(lambda seen: seen.states[PV].text == b"unavailable")
    assert got.states[PV].unit == ""


def test_an_entity_that_is_not_there_or_is_removed_is_lost(assistant: Any, following: Any) -> None:
    assistant.states = {PV: row("1500", datetime.now(UTC))}
    got = following(assistant.address, PV, "sensor.renamed")
    got.until(lambda seen: seen.lost == {"sensor.renamed"} and PV in seen.states)
    assistant.push(r=[PV])
    got.until(lambda seen: PV in seen.lost)


def test_after_a_restart_it_connects_again_and_tells_the_loss_and_the_return(
    assistant: Any, following: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assistant.states = {PV: row("1500", datetime.now(UTC))}
    got = following(assistant.address, PV)
    got.until(lambda seen: PV in seen.states)
    assistant.states = {PV: row("900", datetime.now(UTC))}
    assistant.hang_up()
    got.until(lambda seen: seen.states[PV].text == b"900" and not seen.problem)
    assert [record.message for record in caplog.records if "lost Home Assistant" in record.message]
    assert "Home Assistant answers again" in caplog.text
    assert "eyJ" not in caplog.text


def test_a_quiet_line_is_asked_and_counts_as_alive(assistant: Any, following: Any) -> None:
    assistant.states = {PV: row("1500", datetime.now(UTC))}
    got = following(assistant.address, PV)
    got.until(lambda seen: seen.alive_at is not None)
    first = got.alive_at
    got.until(lambda seen: seen.alive_at > first + timedelta(seconds=0.2))
    assert "ping" in {asked["type"] for asked in assistant.asked}


def test_a_wrong_token_is_one_sentence_and_not_tried_again_at_once(assistant: Any, following: Any) -> None:
    got = following(HomeAssistantAddress(assistant.url, "eyJ-wrong"), PV)
    got.until(lambda seen: "refuses the token" in seen.problem)
    time.sleep(0.3)
    assert not assistant.asked
    assert got.live.collect().alive_at is None


@pytest.mark.parametrize(
    "nonsense",
    [{"a": {PV: {"a": {}}}}, {"a": {PV: "on"}}, {"c": {PV: {"+": {"lu": "noon"}}}}, {"a": [1]}],
)
def test_nonsense_is_one_sentence_and_the_line_is_made_anew(assistant: Any, following: Any, nonsense: Any) -> None:
    assistant.states = {PV: row("1500", datetime.now(UTC))}
    got = following(assistant.address, PV)
    got.until(lambda seen: PV in seen.states)
    assistant.push(**nonsense)
    got.until(lambda seen: "is not understood" in seen.problem)
    got.until(lambda seen: not seen.problem)


def test_the_energy_dashboards_forecast_comes_along(assistant: Any, following: Any) -> None:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    assistant.answers["energy/solar_forecast"] = {"roof": {"wh_hours": {hour.isoformat(): 1500}}}
    assistant.states = {PV: row("1500", datetime.now(UTC))}
    got = following(assistant.address, PV)
    got.until(lambda seen: seen.forecast_kwh == 1.5)


def test_a_state_that_is_said_again_is_newer_and_an_older_word_is_none() -> None:
    table = EntityTable()
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    table.apply({"a": {PV: row("1500", noon)}})
    assert table.report(PV, noon + timedelta(minutes=1))
    assert not table.report(PV, noon)
    assert not table.report("sensor.other", noon)
    assert table.rows[PV].at == noon + timedelta(minutes=1)


def test_what_came_becomes_readings_and_faults_by_entity() -> None:
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    sensors = MappedSensors({"pv_power": SensorSource(entity=PV), "battery_soc": SensorSource(entity=SOC)}, HOME)
    changes = StateChanges(states=(LiveState(PV, b"1500", "W", now),), lost=(SOC,), alive_at=now)
    faults, forecast = take_in(changes, (sensors,), now=now)
    assert faults[PV] == ""
    assert "has no entity 'sensor.soc'" in faults[SOC]
    assert forecast is None
    assert {role: reading.value for role, reading in sensors.readings(now).items()} == {"pv_power": 1.5}
    faults, _ = take_in(StateChanges(states=(LiveState(PV, b"unknown", "W", now),)), (sensors,), now=now)
    assert "does not answer" in faults[PV]
    assert not sensors.readings(now)
