from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from energy.battery import Battery
from energy.commands import ClimateCommand, DeviceCommand, ExportCommand, LoadCommand, PowerSlot, SetpointSlot
from energy.device_guard import DeviceAllowed, DeviceRefused, review_device
from energy.devices import Car, Deferrable, HeatPump
from energy.guard import Policy
from energy.home import Grid, Home
from energy.pricing.tariff import FlatTariff

NOW = datetime(2026, 1, 14, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)
ENVELOPE = {
    "air_kwh_per_k": 1.4,
    "mass_kwh_per_k": 10.0,
    "couple_kw_per_k": 1.0,
    "vent_kw_per_k": 0.1,
    "wall_kw_per_k": 0.1,
}
HOME = Home(
    name="a",
    zone="Europe/Madrid",
    pv_peak_kw=4,
    battery=Battery(capacity_kwh=5, max_charge_kw=2, max_discharge_kw=2),
    grid=Grid(import_limit_kw=6, export_limit_kw=3),
    tariff=FlatTariff(import_price=0.2),
    devices=(
        Car(name="car", max_kw=7.4, daily_kwh=9, from_hour=18, ready_by_hour=7),
        Deferrable(name="dishes", max_kw=1, run_hours=1.5, from_hour=20, ready_by_hour=7),
        HeatPump(name="heating", max_kw=2, **ENVELOPE),
    ),
)


def common(**changes: Any) -> dict[str, Any]:
    fields = {
        "decision_id": "d",
        "valid_from": NOW,
        "valid_until": NOW + 2 * HOUR,
        "reason_code": "test",
        "reason": "a test",
    }
    return fields | changes


def load(power_kw: float, device: str = "car", **changes: Any) -> LoadCommand:
    fields = common(**changes)
    slot = PowerSlot(start=fields["valid_from"], end=fields["valid_until"], power_kw=power_kw)
    return LoadCommand(device=device, on=power_kw > 0, power_kw=power_kw, slots=(slot,), **fields)


def climate(setpoint_c: float, zone: str = "heating") -> ClimateCommand:
    fields = common()
    slot = SetpointSlot(start=NOW, end=fields["valid_until"], setpoint_c=setpoint_c)
    return ClimateCommand(zone=zone, setpoint_c=setpoint_c, slots=(slot,), **fields)


def judged(command: DeviceCommand, *, age: timedelta | None = timedelta(0)) -> DeviceAllowed | DeviceRefused:
    state_at = None if age is None else NOW - age
    return review_device(command, HOME, Policy(), now=NOW, state_at=state_at)


@dataclass(frozen=True)
class Case:
    command: DeviceCommand
    told: str
    age: timedelta | None = timedelta(0)


@pytest.mark.parametrize(
    "case",
    [
        Case(load(3), "no message from the device", age=None),
        Case(load(3), "rests on a state 600 s old, limit 120 s", age=timedelta(minutes=10)),
        Case(load(3, "toaster"), "no load is called 'toaster' here"),
        Case(load(1, "heating"), "no load is called 'heating' here"),
        Case(climate(20, "car"), "no heated zone is called 'car' here"),
        Case(load(3, valid_from=NOW - 3 * HOUR, valid_until=NOW), "expired at"),
        Case(load(3, valid_from=NOW + HOUR, valid_until=NOW + 2 * HOUR), "starts in the future"),
        Case(load(3, valid_until=NOW + 60 * HOUR), "reaches past 48 hours"),
    ],
    ids=lambda case: case.told,
)
def test_what_may_not_go_out_is_refused_with_its_reason(case: Case) -> None:
    verdict = judged(case.command, age=case.age)
    assert isinstance(verdict, DeviceRefused)
    assert any(case.told in reason for reason in verdict.reasons)


def test_power_is_lowered_to_what_device_and_connection_bear() -> None:
    verdict = judged(load(7.4))
    assert isinstance(verdict, DeviceAllowed)
    assert isinstance(verdict.command, LoadCommand)
    assert (verdict.command.power_kw, verdict.command.slots[0].power_kw) == (6.0, 6.0)
    assert verdict.reasons == ("power of car lowered to its 6 kW",)
    assert judged(load(5.5)) == DeviceAllowed(load(5.5))


@pytest.mark.parametrize(("asked", "given"), [(15.0, 19.5), (30.0, 22.5), (21.0, 21.0)])
def test_set_points_stay_within_the_comfort_band(asked: float, given: float) -> None:
    verdict = judged(climate(asked))
    assert isinstance(verdict, DeviceAllowed)
    assert isinstance(verdict.command, ClimateCommand)
    assert (verdict.command.setpoint_c, verdict.command.slots[0].setpoint_c) == (given, given)
    assert bool(verdict.reasons) == (asked != given)


def test_an_export_limit_needs_no_state_and_is_never_above_the_connections_own() -> None:
    verdict = judged(ExportCommand(limit_kw=9, **common()), age=None)
    assert isinstance(verdict, DeviceAllowed)
    assert isinstance(verdict.command, ExportCommand)
    assert verdict.command.limit_kw == 3


@pytest.mark.parametrize(
    "make",
    [
        lambda: load(3, valid_until=NOW),
        lambda: LoadCommand(
            device="car", on=True, power_kw=1, slots=(PowerSlot(start=NOW, end=NOW + HOUR, power_kw=1),), **common()
        ),
        lambda: Car(name="car", max_kw=3, daily_kwh=80, from_hour=18, ready_by_hour=7),
        lambda: Car(name="My Car", max_kw=3, daily_kwh=8, from_hour=18, ready_by_hour=7),
        lambda: Deferrable(name="dishes", max_kw=1, run_hours=5, from_hour=20, ready_by_hour=23),
        lambda: HeatPump(name="h", max_kw=2, min_c=21, usual_c=20, **ENVELOPE),
        lambda: HOME.model_validate(HOME.model_dump() | {"devices": [HOME.devices[0].model_dump()] * 2}),
    ],
    ids=[
        "never expires",
        "slots end early",
        "car cannot be full",
        "name",
        "machine cannot finish",
        "band",
        "two names",
    ],
)
def test_impossible_devices_and_commands_cannot_be_made(make: Any) -> None:
    with pytest.raises(ValidationError):
        make()


def test_a_window_is_the_open_one_or_the_next_on_the_local_clock_and_through_a_change_of_clocks() -> None:
    car = HOME.devices[0]
    assert isinstance(car, Car)
    noon = datetime(2026, 1, 14, 12, tzinfo=UTC)
    assert car.window_after(noon, HOME.tz) == (
        datetime(2026, 1, 14, 17, tzinfo=UTC),
        datetime(2026, 1, 15, 6, tzinfo=UTC),
    )
    assert car.window_after(noon + 12 * HOUR, HOME.tz) == car.window_after(noon, HOME.tz)
    opens, closes = car.window_after(datetime(2026, 3, 28, 20, tzinfo=UTC), HOME.tz)
    assert closes - opens == 12 * HOUR
