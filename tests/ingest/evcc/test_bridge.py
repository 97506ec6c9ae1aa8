"""The bridge against the stand-in: what is published, commanded, read back, released, and what a fault does."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from energy.battery import Battery
from energy.commands import BatteryCommand, Levels, LoadCommand, PowerSlot, ReleaseCommand, SlotLevels
from energy.devices import Car
from energy.errors import DataError
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from ingest.evcc.api import EvccApi
from ingest.evcc.bridge import EvccBridge, missing_devices
from ingest.evcc.settings import EvccSettings
from ingest.evcc.state import read_state
from transport.topics import Topics

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOME = Home(
    name="test",
    zone="UTC",
    pv_peak_kw=6,
    battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3),
    tariff=FlatTariff(import_price=0.3),
    devices=(Car(name="car", from_hour=18, ready_by_hour=7, max_kw=3.68, daily_kwh=10),),
)
TOPICS = Topics("test")
SELF = Levels()
HOLD = Levels(reserve_soc=1.0)
CHARGE = Levels(charge_to_soc=0.9, reserve_soc=0.9)
EXPORT = Levels(export_to_soc=0.1)


def after(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


@dataclass
class Played:
    """A bridge and what it published."""

    bridge: EvccBridge
    said: dict[str, Any] = field(default_factory=dict)

    def order(self, levels: Levels, now: datetime = NOON, decision: str = "d1") -> None:
        slot = SlotLevels(start=now, end=now + timedelta(hours=6), **levels.model_dump())
        command = BatteryCommand(
            decision_id=decision,
            valid_from=now,
            valid_until=slot.end,
            reason_code="test",
            reason="",
            mode=levels.mode(0.5),
            slots=(slot,),
        )
        self.bridge.take(TOPICS.command, command.model_dump_json().encode(), now)

    def charge_car(self, power_kw: float, now: datetime = NOON, hours: float = 6) -> None:
        slot = PowerSlot(start=now, end=now + timedelta(hours=hours), power_kw=power_kw)
        command = LoadCommand(
            decision_id="d1",
            valid_from=now,
            valid_until=slot.end,
            reason_code="test",
            reason="",
            device="car",
            on=power_kw > 0,
            power_kw=power_kw,
            slots=(slot,),
        )
        self.bridge.take(TOPICS.device_command("car"), command.model_dump_json().encode(), now)

    def value(self, sensor: str) -> float:
        return float(self.said[TOPICS.sensor(sensor)]["value"])


@pytest.fixture
def play(evcc: Any) -> Callable[..., Played]:
    def start(**settings: Any) -> Played:
        answer: dict[str, Any] = {}
        given = EvccSettings(url=evcc.url, loadpoints={"car": 1}, **settings)
        bridge = EvccBridge(
            HOME, given, EvccApi(given.url), lambda topic, payload, _: answer.__setitem__(topic, json.loads(payload))
        )
        return Played(bridge, answer)

    return start


@pytest.mark.parametrize(("old_words", "wrapped"), [(True, True), (False, True), (False, False)])
def test_the_site_becomes_the_homes_sensors_in_the_words_of_every_version(
    evcc: Any, play: Any, old_words: bool, wrapped: bool
) -> None:
    evcc.old_words, evcc.wrapped = old_words, wrapped
    evcc.pv_w, evcc.grid_w, evcc.battery_w, evcc.car_w = 1000.0, 1500.0, 200.0, 2300.0
    played = play()
    played.bridge.step(NOON)
    assert played.value("load_power") == 2700
    assert (played.value("pv_power"), played.value("grid_power"), played.value("battery_power")) == (1000, 1500, 200)
    assert played.value("battery_soc") == 50
    car = played.said[TOPICS.device_state("car")]
    assert (car["power_kw"], car["running"]) == (2.3, True)
    assert car["time"] == played.said[TOPICS.sensor("load_power")]["time"].replace("+00:00", "Z")


def test_the_cars_need_and_deadline_are_those_of_its_plan_else_of_its_limit(evcc: Any, play: Any) -> None:
    evcc.plan_time = after(10)
    played = play()
    played.bridge.step(NOON)
    car = played.said[TOPICS.device_state("car")]
    assert car["needed_kwh"] == pytest.approx(25)
    assert datetime.fromisoformat(car["ready_by"]) == after(10)
    evcc.plan_time = None
    played.bridge.step(after(0.1))
    car = played.said[TOPICS.device_state("car")]
    assert car["needed_kwh"] == pytest.approx(35)
    assert datetime.fromisoformat(car["ready_by"]) == after(19)
    evcc.connected = False
    played.bridge.step(after(0.2))
    assert played.said[TOPICS.device_state("car")]["needed_kwh"] == 0


@pytest.mark.parametrize(("levels", "mode"), [(SELF, "normal"), (HOLD, "hold"), (CHARGE, "charge"), (EXPORT, "normal")])
def test_battery_levels_become_evccs_modes_are_repeated_and_read_back(
    evcc: Any, play: Any, levels: Levels, mode: str
) -> None:
    played = play()
    played.order(levels)
    for seconds in (0, 10, 20):
        played.bridge.step(NOON + timedelta(seconds=seconds))
    assert evcc.asked == [("POST", f"/batterymode/{mode}")] * 3
    answer = played.said[TOPICS.command_state]
    assert (answer["decision_id"], answer["accepted"]) == ("d1", True)


def test_a_battery_that_does_not_follow_is_answered_for_as_refused(evcc: Any, play: Any) -> None:
    played = play()
    played.order(CHARGE)
    for seconds in range(0, 120, 30):
        played.bridge.step(NOON + timedelta(seconds=seconds))
        evcc.battery_mode = "unknown"
    answer = played.said[TOPICS.command_state]
    assert answer["accepted"] is False
    assert "shows 'unknown', not 'charge'" in answer["detail"]


@pytest.mark.parametrize(
    ("allowed", "asked", "mode"), [(False, False, "hold"), (True, False, "normal"), (True, True, "hold")]
)
def test_the_battery_is_not_discharged_into_the_car_unless_the_household_wants_it(
    evcc: Any, play: Any, allowed: bool, asked: bool, mode: str
) -> None:
    evcc.car_w = 3600.0
    played = play(discharge_into_car=allowed)
    played.order(SELF.model_copy(update={"hold_for_car": asked}))
    played.bridge.step(NOON)
    assert evcc.battery_mode == mode
    evcc.pv_w = 5000.0
    played.bridge.step(after(0.01))
    assert evcc.battery_mode == "normal"


def test_the_car_charges_when_it_is_told_to_waits_under_its_own_plan_and_is_given_back(evcc: Any, play: Any) -> None:
    evcc.mode = "minpv"
    played = play()
    played.bridge.step(NOON)
    played.charge_car(2.3)
    played.bridge.step(NOON)
    assert (evcc.mode, evcc.max_a) == ("now", 10)
    played.charge_car(0.0, after(1))
    played.bridge.step(after(1))
    assert evcc.mode == "pv"
    played.bridge.release()
    assert evcc.mode == "minpv"


def test_a_car_that_would_be_late_charges_at_full_power_whatever_it_is_told(evcc: Any, play: Any) -> None:
    evcc.plan_time = after(7)
    played = play()
    played.bridge.step(NOON)
    played.charge_car(0.0)
    played.bridge.step(NOON)
    assert (evcc.mode, evcc.max_a) == ("now", 32)
    played.bridge.step(after(0.1))
    assert played.said[TOPICS.device_state("car")]["follows"] == "deadline"


def test_a_mode_that_somebody_set_by_hand_is_left_alone_for_a_while(evcc: Any, play: Any) -> None:
    evcc.mode, evcc.car_soc = "pv", 75.0
    played = play(respect_hours=1)
    played.bridge.step(NOON)
    played.charge_car(2.3)
    played.bridge.step(NOON)
    evcc.mode = "off"
    played.bridge.step(after(0.1))
    played.bridge.step(after(0.9))
    assert evcc.mode == "off"
    played.bridge.step(after(1.2))
    assert evcc.mode == "now"


def test_what_expires_or_is_released_is_let_go(evcc: Any, play: Any) -> None:
    played = play()
    played.order(HOLD)
    played.charge_car(2.3)
    played.bridge.step(NOON)
    played.bridge.step(after(6.1))
    assert ("DELETE", "/batterymode") in evcc.asked
    assert (evcc.battery_mode, evcc.mode) == ("normal", "pv")
    played.order(CHARGE, after(7), "d2")
    played.bridge.step(after(7))
    release = ReleaseCommand(
        decision_id="r", valid_from=after(7), valid_until=after(8), reason_code="released", reason=""
    )
    played.bridge.take(TOPICS.command, release.model_dump_json().encode(), after(7.1))
    played.bridge.step(after(7.1))
    assert evcc.battery_mode == "normal"
    assert played.said[TOPICS.command_state]["decision_id"] == "r"


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"status": 500}, "refuses '/state' (500): 'no'"),
        ({"status": 401}, "wants a password"),
        ({"body": b"<html>"}, "evcc's state cannot be read"),
        ({"body": b"[]"}, "evcc's state cannot be read"),
        ({"body": b'{"batterySoc": 400}'}, "batterySoc"),
        ({"body": b'{"homePower": "lots"}'}, "homePower"),
        ({"body": b"{}"}, "evcc has 0 loadpoints, none is 1"),
    ],
)
def test_a_fault_is_told_once_nothing_is_commanded_on_it_and_it_ends(
    evcc: Any, play: Any, fault: dict[str, Any], says: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    played = play()
    played.order(CHARGE)
    for name, value in fault.items():
        setattr(evcc, name, value)
    played.bridge.step(NOON)
    played.bridge.step(NOON)
    assert says in played.bridge.problem
    assert caplog.text.count(says) == 1
    assert evcc.asked == []
    evcc.status, evcc.body = 200, None
    played.bridge.step(after(0.1))
    assert not played.bridge.problem
    assert "evcc answers again" in caplog.text


def test_nobody_there_is_told(play: Any, evcc: Any) -> None:
    played = play()
    played.bridge._api = EvccApi("http://127.0.0.1:1")
    played.bridge.step(NOON)
    assert "no evcc at 'http://127.0.0.1:1'" in played.bridge.problem
    played.bridge.release()
    assert not played.said


@pytest.mark.parametrize("payload", [b"", b"{}", b"charge!", b'{"kind": "load"}'])
def test_what_is_no_command_is_answered_with_why(evcc: Any, play: Any, payload: bytes) -> None:
    played = play()
    for topic, answer in (
        (TOPICS.command, TOPICS.command_state),
        (TOPICS.device_command("car"), TOPICS.device_command_state("car")),
    ):
        played.bridge.take(topic, payload, NOON)
        assert played.said[answer]["accepted"] is False
        assert "this is not a command" in played.said[answer]["detail"]
    played.bridge.step(NOON)
    assert evcc.asked == []


def test_loadpoints_without_a_device_are_named() -> None:
    assert missing_devices(EvccSettings(loadpoints={"car": 1, "boiler": 2}), HOME) == ("boiler",)


@pytest.mark.parametrize("url", ["evcc.local:7070", "ftp://x", "http://me:secret@evcc.local"])
def test_an_address_that_is_none_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        EvccSettings(url=url)


@pytest.mark.parametrize(
    "loadpoint",
    [
        {"chargePower": None, "mode": None, "title": None, "sessionEnergy": None, "connected": None},
        {"vehicleSoc": 100.4, "effectivePlanSoc": -0.5, "effectivePlanTime": "", "phasesActive": None},
    ],
)
def test_what_a_version_leaves_empty_or_counts_past_the_ends_stops_nothing(loadpoint: dict[str, Any]) -> None:
    body = {"homePower": 400, "batterySoc": 101, "battery": None, "vehicles": {"db:1": {"capacity": None}}}
    state = read_state(json.dumps(body | {"loadpoints": [loadpoint]}).encode())
    assert (state.battery_soc, state.home_power, state.loadpoints[0].charge_power) == (100, 400, 0)
    assert state.loadpoints[0].plan_time is None


def test_a_state_of_the_far_future_or_past_has_no_plan() -> None:
    body = json.dumps({"loadpoints": [{"connected": True, "effectivePlanTime": "0001-01-01T00:00:00Z"}]}).encode()
    assert read_state(body).loadpoints[0].plan_time is None
    with pytest.raises(DataError, match="effectivePlanTime"):
        read_state(b'{"loadpoints": [{"effectivePlanTime": "tomorrow"}]}')
