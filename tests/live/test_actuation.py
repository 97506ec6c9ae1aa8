"""The direct way: listed entities of a real Home Assistant written, read back and watched."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from agent.decision.inverter_mapping import Actuation
from agent.decision.read_back import ChangedByHand, Confirmed, NotConfirmed, ReadBackOutcome, ReadBackTracker
from agent.service.actuator import Actuator
from devtools.local_homeassistant import LocalHomeAssistant
from energy.commands import BatteryCommand, Mode, SlotLevels
from ingest.homeassistant.client import HomeAssistantAddress

NOW = datetime(2026, 1, 14, 7, tzinfo=UTC)
MODE, FLOOR, SWITCH = "input_select.work_mode", "input_number.floor", "input_boolean.grid_charging"
ENTITIES: dict[str, Any] = {
    FLOOR: dict.fromkeys(("self_consumption", "hold", "charge"), "{reserve}"),
    SWITCH: {"self_consumption": "off", "hold": "off", "charge": "on"},
    MODE: {"self_consumption": "Self use", "hold": "Backup", "charge": "Force charge", "discharge": "Sell"},
}


def command(mode: Mode, charge_to: float, reserve: float) -> BatteryCommand:
    end = NOW + timedelta(hours=1)
    slot = SlotLevels(start=NOW, end=end, charge_to_soc=charge_to, reserve_soc=reserve)
    return BatteryCommand(
        decision_id="a",
        valid_from=NOW,
        valid_until=end,
        mode=mode,
        slots=(slot,),
        reason_code="test",
        reason="",
    )


CHARGE = command(Mode.CHARGE, 0.8, 0.8)


def test_a_command_becomes_positions() -> None:
    actuation = Actuation.model_validate({"entities": ENTITIES, "lowest_reserve": 10})
    assert actuation.wanted(CHARGE) == {FLOOR: "80", SWITCH: "on", MODE: "Force charge"}
    assert actuation.wanted(None) == {FLOOR: "10", SWITCH: "off", MODE: "Self use"}
    assert actuation.wanted(command(Mode.DISCHARGE, 0, 0)) == {MODE: "Sell"}


@pytest.mark.parametrize(
    ("entities", "message"),
    [
        ({"lock.front_door": {"charge": "open"}}, "'lock.front_door' is not a select, number or switch"),
        ({"switch.a.b": {"charge": "on"}}, "'switch.a.b' is not a select"),
        ({"switch.a": {"charge": "maybe"}}, "a switch cannot stand at 'maybe'"),
        ({"number.a": {"charge": "{soc}"}}, "'{soc}' is not a number"),
    ],
)
def test_what_may_not_be_written_is_refused_in_the_settings(entities: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=r"Value error") as caught:
        Actuation.model_validate({"entities": entities})
    assert message in str(caught.value)


@pytest.fixture(scope="module")
def inverter(estate: Any) -> LocalHomeAssistant:
    running: LocalHomeAssistant = estate.homeassistant
    return running


@pytest.fixture
def actuator(inverter: LocalHomeAssistant) -> Iterator[Actuator]:
    actuation = Actuation.model_validate({"entities": ENTITIES, "settle_s": 2, "watch_s": 1})
    with Actuator(actuation, HomeAssistantAddress(inverter.url, inverter.api.token)) as running:
        yield running


def judged(actuator: Actuator, ledger: ReadBackTracker) -> ReadBackOutcome:
    report = actuator.reports.get(timeout=15)
    return ledger.update(report, now=NOW, respect=timedelta(hours=1))


@pytest.mark.live
def test_it_writes_reads_back_and_notices_another_hand(actuator: Actuator, inverter: LocalHomeAssistant) -> None:
    api, ledger = inverter.api, ReadBackTracker()
    actuator.apply("a", CHARGE)
    while not isinstance(outcome := judged(actuator, ledger), Confirmed | NotConfirmed):
        pass
    assert outcome == Confirmed("a")
    assert (api.state(MODE), api.state(FLOOR), api.state(SWITCH)) == ("Force charge", "80.0", "on")
    api.act("input_boolean.turn_on", entity_id="input_boolean.other")
    api.act("input_select.select_option", entity_id=MODE, option="Self use")
    changed = judged(actuator, ledger)
    assert isinstance(changed, ChangedByHand)
    assert changed.detail == "input_select.work_mode was set to 'Self use', we had 'Force charge'"
    assert api.state(MODE) == "Self use"


@pytest.mark.live
def test_an_option_that_is_not_there_is_not_obeyed(actuator: Actuator, inverter: LocalHomeAssistant) -> None:
    actuator.apply("b", command(Mode.DISCHARGE, 0, 0))
    ledger = ReadBackTracker()
    while not isinstance(outcome := judged(actuator, ledger), Confirmed | NotConfirmed):
        pass
    assert isinstance(outcome, NotConfirmed)
    assert "input_select.work_mode shows" in outcome.detail
    assert "instead of 'Sell'" in outcome.detail


@pytest.mark.live
def test_a_home_assistant_that_is_gone_is_not_obeyed() -> None:
    actuation = Actuation.model_validate({"entities": ENTITIES, "settle_s": 1, "watch_s": 1})
    with Actuator(actuation, HomeAssistantAddress("http://127.0.0.1:9", "token")) as actuator:
        actuator.apply("c", CHARGE)
        assert isinstance(judged(actuator, ReadBackTracker()), NotConfirmed)


@pytest.mark.live
def test_when_it_stops_it_lets_go_of_what_nobody_else_has_changed(inverter: LocalHomeAssistant) -> None:
    actuation = Actuation.model_validate({"entities": ENTITIES, "settle_s": 2, "watch_s": 1})
    api = inverter.api
    with Actuator(actuation, HomeAssistantAddress(inverter.url, api.token)) as actuator:
        actuator.apply("d", CHARGE)
        api.await_state(MODE, "Force charge")
        api.await_state(SWITCH, "on")
        while actuator.reports.get(timeout=15).decision_id != "d":
            pass
        api.act("input_select.select_option", entity_id=MODE, option="Backup")
    api.await_state(SWITCH, "off")
    assert api.state(MODE) == "Backup"
