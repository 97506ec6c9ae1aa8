"""Several batteries by the settings' own entities and topics: what the service knows of them, and what it says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.service.feed import Feed, Problems
from agent.settings import BatterySettings, Settings
from energy.home import Home
from ingest.homeassistant.live_states import StateChanges
from ingest.live.mapping import LiveState, SensorSource
from ingest.live.snapshot import NoSnapshot, Snapshot
from transport.mqtt import Message

HOME = Home.model_validate(
    {
        "name": "test",
        "zone": "UTC",
        "pv_peak_kw": 4,
        "batteries": [
            {"name": "garage", "capacity_kwh": 9, "max_charge_kw": 4, "max_discharge_kw": 4},
            {"name": "cellar", "capacity_kwh": 1, "max_charge_kw": 1, "max_discharge_kw": 1},
        ],
        "tariff": {"kind": "flat", "import_price": 0.3},
    }
)


class Told:
    """Home Assistant, as far as it tells states."""

    def __init__(self) -> None:
        self.changes = StateChanges()

    def collect(self) -> StateChanges:
        changes, self.changes = self.changes, StateChanges(alive_at=self.changes.alive_at)
        return changes


def say(feed: Feed, told: Told, now: datetime, *, cellar: float | None = 80.0) -> None:
    states = (
        LiveState("sensor.load", b"900", "W", now),
        LiveState("sensor.pv", b"0", "W", now),
        LiveState("sensor.garage", b"50", "%", now),
        LiveState("sensor.garage_power", b"700", "W", now),
    )
    told.changes = StateChanges(states, alive_at=now)
    if cellar is not None:
        feed.take(Message("gateway/cellar/soc", f"{cellar}".encode()))
        feed.take(Message("gateway/cellar/power", b"-200"))
    feed.sample(now)


@pytest.mark.parametrize("total", [False, True])
def test_their_charge_is_one_and_without_one_of_them_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, total: bool
) -> None:
    sensors = {"load_power": SensorSource(entity="sensor.load"), "pv_power": SensorSource(entity="sensor.pv")}
    if total:
        sensors["battery_power"] = SensorSource(entity="sensor.garage_power", max_age_s=60)
    batteries = {
        "garage": {
            "battery_soc": SensorSource(entity="sensor.garage"),
            "battery_power": SensorSource(entity="sensor.garage_power"),
        },
        "cellar": {
            "battery_soc": SensorSource(topic="gateway/cellar/soc", unit="%", max_age_s=60),
            "battery_power": SensorSource(topic="gateway/cellar/power", unit="W", max_age_s=60),
        },
    }
    settings = Settings.model_validate(
        {
            "home_file": tmp_path / "home.toml",
            "sensors": sensors,
            "batteries": {name: BatterySettings.model_validate({"sensors": each}) for name, each in batteries.items()},
        }
    )
    told, problems, begin = Told(), Problems(), datetime(2026, 1, 14, 18, tzinfo=UTC)
    feed = Feed(settings, HOME, problems, lambda: None, live=told)  # type: ignore[arg-type]

    def at(seconds: float) -> datetime:
        now = begin + timedelta(seconds=seconds)
        monkeypatch.setattr(Feed, "now", lambda _: now)
        return now

    say(feed, told, at(0))
    taken = feed.snapshot(at(0))
    assert isinstance(taken, Snapshot)
    assert taken.soc == pytest.approx(0.53)
    assert taken.battery_kw == pytest.approx(0.7 if total else 0.5)
    assert feed.answering == ("garage", "cellar")
    # The cellar falls silent: it is said, and decisions rest on the garage alone.
    for seconds in (60, 120, 200):
        say(feed, told, at(seconds), cellar=None)
    assert feed.answering == ("garage",)
    taken = feed.snapshot(at(200))
    assert isinstance(taken, Snapshot)
    assert taken.soc == pytest.approx(0.5)
    [problem] = problems.texts()
    assert "battery cellar does not answer (its charge is 200 s old)" in problem
    # It comes back; then nothing is known of either, and nothing can be decided.
    say(feed, told, at(260))
    assert feed.answering == ("garage", "cellar")
    assert problems.texts() == ()
    feed.sample(at(800))
    taken = feed.snapshot(at(800))
    assert isinstance(taken, NoSnapshot)
    assert any(reason.startswith("battery_soc") for reason in taken.reasons)
