"""How a study is played: answers are kept, one more size costs itself alone, own days stand beside made-up ones."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from energy.battery import Battery
from energy.errors import DataError
from energy.flows import Flows
from eval.collect.playing import play, self_consumption, stretch
from eval.study.play.answers import play_month, without_battery
from eval.study.play.cache import AnswerCache
from eval.study.play.days import kept_days
from eval.study.play.household import PAST_DAYS, own_year
from eval.study.play.jobs import LiveJob, MonthJob, YearJob
from eval.study.study import Player, Study
from eval.sweep.sweep import Lost, Result, SerialSweep, Task
from ingest.history.table import History
from tests.eval.study.conftest import first_answer, madrid_wishes

HOUR = timedelta(hours=1)


class CountedSweep(SerialSweep):
    """A sweep that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def map(
        self, work: Callable[[Task], Result], tasks: Sequence[Task], *, batch: int = 1
    ) -> Iterator[tuple[Task, Result | Lost]]:
        self.asked += tasks
        return super().map(work, tasks, batch=batch)


class LosingSweep(SerialSweep):
    """A sweep whose processes end."""

    def map(
        self, work: Callable[[Task], Result], tasks: Sequence[Task], *, batch: int = 1
    ) -> Iterator[tuple[Task, Result | Lost]]:
        del work, batch
        yield from ((task, Lost("failed", "its process ended with exit code -9")) for task in tasks)


def test_a_lost_process_is_told_with_what_to_do(tmp_path: Path) -> None:
    lost = Player(madrid_wishes(), AnswerCache(tmp_path, LosingSweep()), lambda *_: None).study()
    with pytest.raises(DataError, match=r"exit code -9.*start the same command again"):
        next(lost)


def test_what_was_played_is_not_played_again_and_one_more_size_costs_itself(family: Study, study_folder: Path) -> None:
    counted = CountedSweep()
    cache = AnswerCache(study_folder, counted)
    again = next(Player(madrid_wishes(), cache, lambda *_: None).study())
    assert counted.asked == []
    assert again.figures.year(again.shown()).cost == family.figures.year(family.shown()).cost
    next(Player(madrid_wishes(battery_kwh=(0.0, 5.0, 7.5)), cache, lambda *_: None).study())
    assert [(job.kwp, job.battery_kwh) for job in counted.asked if isinstance(job, YearJob)] == [(0.0, 7.5), (5.0, 7.5)]
    assert not any(isinstance(job, LiveJob) for job in counted.asked)


def test_a_damaged_answer_is_asked_anew(family: Study, study_folder: Path) -> None:
    for path in study_folder.glob("*.json"):
        path.write_text("{", encoding="utf-8")
    again = first_answer(madrid_wishes(), study_folder)
    assert again.figures.year(again.shown()).cost == family.figures.year(family.shown()).cost


def test_the_advisor_plays_a_month_within_the_battery(family: Study, study_folder: Path) -> None:
    del family
    cache = AnswerCache(study_folder, SerialSweep())
    home = next(path.parent.name for path in cache.homes.glob("*/days.jsonl"))
    job = MonthJob(YearJob(str(cache.homes), home, 2027, 5.0, 5.0, 2.5, 0.9025, "es-2.0td"), 3)
    played = play_month(job)
    # March has an hour less in Madrid
    assert len(played.stored_kwh) == 31 * 24 - 1
    assert 0.25 - 1e-6 <= min(played.stored_kwh) <= max(played.stored_kwh) <= 5.0 + 1e-6
    assert sum(played.grid_import_kw) > 0


def recorded(made_up: History, *, days: int, pv_kw: float = 0.0) -> History:
    """A home that uses twice as much, known for some days of the year."""
    home = made_up.home.model_copy(update={"name": "mine", "pv_peak_kw": pv_kw})
    own = made_up.days[PAST_DAYS : PAST_DAYS + days]
    return History(home, HOUR, tuple(replace(day, load_kw=2 * day.load_kw, pv_kw=pv_kw * day.pv_kw) for day in own))


@pytest.fixture(scope="session")
def made_up(family: Study, study_folder: Path) -> History:
    del family
    folder = AnswerCache(study_folder, SerialSweep()).homes
    home = next(path.parent.name for path in folder.glob("*/days.jsonl"))
    return kept_days(str(folder), home)


def test_gaps_of_a_history_are_filled_from_the_made_up_home_at_the_same_level(made_up: History) -> None:
    year = own_year(recorded(made_up, days=100), made_up, HOUR)
    assert (year.own_days, year.own_pv) == (100, False)
    load = [float(day.load_kw.sum()) for day in year.history.days]
    twice = [2 * float(day.load_kw.sum()) for day in made_up.days]
    np.testing.assert_allclose(load[PAST_DAYS:], twice[PAST_DAYS:], rtol=1e-6)


def test_panels_that_stand_there_are_taken_by_the_kilowatt(made_up: History) -> None:
    year = own_year(recorded(made_up, days=365, pv_kw=4.0), made_up, HOUR)
    assert year.own_pv
    assert year.history.home.pv_peak_kw == 1.0
    np.testing.assert_allclose(year.history.days[60].pv_kw, made_up.days[60].pv_kw, rtol=1e-6)


def test_meters_that_know_imports_alone_stand_for_the_load(made_up: History) -> None:
    blind = recorded(made_up, days=120)
    days = tuple(replace(day, pv_kw=np.full_like(day.pv_kw, np.nan)) for day in blind.days)
    year = own_year(replace(blind, days=days), made_up, HOUR)
    assert year.own_days == 120
    assert not any(np.isnan(day.pv_kw).any() or np.isnan(day.load_kw).any() for day in year.history.days)


def test_days_of_an_earlier_year_stand_on_the_same_weekday(made_up: History) -> None:
    mine = recorded(made_up, days=365)
    moved = tuple(replace(day, day=day.day - timedelta(days=364)) for day in mine.days)
    year = own_year(replace(mine, days=moved), made_up, HOUR)
    assert year.own_days > 350
    assert year.history.days[PAST_DAYS].day == date(2027, 1, 1)


def test_a_history_below_eight_weeks_is_told_how_much_is_needed(made_up: History) -> None:
    with pytest.raises(DataError, match="55 days of 'mine' are stored, a study needs 56"):
        own_year(recorded(made_up, days=55), made_up, HOUR)


def test_a_year_without_a_battery_is_the_same_at_once_as_slot_by_slot(made_up: History) -> None:
    home = made_up.home.model_copy(update={"battery": Battery(capacity_kwh=0, max_charge_kw=0, max_discharge_kw=0)})
    days = stretch(home, made_up.days[:30])
    at_once, by_slot = without_battery(home, days), play(home, days, self_consumption).flows
    for name in Flows.__slots__:
        np.testing.assert_array_equal(getattr(at_once, name), getattr(by_slot, name))
