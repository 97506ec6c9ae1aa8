"""Devices of the simulated house: they obey, they answer what they cannot do, and they keep their deadlines."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from energy.billing.ledger import balance_error_kwh
from energy.commands import ClimateCommand, ExportCommand, LoadCommand, PowerSlot, ReleaseCommand, SetpointSlot
from energy.devices import Car, Deferrable, HeatPump
from simulator.house.devices import HeatedZone, WaitingLoad
from simulator.house.house import House, StepRecord
from simulator.house.recording import Recording
from transport.payloads import DeviceState

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CAR = Car(name="car", max_kw=4, min_kw=1.4, daily_kwh=8, from_hour=12, ready_by_hour=20)
DISHES = Deferrable(name="dishes", max_kw=1.2, run_hours=1.5, from_hour=13, ready_by_hour=19)
HEATING = HeatPump(
    name="heating",
    max_kw=2.5,
    air_kwh_per_k=1.4,
    mass_kwh_per_k=10,
    couple_kw_per_k=1.1,
    vent_kw_per_k=0.1,
    wall_kw_per_k=0.15,
)


@pytest.fixture
def house(recording: Recording) -> House:
    """Local noon is 11:00 UTC."""
    home = recording.home.model_copy(update={"devices": (CAR, DISHES, HEATING)})
    return House(replace(recording, home=home), step=5 * MINUTE, slot=30 * MINUTE, soc=0.5, seed=7)


def live(house: House, until: float) -> list[StepRecord]:
    steps = []
    while house.now < house.recording.start + timedelta(hours=until) and not house.finished:
        steps.append(house.step())
    return steps


def common(house: House, hours: float, **changes: Any) -> dict[str, Any]:
    fields = {
        "decision_id": f"d-{house.now:%H%M}",
        "valid_from": house.now,
        "valid_until": house.now + timedelta(hours=hours),
        "reason_code": "test",
        "reason": "a test",
    }
    return fields | changes


def load(house: House, device: str, *powers: float, hours: float = 1.0, **changes: Any) -> bytes:
    """One power after the other, each for `hours`."""
    fields = common(house, len(powers) * hours, **changes)
    starts = [house.now + at * timedelta(hours=hours) for at in range(len(powers))]
    slots = tuple(
        PowerSlot(start=start, end=start + timedelta(hours=hours), power_kw=power)
        for start, power in zip(starts, powers, strict=True)
    )
    command = LoadCommand(device=device, on=powers[0] > 0, power_kw=powers[0], slots=slots, **fields)
    return command.model_dump_json().encode()


def climate(house: House, setpoint_c: float, hours: float = 3) -> bytes:
    fields = common(house, hours)
    slot = SetpointSlot(start=house.now, end=fields["valid_until"], setpoint_c=setpoint_c)
    return ClimateCommand(zone="heating", setpoint_c=setpoint_c, slots=(slot,), **fields).model_dump_json().encode()


def taken(steps: list[StepRecord], device: str) -> list[float]:
    return [step.devices_kw[device] for step in steps]


def state(house: House, name: str) -> DeviceState:
    return next(one for one in house.device_states() if one.device == name)


def test_left_alone_devices_run_as_soon_as_they_can(house: House) -> None:
    steps = live(house, 24)
    car, dishes = np.array(taken(steps, "car")), np.array(taken(steps, "dishes"))
    assert car[: 11 * 12].max() == 0
    assert car[11 * 12] == 4
    assert dishes[12 * 12 : 12 * 12 + 18] == pytest.approx([1.2] * 18)
    assert dishes.sum() / 12 == pytest.approx(1.8)
    assert min(step.zones_c["heating"][0] for step in steps) == pytest.approx(20.5, abs=0.01)
    load_kw = np.array([step.flows.load_kw for step in steps])
    assert load_kw == pytest.approx(house.base_load_kw + car + dishes + taken(steps, "heating"))


def test_a_car_follows_its_command_and_confirms_it(house: House) -> None:
    live(house, 11)
    answer = house.obey_device("car", load(house, "car", 0, 2, 1), retained=False)
    assert (answer.accepted, answer.device, answer.decision_id) == (True, "car", "d-1100")
    steps = live(house, 14)
    assert taken(steps, "car")[:12] == [0] * 12
    assert taken(steps, "car")[12:24] == [2] * 12
    # Below what a charger can give it gives its least.
    assert taken(steps, "car")[24:30] == [1.4] * 6
    assert state(house, "car").follows == "command"


def test_past_the_command_and_at_its_deadline_a_device_looks_after_itself(house: House) -> None:
    live(house, 11)
    need = state(house, "car").needed_kwh
    assert house.obey_device("car", load(house, "car", *[0] * 9), retained=False).accepted
    steps = live(house, 19)
    assert np.sum(taken(steps, "car")) / 12 == pytest.approx(need)
    assert taken(steps, "car")[: round((8 - need / 4) * 12) - 1] == [0] * (round((8 - need / 4) * 12) - 1)
    car = house.devices["car"]
    assert isinstance(car, WaitingLoad)
    assert car.missed_kwh == pytest.approx(0, abs=1e-6)


def test_a_machine_that_runs_is_not_stopped(house: House) -> None:
    live(house, 12)
    house.obey_device("dishes", load(house, "dishes", 1.2, 0, hours=0.5), retained=False)
    steps = live(house, 15)
    assert taken(steps, "dishes")[:18] == pytest.approx([1.2] * 18)
    assert sum(taken(steps, "dishes")[18:]) == 0


def test_a_zone_follows_its_set_point_and_goes_back_to_its_own(house: House) -> None:
    live(house, 4)
    zone = house.devices["heating"]
    assert isinstance(zone, HeatedZone)
    assert zone.air_c == pytest.approx(20.5, abs=0.01)
    assert house.obey_device("heating", climate(house, 22.0), retained=False).accepted
    live(house, 6.9)
    assert zone.air_c == pytest.approx(22.0, abs=0.05)
    assert state(house, "heating").follows == "command"
    resting = live(house, 7.25)
    assert resting[-1].devices_kw["heating"] == 0
    assert state(house, "heating").follows == "programme"


def test_an_export_limit_curtails_until_it_expires(house: House) -> None:
    live(house, 10)
    free = [step.flows.grid_export_kw for step in live(house, 11)]
    assert max(free) == 0
    house.batteries[""].stored_kwh = house.recording.home.battery.max_kwh
    house.devices["car"].obey(LoadCommand.model_validate_json(load(house, "car", 0, 0, 0)))
    assert house.obey_device(
        "grid", ExportCommand(limit_kw=0, **common(house, 1)).model_dump_json().encode(), retained=False
    ).accepted
    limited, after = live(house, 12), live(house, 12.5)
    assert max(step.flows.grid_export_kw for step in limited) == 0
    assert max(step.flows.curtailed_kw for step in limited) > 0
    assert max(step.flows.grid_export_kw for step in after) > 0


def test_what_cannot_be_followed_is_answered_and_changes_nothing(house: House) -> None:
    live(house, 11)
    refusals = {
        "retained, so it may be old": ("car", load(house, "car", 2), True),
        "9 kW is above the 4 kW that car can take": ("car", load(house, "car", 9), False),
        "is for 'car' and came to 'dishes'": ("dishes", load(house, "car", 2), False),
        "no device is called 'toaster'": ("toaster", load(house, "toaster", 2), False),
        "heating is a heated zone: send it a climate command": ("heating", load(house, "heating", 2), False),
        "27 °C is outside the band of 19.5 to 22.5 °C": ("heating", climate(house, 27), False),
        "above the connection's 1.5 kW": (
            "grid",
            ExportCommand(limit_kw=5, **common(house, 1)).model_dump_json().encode(),
            False,
        ),
        "kind": ("car", b'{"kind": "battery"}', False),
        "JSON": ("car", b"{", False),
    }
    for result, (name, payload, retained) in refusals.items():
        answer = house.obey_device(name, payload, retained=retained)
        assert not answer.accepted
        assert result in answer.detail
    assert live(house, 11.1)[0].devices_kw["car"] == 4


def test_a_repeated_command_changes_nothing_and_an_older_one_is_refused(house: House) -> None:
    live(house, 11)
    first = load(house, "car", 2, 2)
    assert house.obey_device("car", first, retained=False).accepted
    assert house.obey_device("car", first, retained=False).accepted
    live(house, 11.5)
    assert house.obey_device("car", load(house, "car", 1.5), retained=False).accepted
    assert "older than decision" in house.obey_device("car", first, retained=False).detail
    live(house, 14)
    assert "expired" in house.obey_device("car", first, retained=False).detail


def test_a_released_device_goes_back_to_its_own_programme(house: House) -> None:
    live(house, 11)
    assert house.obey_device("car", load(house, "car", 0, 0), retained=False).accepted
    assert live(house, 11.5)[-1].devices_kw["car"] == 0
    release = ReleaseCommand(**common(house, 0.25)).model_dump_json().encode()
    for name in ("car", "heating", "grid"):
        assert house.obey_device(name, release, retained=False).accepted
    assert "no device" in house.obey_device("toaster", release, retained=False).detail
    assert live(house, 12)[0].devices_kw["car"] == 4


def test_energy_balances_with_devices(house: House) -> None:
    start_kwh, steps = house.stored_kwh, live(house, 24)
    names = type(steps[0].flows).__dataclass_fields__
    flows = type(steps[0].flows)(**{name: np.array([getattr(step.flows, name) for step in steps]) for name in names})
    battery = house.recording.home.battery
    assert balance_error_kwh(flows, battery=battery, hours=1 / 12, start_kwh=start_kwh) < 1e-9
    readings = house.readings()
    assert readings["car_energy"] == pytest.approx(np.sum(taken(steps, "car")) / 12)
    assert readings["load_energy"] == pytest.approx(np.sum([step.flows.load_kw for step in steps]) / 12)


def test_needs_are_drawn_by_day_and_seed_and_listed_as_they_will_come(house: House) -> None:
    car = house.devices["car"]
    assert isinstance(car, WaitingLoad)
    start = datetime(2017, 1, 10, 11, tzinfo=UTC)
    sessions = car.sessions(start + timedelta(days=4))
    assert [opens for opens, _, _ in sessions] == [start + timedelta(days=day) for day in range(4)]
    assert len({round(need, 6) for _, _, need in sessions}) == 4
    live(house, 12)
    assert car.sessions(start + HOUR)[0] == sessions[0]


def test_rooms_are_warm_when_the_zone_is_and_damp_when_the_weather_is(house: House) -> None:
    readings = house.readings()
    assert readings["bedroom_temperature"] < readings["living_room_temperature"] < 22
    assert all(20 < value < 80 for name, value in readings.items() if name.endswith("_humidity"))
