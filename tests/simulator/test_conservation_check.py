from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.battery import Battery
from energy.panels import Place, PvArray, PvPlant
from simulator.conservation_check import errors_of_a_year, errors_of_play
from simulator.house.house import House
from simulator.synthetic.home import STEP, live, record
from simulator.synthetic.presets import preset
from simulator.synthetic.spec import CarSpec, HomeSpec, Life
from simulator.synthetic.spec import HouseSpec as Building

ANY_HOME = st.builds(
    HomeSpec,
    place=st.builds(Place, latitude=st.floats(-75, 75), longitude=st.floats(-180, 180)),
    zone=st.sampled_from(["UTC", "Europe/Madrid", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
    first_day=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    life=st.builds(Life, people=st.integers(1, 7), habits=st.sampled_from(["working", "at_home", "retired"])),
    house=st.builds(
        Building,
        floor_m2=st.floats(20, 400),
        insulation=st.sampled_from(["poor", "fair", "good"]),
        heating=st.sampled_from(["none", "heat_pump", "resistive"]),
        cooling=st.booleans(),
        hot_water=st.sampled_from(["none", "heat_pump", "resistive"]),
    ),
    car=st.none() | st.builds(CarSpec, smart=st.booleans(), commute_km=st.floats(0, 150)),
    pv=st.builds(
        lambda size, tilt: PvPlant(arrays=(PvArray(peak_kw=size, tilt_deg=tilt),), inverter_kw=size),
        st.floats(0.3, 20),
        st.floats(0, 90),
    ),
    battery=st.builds(
        lambda size, power: Battery(capacity_kwh=size, max_charge_kw=power, max_discharge_kw=power),
        st.floats(0, 30),
        st.floats(0, 10),
    ),
    forecast=st.sampled_from(["perfect", "good", "poor", "none"]),
)


@given(spec=ANY_HOME, seed=st.integers(0, 2**31))
def test_every_step_of_any_home_anywhere_balances(spec: HomeSpec, seed: int) -> None:
    year = live(spec, seed=seed, days=3)
    house = House(record(year), step=STEP, slot=timedelta(minutes=30), soc=0.5, seed=1)
    start_kwh, steps = house.stored_kwh, []
    while not house.finished:
        steps.append(house.step())
    errors = errors_of_a_year(year) | errors_of_play(steps, spec.battery, start_kwh=start_kwh)
    assert max(errors.values()) < 1e-6, errors
    for name, power_kw in (year.loads | {"pv": year.pv_kw}).items():
        assert np.isfinite(power_kw).all(), name
        assert power_kw.min() >= 0, name
    weather = year.weather
    assert (weather.humidity > 0).all()
    assert (weather.humidity <= 1).all()
    assert ((weather.cloud >= 0) & (weather.cloud <= 1)).all()
    assert np.isfinite(weather.temperature_c).all()
    direct = weather.light.dni_w_m2 * np.maximum(np.cos(np.radians(weather.sun.apparent_zenith_deg)), 0)
    np.testing.assert_allclose(direct + weather.light.dhi_w_m2, weather.light.ghi_w_m2, atol=1e-6)


def test_the_books_find_what_does_not_add_up() -> None:
    year = live(preset("all-electric"), seed=1, days=2)
    year.indoors.climate.heating_kw[100] += 1.0
    assert year.indoors.tank is not None
    assert year.car is not None
    year.indoors.tank.drawn_kw[50] += 1.0
    year.car.soc[7] += 0.1
    errors = errors_of_a_year(year)
    assert all(errors[name] > 0.05 for name in ("walls", "tank", "car"))


@pytest.mark.parametrize("name", ["meter", "battery"])
def test_the_books_find_energy_that_came_from_nowhere(name: str) -> None:
    year = live(preset("couple"), seed=1, days=2)
    house = House(record(year), step=STEP, slot=timedelta(minutes=30), soc=0.5, seed=1)
    start_kwh, steps = house.stored_kwh, []
    while not house.finished:
        steps.append(house.step())
    assert errors_of_play(steps, year.spec.battery, start_kwh=start_kwh)[name] < 1e-9
    wrong = start_kwh + 1 if name == "battery" else start_kwh
    dropped = steps if name == "battery" else [_with_more_load(steps[0]), *steps[1:]]
    assert errors_of_play(dropped, year.spec.battery, start_kwh=wrong)[name] > 0.05


def _with_more_load(step: object) -> object:
    return replace(step, flows=replace(step.flows, load_kw=step.flows.load_kw + 1))  # type: ignore[attr-defined, type-var]
