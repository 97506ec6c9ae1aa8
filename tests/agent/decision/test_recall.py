from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from agent.decision.decide import Situation, decide
from agent.decision.recall import Recall
from energy.guard import Policy
from energy.home import Home
from ingest.live.meter import MeteredSlot
from ingest.live.snapshot import Snapshot
from knowledge.fingerprint import NOTHING_EXPECTED
from knowledge.forecast import DayShape
from knowledge.index import MemoryIndex
from knowledge.store import DayStore

STEP = timedelta(minutes=30)
NOW = datetime(2026, 1, 14, 7, 0, tzinfo=UTC)


def nothing_yet(day: date) -> DayShape:
    return DayShape(day, np.full(48, np.nan), np.full(48, np.nan))


def slots_of(day: date) -> list[MeteredSlot]:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=1)
    return [MeteredSlot(start + at * STEP, day.day / 10 + at / 100, 0.0, 0.5) for at in range(48)]


def test_a_decision_is_made_on_the_very_first_day_and_memory_takes_over(home: Home, tmp_path: Path) -> None:
    with MemoryIndex(tmp_path / "index") as index:
        recall = Recall(home, DayStore(tmp_path / "days"), index, STEP)
        today = NOW.date()
        near = recall.neighbours(nothing_yet(today), 12, NOTHING_EXPECTED)
        assert {one.source for one in near} == {"prior"}
        decision = decide(
            Situation(
                now=NOW,
                home=home,
                policy=Policy(),
                step=STEP,
                horizon_hours=24,
                snapshot=Snapshot(NOW, 0.8, 0.0, 0.4, grid_kw=0.8, battery_kw=0.0, temperature_c=None),
                neighbours=near,
                shapes=recall.shapes() | {today: nothing_yet(today)},
            ),
        )
        assert decision.outcome == "published"
        assert decision.neighbours == ()
        for age in (4, 3, 2):
            day = today - timedelta(days=age)
            recall.remember(day, slots_of(day), STEP)
            sources = [one.source for one in recall.neighbours(nothing_yet(today), 12, NOTHING_EXPECTED)]
            assert sources.count("prior") == {4: 11, 3: 10, 2: 0}[age]
        assert all(day.year > 1 for day in recall.shapes())


def test_a_day_that_was_lived_is_remembered_with_its_temperature_and_forecast(home: Home, tmp_path: Path) -> None:
    store, day = DayStore(tmp_path / "days"), NOW.date() - timedelta(days=1)
    lived = [replace(slot, temperature_c=4.0, temperature_forecast_c=3.0) for slot in slots_of(day)]
    with MemoryIndex(tmp_path / "index") as index:
        Recall(home, store, index, STEP).remember(day, lived[1:], STEP)
    [kept] = store.days(home.name)
    assert kept.temperature_c is not None
    assert kept.temperature_forecast_c is not None
    assert np.isnan(kept.temperature_c[0])
    assert kept.temperature_c[1:].tolist() == [4.0] * 47
    assert kept.temperature_forecast_c[1:].tolist() == [3.0] * 47
    assert kept.pv_forecast_kw is None


def test_days_that_a_wrong_clock_put_ahead_of_today_leave_an_ordinary_household_to_plan_with(
    home: Home, tmp_path: Path
) -> None:
    recall, today = Recall(home, DayStore(tmp_path / "days"), None, STEP), NOW.date()
    for ahead in range(1, 20):
        day = today + timedelta(days=ahead)
        recall.remember(day, slots_of(day), STEP)
    near = recall.neighbours(nothing_yet(today), 12, NOTHING_EXPECTED)
    assert {one.source for one in near} == {"prior"}
    assert all(one.day in recall.shapes() for one in near)
