"""Devices planned beside the battery: worked by hand, against the oracle, and as laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.battery import Battery
from energy.devices import heat_pump_cop
from energy.home import Grid, Home
from energy.planning.dispatch import Task, Zone, dispatch
from energy.planning.oracle import optimise
from energy.planning.planner import Ensemble, end_value_per_kwh
from energy.pricing.tariff import FlatTariff, Prices

HOURS = 0.5
NO_BATTERY = Battery(capacity_kwh=0, max_charge_kw=0, max_discharge_kw=0)


def home(battery: Battery = NO_BATTERY, grid: Grid | None = None) -> Home:
    return Home(
        name="a",
        zone="Europe/Madrid",
        pv_peak_kw=5,
        battery=battery,
        grid=grid or Grid(),
        tariff=FlatTariff(import_price=0.2),
    )


def ensemble(prices: list[float], *, load: float = 0.0, pv: list[float] | None = None, futures: int = 1) -> Ensemble:
    slots = len(prices)
    sun = np.zeros(slots) if pv is None else np.array(pv)
    return Ensemble(
        np.full((futures, slots), load),
        np.tile(sun, (futures, 1)),
        Prices(np.array(prices), np.full(slots, 0.05)),
        HOURS,
    )


def test_a_car_is_charged_in_the_cheapest_slots_of_its_window() -> None:
    made = dispatch(
        ensemble([0.05, 0.3, 0.1, 0.2, 0.1, 0.01]), home(), 0.0, tasks=[Task("car", 1, 5, 3.0, 4.0)], zones=()
    )
    assert made is not None
    np.testing.assert_allclose(made.power_kw["car"], [0, 0, 4, 0, 2, 0], atol=1e-6)
    assert made.cost == pytest.approx(3 * 0.1, abs=1e-3)


def test_a_load_waits_for_the_sun_that_would_be_sold_for_less() -> None:
    made = dispatch(ensemble([0.2] * 4, pv=[0, 0, 3, 0]), home(), 0.0, tasks=[Task("car", 0, 4, 1.5, 3.0)], zones=())
    assert made is not None
    np.testing.assert_allclose(made.power_kw["car"], [0, 0, 3, 0], atol=1e-6)


def test_a_machine_runs_in_one_piece_even_where_two_would_be_cheaper() -> None:
    prices = [0.1, 0.5, 0.1, 0.2, 0.2, 0.5]
    made = dispatch(ensemble(prices), home(), 0.0, tasks=[Task("dishes", 0, 6, 1.0, 1.0, block=2)], zones=())
    assert made is not None
    np.testing.assert_allclose(made.power_kw["dishes"], [0, 0, 1, 1, 0, 0], atol=1e-6)
    split = dispatch(
        ensemble(prices), home(), 0.0, tasks=[Task("dishes", 0, 6, 1.0, 1.0, block=2)], zones=(), relaxed=True
    )
    assert split is not None
    assert split.cost <= made.cost + 1e-9


def test_more_than_fits_into_a_window_is_charged_at_full_power() -> None:
    made = dispatch(ensemble([0.1] * 4), home(), 0.0, tasks=[Task("car", 1, 3, 50.0, 4.0)], zones=())
    assert made is not None
    np.testing.assert_allclose(made.power_kw["car"], [0, 4, 4, 0], atol=1e-6)


def test_the_import_limit_spreads_a_car() -> None:
    narrow = home(grid=Grid(import_limit_kw=3.0))
    made = dispatch(ensemble([0.1] * 6, load=1.0), narrow, 0.0, tasks=[Task("car", 0, 6, 6.0, 7.0)], zones=())
    assert made is not None
    assert made.power_kw["car"].max() <= 2.0 + 1e-6
    assert made.power_kw["car"].sum() * HOURS == pytest.approx(6.0)


def test_without_devices_it_costs_what_the_oracle_says() -> None:
    rng = np.random.default_rng(2)
    battery = Battery(capacity_kwh=5, max_charge_kw=2.5, max_discharge_kw=2.5, min_soc=0.1, cycle_cost_per_kwh=0.01)
    house, load, sun = (
        home(battery),
        rng.gamma(2, 0.4, 48),
        np.maximum(np.sin((np.arange(48) / 2 - 8) / 9 * np.pi), 0) * 3,
    )
    prices = Prices(rng.uniform(0.08, 0.4, 48), np.full(48, 0.05))
    end = end_value_per_kwh(prices, house)
    best = optimise(load, sun, prices=prices, home=house, hours=HOURS, start_kwh=2.0, end_value_per_kwh=end)
    # A task of nothing, so that there is something to plan.
    made = dispatch(
        Ensemble(load[None], sun[None], prices, HOURS), house, 2.0, tasks=[Task("car", 0, 2, 0.0, 1.0)], zones=()
    )
    assert made is not None
    assert made.cost - best.cost == pytest.approx(-end * battery.min_kwh, abs=1e-6)


ZONE = {
    "device": "heating",
    "max_kw": 2.0,
    "min_c": 19.5,
    "max_c": 22.5,
    "air_kwh_per_k": 1.4,
    "mass_kwh_per_k": 10.0,
    "couple_kw_per_k": 1.1,
    "vent_kw_per_k": 0.06,
    "wall_kw_per_k": 0.12,
    "gain_kw": 0.3,
}


def zone(slots: int, outdoor_c: float = 0.0, start_c: float = 20.5) -> Zone:
    outside = np.full(slots, outdoor_c)
    return Zone(air_c=start_c, mass_c=start_c, heat_per_kwh=heat_pump_cop(outside, 38.0), outdoor_c=outside, **ZONE)


def test_a_heat_pump_heats_ahead_of_a_dear_evening_and_rests_in_it() -> None:
    prices = [0.1] * 12 + [0.5] * 8 + [0.1] * 4
    made = dispatch(ensemble(prices), home(), 0.0, tasks=(), zones=[zone(24)])
    assert made is not None
    power, air = made.power_kw["heating"], made.air_c["heating"]
    assert power[12:20].mean() < 0.25 * power[:12].mean()
    assert air.min() >= 19.5 - 1e-6
    assert air.max() <= 22.5 + 1e-6
    assert air[11] > air[19] + 1.0


def test_heat_is_conserved() -> None:
    warm = zone(24)
    made = dispatch(ensemble([0.2, 0.1] * 12), home(), 0.0, tasks=(), zones=[warm])
    assert made is not None
    power, air = made.power_kw["heating"], made.air_c["heating"]
    put_in = (power * warm.heat_per_kwh + warm.gain_kw) * HOURS
    before, mass = np.r_[warm.air_c, air[:-1]], [warm.mass_c]
    for at in range(24):
        pull = warm.mass_kwh_per_k / HOURS
        rest = warm.couple_kw_per_k + warm.wall_kw_per_k
        mass.append((pull * mass[-1] + warm.couple_kw_per_k * air[at]) / (pull + rest))
    stored = warm.air_kwh_per_k * (air[-1] - before[0]) + warm.mass_kwh_per_k * (mass[-1] - warm.mass_c)
    lost = (warm.vent_kw_per_k * air + warm.wall_kw_per_k * np.array(mass[1:])).sum() * HOURS
    assert put_in.sum() - lost == pytest.approx(stored, abs=1e-6)


def test_a_house_too_cold_to_be_saved_is_heated_at_full_power_and_never_infeasible() -> None:
    made = dispatch(ensemble([0.2] * 6), home(), 0.0, tasks=(), zones=[zone(6, outdoor_c=-20, start_c=12)])
    assert made is not None
    np.testing.assert_allclose(made.power_kw["heating"], 2.0, atol=1e-6)


@given(st.integers(0, 2**31), st.integers(1, 4))
def test_plans_keep_every_limit_and_never_cost_more_than_charging_at_once(seed: int, futures: int) -> None:
    rng = np.random.default_rng(seed)
    slots = 24
    battery = Battery(capacity_kwh=4, max_charge_kw=2, max_discharge_kw=2)
    possible = Ensemble(
        rng.gamma(2, 0.3, (futures, slots)),
        rng.uniform(0, 2, (futures, slots)),
        Prices(rng.uniform(0.05, 0.4, slots), np.full(slots, 0.04)),
        HOURS,
    )
    first, last = 4, int(rng.integers(8, slots))
    need = float(rng.uniform(0.5, 0.9) * 3 * (last - first) * HOURS)
    task = Task("car", first, last, need, 3.0)
    made = dispatch(possible, home(battery), 1.0, tasks=[task], zones=())
    assert made is not None
    power = made.power_kw["car"]
    assert power.min() >= -1e-7
    assert power.max() <= 3 + 1e-6
    assert power[:first].sum() + power[last:].sum() == pytest.approx(0, abs=1e-6)
    assert power.sum() * HOURS == pytest.approx(need, abs=1e-6)
    slots_at_once = int(np.ceil(need / 3 / HOURS))
    fixed = Task("car", first, first + slots_at_once, need, 3.0)
    at_once = dispatch(possible, home(battery), 1.0, tasks=[fixed], zones=())
    assert at_once is not None
    assert made.cost <= at_once.cost + 1e-4


@pytest.mark.parametrize(
    ("task", "expected_kw"),
    [
        (Task("car", 2, 1000, 2.0, 4.0), [0, 0, 4, 0]),
        (Task("car", -3, 2, 2.0, 4.0), [4, 0, 0, 0]),
        (Task("car", 9, 12, 2.0, 4.0), [0, 0, 0, 0]),
        (Task("dishes", 1, 1000, 1.0, 1.0, block=2), [0, 1, 1, 0]),
        (Task("dishes", 7, 1000, 1.0, 1.0, block=2), [0, 0, 0, 0]),
    ],
)
def test_a_window_ends_with_the_plan_whatever_it_says(task: Task, expected_kw: list[float]) -> None:
    made = dispatch(ensemble([0.1, 0.2, 0.1, 0.3]), home(), 0.0, tasks=[task], zones=())
    assert made is not None
    np.testing.assert_allclose(made.power_kw.get(task.device, np.zeros(4)), expected_kw, atol=1e-6)
