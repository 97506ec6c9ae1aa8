from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from energy.home import Home
from energy.planning.oracle import optimise
from eval.collect.playing import Stretch, stretch
from eval.collect.terminal_value import bound, terminal_value
from ingest.history.recorded import shipped_history
from ingest.history.table import History


@pytest.fixture(scope="module")
def history() -> History:
    return shipped_history("citylearn-4")


def days_of(history: History, first: date, count: int) -> Stretch:
    at = next(place for place, record in enumerate(history.days) if record.day == first)
    return stretch(history.home, history.days[at : at + count])


@pytest.fixture(scope="module")
def window(history: History) -> Stretch:
    return days_of(history, date(2017, 1, 9), 3)


@pytest.fixture(scope="module")
def after(history: History) -> Stretch:
    return days_of(history, date(2017, 1, 12), 2)


def test_what_is_left_is_worth_what_it_saves_the_days_after(history: History, window: Stretch, after: Stretch) -> None:
    home = history.home
    left = terminal_value(home, window, after)
    costs = [
        optimise(
            after.load_kw,
            after.pv_kw,
            prices=after.prices,
            home=home,
            hours=after.hours,
            start_kwh=start_kwh,
            end_value_per_kwh=float(after.prices.import_per_kwh.min()) * home.battery.discharge_efficiency,
        ).cost
        for start_kwh in (0.0, 2.0, 6.4)
    ]
    worth = np.interp([0.0, 2.0, 6.4], left.stored_kwh, left.value)
    np.testing.assert_allclose(worth, costs[0] - np.array(costs), atol=1e-6)
    assert worth[2] > worth[1] > 0


def test_the_bound_does_not_empty_a_battery_that_tomorrow_needs(
    history: History, window: Stretch, after: Stretch
) -> None:
    dear = replace(after, prices=replace(after.prices, import_per_kwh=after.prices.import_per_kwh + 1.0))
    assert bound(history.home, window, dear).stored_kwh[-1] > 6.0
    assert bound(history.home, window, None).stored_kwh[-1] < 6.0


def test_without_days_after_the_cheapest_price_counts(history: History, window: Stretch) -> None:
    left = terminal_value(history.home, window, None)
    assert left.stored_kwh == (0.0, 6.4)
    assert left.value[1] == pytest.approx(6.4 * 0.21 * history.home.battery.discharge_efficiency)


def test_a_home_without_a_battery_leaves_nothing(history: History, window: Stretch, after: Stretch) -> None:
    empty = history.home.battery.model_copy(update={"capacity_kwh": 0.0, "max_charge_kw": 0.0, "max_discharge_kw": 0.0})
    home: Home = history.home.model_copy(update={"battery": empty})
    assert set(terminal_value(home, window, after).value) == {0.0}
