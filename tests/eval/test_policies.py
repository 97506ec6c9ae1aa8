from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest

from energy.errors import SettingsError
from energy.home import Home
from eval.closed_loop import Stretch, stretch
from eval.policies import PLANS, POLICIES, RULES, Sitting, sit
from ingest.history import History
from ingest.recorded import shipped_history

MONDAY = date(2017, 1, 9)


@cache
def winter() -> History:
    """Six weeks of a recorded home up to the day after the one that is played."""
    history = shipped_history("citylearn-4")
    first, last = MONDAY - timedelta(days=40), MONDAY + timedelta(days=1)
    return replace(history, days=tuple(record for record in history.days if first <= record.day <= last))


def monday_of(history: History) -> Stretch:
    return stretch(history.home, tuple(record for record in history.days if record.day == MONDAY))


@pytest.mark.parametrize("policy", [*RULES, *PLANS])
@pytest.mark.parametrize("hour", [0, 7, 15])
def test_changing_anything_from_the_decision_on_changes_no_decision_before(policy: str, hour: int) -> None:
    """Decisions up to and including the one at `hour` rest on what was measured before it."""
    history = winter()
    rng = np.random.default_rng(1)
    changed = []
    for record in history.days:
        load_kw, pv_kw = record.load_kw.copy(), record.pv_kw.copy()
        if record.day >= MONDAY:
            since = hour if record.day == MONDAY else 0
            load_kw[since:], pv_kw[since:] = rng.uniform(0, 9, 24 - since), rng.uniform(0, 5, 24 - since)
        changed.append(replace(record, load_kw=load_kw, pv_kw=pv_kw))
    other = replace(history, days=tuple(changed))
    before = sit(policy, Sitting(history, monday_of(history)))
    after = sit(policy, Sitting(other, monday_of(other)))
    assert before.modes[: hour + 1] == after.modes[: hour + 1]
    stored, stored_after = np.asarray(before.flows.stored_kwh), np.asarray(after.flows.stored_kwh)
    np.testing.assert_array_equal(stored[:hour], stored_after[:hour])


def test_the_plans_beat_plain_self_consumption_on_a_recorded_winter_day() -> None:
    history = winter()

    def bought(policy: str) -> float:
        course, prices = sit(policy, Sitting(history, monday_of(history))), monday_of(history).prices
        return float((np.asarray(course.flows.grid_import_kw) * prices.import_per_kwh).sum())

    greedy = bought("greedy")
    assert all(bought(policy) < greedy - 0.5 for policy in ("recent", "daytype", "planner"))


def test_an_unknown_policy_is_told_which_there_are() -> None:
    with pytest.raises(SettingsError, match="'magic' is not known: use some of none, greedy"):
        sit("magic", Sitting(winter(), monday_of(winter())))
    assert len(set(POLICIES)) == len(POLICIES)


def test_days_drawn_by_lot_are_the_same_for_the_same_seed() -> None:
    history = winter()
    home: Home = history.home
    first, again = (sit("random", Sitting(history, monday_of(history), seed=3)) for _ in range(2))
    assert first.modes == again.modes
    assert home.battery.capacity_kwh == 6.4
