"""EMHASS as a peer: the same problem, the same optimum; its failures told apart from ours."""

import os
import signal
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks.planner import bench_planner, foresight
from energy.commands import SELF_CONSUMPTION, Levels
from energy.errors import DataError, SettingsError
from energy.home import Home
from energy.planning.oracle import Optimum, optimise
from energy.planning.planner import end_value_per_kwh
from energy.pricing.tariff import Prices
from eval.collect.peers import EMHASS_FOLDER, Emhass, as_levels, as_watts
from eval.collect.peers import is_installed as peer_is_installed
from ingest.history.recorded import shipped_history

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def folder() -> Path:
    folder = Path(__file__).parents[3] / EMHASS_FOLDER
    if not peer_is_installed(folder):
        reason = f"EMHASS is not in {folder}: make peers"
        if os.environ.get("ADVISOR_PEERS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


def home_with(battery: dict[str, float] | None = None, grid: dict[str, float | bool] | None = None) -> Home:
    home = shipped_history("citylearn-1").home
    changes = {
        "battery": home.battery.model_copy(update=battery or {}),
        "grid": home.grid.model_copy(update=grid or {}),
    }
    return home.model_copy(update=changes)


def days_of(name: str, first_day: date, days: int) -> tuple[np.ndarray, np.ndarray, Prices]:
    history = shipped_history(name)
    known = [record for record in history.days if 0 <= (record.day - first_day).days < days]
    starts = [record.start + at * HOUR for record in known for at in range(24)]
    load_kw = np.concatenate([record.load_kw for record in known])
    return (
        load_kw,
        np.concatenate([record.pv_kw for record in known]),
        history.home.tariff.prices(starts, history.home.tz),
    )


def restless(prices: Prices) -> Prices:
    rng = np.random.default_rng(5)
    spot = 0.2 + 0.1 * rng.standard_normal(len(prices.import_per_kwh)).clip(-1.9, 3)
    return Prices(spot, 0.3 * spot)


def below_zero(prices: Prices) -> Prices:
    spot = 0.2 + 0.15 * np.random.default_rng(5).standard_normal(len(prices.import_per_kwh))
    # The peer's credit for what is left is a share of the last price, so that one is not below zero.
    spot[-1] = 0.2
    return Prices(spot, 0.3 * spot)


def as_it_is(prices: Prices) -> Prices:
    return prices


@pytest.mark.parametrize(
    ("name", "first_day", "home", "expected"),
    [
        ("citylearn-1", date(2017, 1, 9), home_with(), as_it_is),
        ("citylearn-4", date(2016, 10, 3), home_with(), as_it_is),
        ("citylearn-4", date(2017, 6, 19), home_with(), restless),
        ("citylearn-4", date(2017, 6, 19), home_with(), below_zero),
        (
            "citylearn-1",
            date(2017, 1, 9),
            home_with({"charge_efficiency": 0.9, "discharge_efficiency": 0.97, "min_soc": 0.1, "max_soc": 0.9}),
            restless,
        ),
        ("citylearn-1", date(2017, 3, 6), home_with({"max_charge_kw": 0.9, "max_discharge_kw": 0.7}), restless),
        ("citylearn-4", date(2017, 1, 9), home_with({"cycle_cost_per_kwh": 0.04}), restless),
        ("citylearn-4", date(2017, 4, 3), home_with(grid={"allow_battery_export": True}), restless),
    ],
    ids=[
        "winter",
        "autumn",
        "restless prices",
        "prices below zero",
        "lossy band",
        "weak inverter",
        "wear",
        "sells from the battery",
    ],
)
def test_the_bound_is_what_the_peer_finds_with_foresight(
    folder: Path,
    name: str,
    first_day: date,
    home: Home,
    expected: Callable[[Prices], Prices],
) -> None:
    load_kw, pv_kw, prices = days_of(name, first_day, 7)
    prices = expected(prices)
    start_kwh = home.battery.min_kwh + 0.4 * home.battery.usable_kwh
    worth = end_value_per_kwh(prices, home)
    ours = optimise(
        load_kw,
        pv_kw,
        prices=prices,
        home=home,
        hours=1.0,
        start_kwh=start_kwh,
        end_value_per_kwh=worth,
    )
    with Emhass(home, HOUR, exact=True, folder=folder) as peer:
        theirs = peer.plan(load_kw, pv_kw, prices=prices, start_kwh=start_kwh, end_value_per_kwh=worth).optimum
    assert theirs.cost == pytest.approx(ours.cost, rel=1e-3)
    moved = theirs.charge_kw * home.battery.charge_efficiency - theirs.discharge_kw / home.battery.discharge_efficiency
    assert theirs.stored_kwh == pytest.approx(start_kwh + np.cumsum(moved), abs=1e-6)


def test_a_month_known_in_advance_costs_both_the_same(folder: Path) -> None:
    known = foresight(shipped_history("citylearn-4"), date(2017, 1, 1), 28, folder=folder)
    assert known.days == 28
    assert known.oracle > 0
    assert known.gap < 1e-3


@pytest.mark.slow
def test_the_bench_prints_how_many_times_longer_the_peer_takes(folder: Path) -> None:
    measured = bench_planner(folder)
    assert measured.decisions == 95
    assert 0 < measured.levels_ms < measured.decision_ms < measured.plan_ms
    # About seven times where nothing else runs; a busy machine must not fail the test.
    assert measured.peer_ms > 2 * measured.levels_ms
    assert f"{measured.peer_ms / measured.decision_ms:.1f}\n" in measured.text()


def test_a_load_beyond_the_connection_is_no_plan_and_the_peer_lives_on(folder: Path) -> None:
    home = home_with(grid={"import_limit_kw": 6.0})
    load_kw, pv_kw, prices = days_of("citylearn-1", date(2017, 1, 9), 1)
    with Emhass(home, HOUR, folder=folder) as peer:
        with pytest.raises(DataError, match=r"no plan from 0\.0 kWh stored: Infeasible"):
            peer.plan(load_kw + 20, pv_kw, prices=prices, start_kwh=0.0, end_value_per_kwh=0.0)
        assert peer.plan(load_kw, pv_kw, prices=prices, start_kwh=0.0, end_value_per_kwh=0.0).seconds > 0


def test_unknown_load_is_no_plan(folder: Path) -> None:
    load_kw, pv_kw, prices = days_of("citylearn-1", date(2017, 1, 9), 1)
    load_kw[3] = np.nan
    with Emhass(home_with(), HOUR, folder=folder) as peer, pytest.raises(DataError, match="no plan"):
        peer.plan(load_kw, pv_kw, prices=prices, start_kwh=1.0, end_value_per_kwh=0.0)


def test_a_peer_whose_process_ended_says_so(folder: Path) -> None:
    load_kw, pv_kw, prices = days_of("citylearn-1", date(2017, 1, 9), 1)
    with Emhass(home_with(), HOUR, folder=folder) as peer:
        os.kill(peer._process.pid, signal.SIGKILL)
        with pytest.raises(DataError, match="has ended"):
            peer.plan(load_kw, pv_kw, prices=prices, start_kwh=1.0, end_value_per_kwh=0.0)


def test_a_peer_that_is_not_or_only_half_installed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    with pytest.raises(SettingsError, match="make peers"):
        Emhass(home_with(), HOUR, folder=tmp_path)


@pytest.mark.parametrize(
    ("charge_kw", "discharge_kw", "reached_kwh", "net_kw", "levels"),
    [
        (2.0, 0.0, 3.2, 1.0, Levels(charge_to_soc=0.5, reserve_soc=0.5)),
        (2.0, 0.0, 3.2, -1.0, Levels(charge_to_soc=0.5, reserve_soc=0.5)),
        (1.0, 0.0, 3.2, -1.0, SELF_CONSUMPTION),
        (0.0, 0.0, 3.2, -1.0, SELF_CONSUMPTION),
        (0.0, 0.0, 3.2, 1.0, Levels(reserve_soc=0.5)),
        (0.0, 0.4, 3.2, 1.0, SELF_CONSUMPTION),
        (0.0, 1.0, 3.2, 1.0, SELF_CONSUMPTION),
        (0.0, 2.0, 3.2, 1.0, Levels(export_to_soc=0.5)),
        (0.0, 0.0, -1e-12, 1.0, Levels()),
    ],
    ids=[
        "buys",
        "buys beside surplus",
        "stores surplus",
        "sells surplus",
        "keeps",
        "helps",
        "covers",
        "gives",
        "empty",
    ],
)
def test_a_plan_becomes_a_mode(
    charge_kw: float,
    discharge_kw: float,
    reached_kwh: float,
    net_kw: float,
    levels: Levels,
) -> None:
    plan = Optimum(0.0, np.array([charge_kw]), np.array([discharge_kw]), np.array([reached_kwh]))
    assert as_levels(plan, net_kw, home_with()) == levels
    assert as_watts(plan) == charge_kw - discharge_kw
