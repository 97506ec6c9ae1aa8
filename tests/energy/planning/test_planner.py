"""The planner against the linear programme, against rules, and against hand-worked days."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from energy.battery import Battery
from energy.commands import SELF_CONSUMPTION, Levels
from energy.home import Grid, Home
from energy.planning.cost_to_go import costs_to_go, mean_cost_to_go
from energy.planning.oracle import optimise
from energy.planning.planner import (
    Ensemble,
    best_levels,
    cost_to_go,
    end_value_per_kwh,
    follow,
    outlook,
    outlooks,
    plan,
)
from energy.planning.slot_cost import SlotCosts, lower_hull, slot_costs
from energy.pricing.tariff import FlatTariff, Prices
from energy.rules import greedy, threshold


def make_home(**changes: object) -> Home:
    battery = {
        "capacity_kwh": 6.4,
        "max_charge_kw": 3.0,
        "max_discharge_kw": 3.0,
        "charge_efficiency": 0.95,
        "discharge_efficiency": 0.94,
        "min_soc": 0.1,
    }
    grid = {key: changes.pop(key) for key in list(changes) if key in Grid.model_fields}
    return Home(
        name="test",
        zone="UTC",
        pv_peak_kw=5,
        battery=Battery.model_validate(battery | changes),
        grid=Grid.model_validate(grid),
        tariff=FlatTariff(import_price=0.3),
    )


def make_ensemble(rng: np.random.Generator, *, scenarios: int, slots: int, prices: Prices | None = None) -> Ensemble:
    sun = np.maximum(np.sin(np.linspace(-np.pi / 2, 3 * np.pi / 2, slots)), 0)
    return Ensemble(
        load_kw=rng.gamma(1.5, 0.6, (scenarios, slots)),
        pv_kw=sun * rng.uniform(0.2, 4.0, (scenarios, 1)),
        prices=prices or Prices(rng.choice([0.1, 0.2, 0.4], slots), np.full(slots, 0.05)),
        hours=24 / slots,
    )


def bound(ensemble: Ensemble, home: Home, stored_kwh: float) -> float:
    return optimise(
        ensemble.load_kw[0],
        ensemble.pv_kw[0],
        prices=ensemble.prices,
        home=home,
        hours=ensemble.hours,
        start_kwh=stored_kwh,
        end_value_per_kwh=end_value_per_kwh(ensemble.prices, home),
    ).cost


def least_cost(ensemble: Ensemble, home: Home, stored_kwh: float) -> float:
    return float(cost_to_go(ensemble, home)[0].cost(stored_kwh - home.battery.min_kwh)[0])


HOMES = [
    {},
    {"cycle_cost_per_kwh": 0.06},
    {"allow_battery_export": True},
    {"allow_grid_charging": False},
    {"import_limit_kw": 2.5, "export_limit_kw": 1.0},
    {"capacity_kwh": 0.0, "max_charge_kw": 0.0, "max_discharge_kw": 0.0},
]


@pytest.mark.parametrize("changes", HOMES, ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_cost_to_go_of_one_scenario_equals_the_linear_programme(changes: dict[str, object], seed: int) -> None:
    home = make_home(**dict(changes))
    ensemble = make_ensemble(np.random.default_rng(seed), scenarios=1, slots=48)
    stored = 0.4 * home.battery.capacity_kwh
    assert least_cost(ensemble, home, stored) == pytest.approx(bound(ensemble, home, stored), abs=1e-6)


@pytest.mark.parametrize("changes", HOMES[:5], ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_following_the_levels_of_a_certain_day_reaches_the_bound(changes: dict[str, object], seed: int) -> None:
    home = make_home(**dict(changes))
    ensemble = make_ensemble(np.random.default_rng(seed), scenarios=1, slots=48)
    levels = best_levels(ensemble, home, cost_to_go(ensemble, home))
    reached = outlook(levels, ensemble, home, 3.0)
    assert reached.expected_cost == pytest.approx(bound(ensemble, home, 3.0), rel=0.02, abs=0.02)


@given(seed=st.integers(0, 10_000), soc=st.floats(0.1, 1.0))
def test_a_perfect_scenario_never_costs_more_than_any_rule(seed: int, soc: float) -> None:
    home = make_home()
    ensemble = make_ensemble(np.random.default_rng(seed), scenarios=1, slots=24)
    stored = soc * home.battery.capacity_kwh
    best = least_cost(ensemble, home, stored)
    for rule in (greedy(ensemble.prices), threshold(ensemble.prices, home)):
        assert best <= outlook(rule, ensemble, home, stored).expected_cost + 1e-9


@given(seed=st.integers(0, 10_000), capacity_kwh=st.sampled_from([6.4, 0.0]))
def test_schedules_followed_side_by_side_come_to_what_each_comes_to_alone(seed: int, capacity_kwh: float) -> None:
    rng = np.random.default_rng(seed)
    home = make_home(allow_battery_export=True, import_limit_kw=4.0, capacity_kwh=capacity_kwh)
    ensemble = make_ensemble(rng, scenarios=5, slots=12)
    each = [[any_levels(rng) for _ in range(12)] for _ in range(4)]
    start_kwh = min(3.0, capacity_kwh)
    alone = [outlook(levels, ensemble, home, start_kwh) for levels in each]
    assert outlooks(each, ensemble, home, start_kwh) == alone
    for levels, one in zip(each, alone, strict=True):
        flows = follow(levels, ensemble, home, start_kwh)
        net_kw = np.stack([np.asarray(flow.grid_import_kw) - np.asarray(flow.grid_export_kw) for flow in flows], axis=1)
        assert one.import_kwh == pytest.approx(np.maximum(net_kw, 0).sum(axis=1).mean() * ensemble.hours)


def any_levels(rng: np.random.Generator) -> Levels:
    charge_to, reserve, export_to = sorted(rng.uniform(0, 1, 3))
    return Levels(
        charge_to_soc=rng.choice([0.0, charge_to]),
        reserve_soc=reserve,
        max_charge_kw=rng.choice([None, rng.uniform(0, 4)]),
        export_to_soc=rng.choice([None, export_to]),
        surplus_to_soc=rng.choice([None, rng.uniform(0, 1)]),
    )


@given(seed=st.integers(0, 10_000))
@example(seed=1564)  # a negative export price: energy must not be burnt by charging and discharging at once
def test_negative_and_inverted_prices_stay_below_every_rule_and_never_above_the_programme(seed: int) -> None:
    rng = np.random.default_rng(seed)
    prices = Prices(rng.uniform(-0.1, 0.4, 24), rng.uniform(-0.1, 0.3, 24))
    home = make_home(allow_battery_export=True)
    ensemble = make_ensemble(rng, scenarios=1, slots=24, prices=prices)
    relaxed = least_cost(ensemble, home, 2.0)
    assert relaxed <= bound(ensemble, home, 2.0) + 1e-6
    assert bound(ensemble, home, 2.0) <= outlook(greedy(prices), ensemble, home, 2.0).expected_cost + 1e-6


def test_a_dear_evening_is_bought_for_in_the_cheap_night() -> None:
    home = make_home(charge_efficiency=1.0, discharge_efficiency=1.0, min_soc=0.0, capacity_kwh=10.0)
    prices = Prices(np.array([0.10, 0.10, 0.50, 0.50]), np.full(4, 0.05))
    load = np.array([[1.0, 1.0, 2.0, 2.0]])
    ensemble = Ensemble(load, np.zeros_like(load), prices, hours=1.0)
    futures = cost_to_go(ensemble, home)
    levels, after_second = best_levels(ensemble, home, futures), mean_cost_to_go(futures[2])
    # Four kWh are needed at 0.50, three of which can wait for the second hour; beyond them a kWh is only worth the
    # cheapest price at the end.
    assert [level.charge_to_soc for level in levels] == pytest.approx([0.1, 0.4, 0.0, 0.0])
    assert after_second.at(3.9) == pytest.approx(0.50)
    assert after_second.at(4.1) == pytest.approx(0.10)
    assert outlook(levels, ensemble, home, 0.0).expected_cost == pytest.approx(6 * 0.10)


def test_two_scenarios_average_their_worth() -> None:
    home = make_home(charge_efficiency=1.0, discharge_efficiency=1.0, min_soc=0.0, capacity_kwh=10.0)
    prices = Prices(np.array([0.20, 0.50]), np.zeros(2))
    load = np.array([[0.0, 1.0], [0.0, 3.0]])
    futures = cost_to_go(Ensemble(load, np.zeros_like(load), prices, hours=1.0), home)
    # Up to 1 kWh both scenarios use it at 0.50; from 1 to 3 only one does, the other keeps it at 0.20.
    assert [mean_cost_to_go(futures[1]).at(kwh) for kwh in (0.5, 2.0, 3.5)] == pytest.approx([0.50, 0.35, 0.20])


def test_no_decision_before_a_meeting_profits_from_what_is_only_known_after_it() -> None:
    battery = make_home(charge_efficiency=1.0, discharge_efficiency=1.0, min_soc=0.0, capacity_kwh=10.0).battery
    # Who needs nothing in the second hour needs 2 kWh in the third, and the other way round.
    load, prices = np.array([[0.0, 0.0, 2.0], [0.0, 2.0, 0.0]]), Prices(np.array([0.20, 0.50, 0.50]), np.zeros(3))
    stages = slot_costs(load, np.zeros_like(load), prices=prices, battery=battery, grid=make_home().grid, hours=1.0)
    hindsight = mean_cost_to_go(costs_to_go(stages, 10.0, 0.20)[1])
    assert [hindsight.at(kwh) for kwh in (1.0, 3.0, 5.0)] == pytest.approx([0.50, 0.20, 0.20])
    # After the meeting either may need 2 kWh: the third hour's worth is 0.35 to both, and below it comes the second's.
    meeting = mean_cost_to_go(costs_to_go(stages, 10.0, 0.20, meet_slots=2)[1])
    assert [meeting.at(kwh) for kwh in (1.0, 3.0, 5.0)] == pytest.approx([0.425, 0.275, 0.20])


@given(seed=st.integers(0, 10_000), soc=st.floats(0.0, 1.0))
def test_costs_stay_convex_where_scenarios_meet_and_one_scenario_has_nobody_to_meet(seed: int, soc: float) -> None:
    home = make_home(allow_battery_export=True)
    ensemble = make_ensemble(np.random.default_rng(seed), scenarios=6, slots=24)
    usable_kwh = home.battery.usable_kwh
    stages = slot_costs(
        ensemble.load_kw,
        ensemble.pv_kw,
        prices=ensemble.prices,
        battery=home.battery,
        grid=home.grid,
        hours=ensemble.hours,
    )
    met = costs_to_go(stages, usable_kwh, 0.1, meet_slots=3)[0]
    assert (np.diff(met.slopes_per_kwh, axis=1) >= -1e-9).all()
    one = replace(stages, **{name: getattr(stages, name)[:1] for name in SlotCosts.__slots__})
    alone, alone_met = (costs_to_go(one, usable_kwh, 0.1, meet_slots=meet)[0] for meet in (None, 3))
    assert alone_met.cost(soc * usable_kwh) == pytest.approx(alone.cost(soc * usable_kwh), abs=1e-12)


def test_candidates_are_ranked_and_the_best_has_no_regret() -> None:
    home = make_home()
    ensemble = make_ensemble(np.random.default_rng(1), scenarios=12, slots=48)
    made = plan(ensemble, home, 3.0)
    costs = [candidate.outlook.expected_cost for candidate in made.candidates]
    assert costs == sorted(costs)
    assert made.regret(made.best) == 0
    assert made.stake >= -1e-9
    assert {"best", "self_consumption", "keep_reserve"} <= {candidate.name for candidate in made.candidates}


@given(seed=st.integers(0, 10_000), soc=st.floats(0.1, 1.0), scenarios=st.integers(1, 5))
def test_energy_balances_and_charge_stays_in_band_for_any_levels(seed: int, soc: float, scenarios: int) -> None:
    rng = np.random.default_rng(seed)
    home = make_home(allow_battery_export=True, import_limit_kw=3.0, export_limit_kw=2.0)
    ensemble = make_ensemble(rng, scenarios=scenarios, slots=24)
    levels = []
    for _ in range(24):
        charge_to, reserve, export_to = np.sort(rng.uniform(0, 1, 3))
        levels.append(Levels(charge_to_soc=charge_to, reserve_soc=reserve, export_to_soc=export_to))
    stored = np.full(scenarios, soc * home.battery.capacity_kwh)
    for flow in follow(levels, ensemble, home, float(stored[0])):
        bus = flow.pv_kw + flow.grid_import_kw + flow.discharge_kw
        bus -= flow.load_kw + flow.charge_kw + flow.grid_export_kw + flow.curtailed_kw
        assert np.abs(bus).max() < 1e-9
        gained = np.asarray(flow.charge_kw) * 0.95 - np.asarray(flow.discharge_kw) / 0.94
        assert np.abs(np.asarray(flow.stored_kwh) - stored - gained * ensemble.hours).max() < 1e-9
        assert (np.minimum(flow.charge_kw, flow.discharge_kw) == 0).all()
        assert np.max(flow.grid_export_kw) <= 2.0 + 1e-9
        stored = np.asarray(flow.stored_kwh)
        assert stored.min() >= home.battery.min_kwh - 1e-9
        assert stored.max() <= home.battery.max_kwh + 1e-9


def test_lower_hull_pools_slopes_in_the_wrong_order() -> None:
    hull = lower_hull(np.array([1.0, 3.0, 2.0, 5.0]), np.array([1.0, 1.0, 1.0, 1.0]))
    assert hull == pytest.approx([1.0, 2.5, 2.5, 5.0])


def test_a_day_of_self_consumption_worked_by_hand() -> None:
    home = make_home(charge_efficiency=0.9, discharge_efficiency=0.8, min_soc=0.0, capacity_kwh=5.0)
    prices = Prices(np.full(3, 0.30), np.full(3, 0.10))
    load, pv = np.array([[1.0, 1.0, 2.0]]), np.array([[3.0, 5.0, 0.0]])
    flows = follow([SELF_CONSUMPTION] * 3, Ensemble(load, pv, prices, hours=1.0), home, 0.0)
    # 2 kW in at 0.9 stores 1.8; 3 kW (the limit) of 4 stores 2.7 and sells 1; 2 kW out takes 2.5.
    assert [float(flow.stored_kwh[0]) for flow in flows] == pytest.approx([1.8, 4.5, 2.0])
    assert [float(flow.grid_export_kw[0]) for flow in flows] == pytest.approx([0.0, 1.0, 0.0])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert home.tariff.prices([start, start + timedelta(hours=1)], home.tz).import_per_kwh.tolist() == [0.3, 0.3]
