import os
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from energy.errors import SettingsError
from energy.home import Home
from eval.collect.peers import is_installed
from eval.collect.playing import Stretch, stretch
from eval.collect.policies import ADVISOR, PEERS, PLANS, POLICIES, RULES, Sitting, sit
from ingest.history.recorded import shipped_history
from ingest.history.table import History

MONDAY = date(2017, 1, 9)


@cache
def winter() -> History:
    """Six weeks of a recorded home up to the day after the one that is played."""
    history = shipped_history("citylearn-4")
    first, last = MONDAY - timedelta(days=40), MONDAY + timedelta(days=1)
    return replace(history, days=tuple(record for record in history.days if first <= record.day <= last))


def monday_of(history: History) -> Stretch:
    return stretch(history.home, tuple(record for record in history.days if record.day == MONDAY))


def needing_its_peer(policy: str) -> None:
    if policy in PEERS and not is_installed():
        reason = "EMHASS is not installed: make peers"
        if os.environ.get("ADVISOR_PEERS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.mark.parametrize(
    ("policy", "hour"),
    [*((policy, hour) for policy in (*RULES, *PLANS, ADVISOR) for hour in (0, 7, 15)), *((peer, 7) for peer in PEERS)],
)
def test_changing_anything_from_the_decision_on_changes_no_decision_before(policy: str, hour: int) -> None:
    """Decisions up to and including the one at `hour` rest on what was measured before it."""
    needing_its_peer(policy)
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


@pytest.mark.parametrize("hour", [0, 9])
def test_a_renewed_forecast_of_the_past_and_of_what_is_ahead_is_all_that_a_plan_sees_of_the_sun(hour: int) -> None:
    """What came of a slot changes no decision before it, whatever was forecast of it."""
    history = winter()
    result = [replace(record, pv_nowcast_kw=record.pv_forecast_kw) for record in history.days]
    dark = [
        replace(record, pv_kw=np.where(np.arange(24) >= (hour if record.day == MONDAY else 0), 0.0, record.pv_kw))
        if record.day >= MONDAY
        else record
        for record in result
    ]
    before, after = (
        sit("planner", Sitting(other, monday_of(other)))
        for other in (replace(history, days=tuple(result)), replace(history, days=tuple(dark)))
    )
    assert before.modes[: hour + 1] == after.modes[: hour + 1]


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


def bill(policy: str) -> float:
    history = winter()
    course, prices = sit(policy, Sitting(history, monday_of(history))), monday_of(history).prices
    imported, exported = np.asarray(course.flows.grid_import_kw), np.asarray(course.flows.grid_export_kw)
    return float((imported * prices.import_per_kwh - exported * prices.export_per_kwh).sum())


def test_the_same_plan_forced_as_watts_costs_more_than_as_levels() -> None:
    assert bill("watts") > bill("lp_yesterday") + 0.01


def test_the_peer_obeyed_as_modes_is_a_serious_rival() -> None:
    needing_its_peer("emhass")
    assert bill("emhass") < bill("greedy") - 0.5
    assert bill("emhass_watts") > bill("emhass")


def test_a_peer_that_is_not_installed_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="install it with make peers"):
        sit("emhass", Sitting(winter(), monday_of(winter())))
