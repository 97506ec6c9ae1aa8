from datetime import UTC, datetime, timedelta

import pytest

from agent.decision.devices import DeviceRegistry
from agent.service.situation import still_wanted
from energy.constraints import CarReady, Reserve
from energy.devices import Car
from energy.home import Home
from transport.payloads import DeviceState

CAR = Car(name="car", max_kw=7, daily_kwh=9, from_hour=6, ready_by_hour=18)


def car_state(time: datetime, power_kw: float) -> DeviceState:
    ready_by = time + timedelta(hours=10)
    return DeviceState(device="car", time=time, follows="programme", power_kw=power_kw, needed_kwh=9, ready_by=ready_by)


def test_what_the_car_took_since_a_note_is_wanted_no_more(home: Home) -> None:
    registry, start = DeviceRegistry(home.model_copy(update={"devices": (CAR,)})), datetime(2026, 1, 14, 22, tzinfo=UTC)
    wish = CarReady(start=start, end=start + timedelta(hours=9), energy_kwh=7.2)
    other = Reserve(start=start, end=wish.end, soc=0.5)
    assert still_wanted([wish, other], registry.charged_since_kwh) == (wish, other)
    for minutes in range(-60, 121, 15):
        registry.update(car_state(start + timedelta(minutes=minutes), 2.0))
    [left, kept] = still_wanted([wish, other], registry.charged_since_kwh)
    assert isinstance(left, CarReady)
    # Two hours of 2 kW since the note; the hour before it is not counted.
    assert (left.energy_kwh, left.end, kept) == (pytest.approx(3.2), wish.end, other)
    # A day of silence is no day of charging.
    registry.update(car_state(start + timedelta(days=1), 2.0))
    [left, _] = still_wanted([wish, other], registry.charged_since_kwh)
    assert isinstance(left, CarReady)
    assert left.energy_kwh == pytest.approx(1.2)
    registry.update(car_state(start + timedelta(days=1, minutes=45), 2.0))
    assert still_wanted([wish, other], registry.charged_since_kwh) == (other,)
