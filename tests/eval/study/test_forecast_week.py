"""One week with forecasts of every quality: who sees what, what it costs, and what the report says of it."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from energy.slots import DAY
from eval.collect.playing import stretch
from eval.study.figures import ForecastWeek, Option, base_of
from eval.study.play.answers import answer
from eval.study.play.cache import AnswerCache
from eval.study.play.days import sized
from eval.study.play.foresight import future_maker
from eval.study.play.household import PAST_DAYS, day_span
from eval.study.play.jobs import Foresight, WeekJob, YearJob
from eval.study.play.results import KeptBill, Line, PlayedSlots
from eval.study.report.html_page import report_html
from eval.study.report.telling import forecast_sentences
from eval.study.report.words import words_in
from eval.study.study import Study
from eval.study.weeks import StudySpan, changeable_week
from eval.sweep.sweep import SerialSweep
from ingest.history.table import History
from knowledge.days import DayRecord

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def job(family: Study, study_folder: Path) -> YearJob:
    folder = AnswerCache(study_folder, SerialSweep()).homes
    homes = [path.parent.name for path in folder.glob("*/days.jsonl")]
    home = next(name for name in homes if np.array_equal(base_of(str(folder), name).load_kw, family.base.load_kw))
    return YearJob(str(folder), home, 2027, 5.0, 5.0, 2.5, 0.9025, "es-2.0td")


@pytest.fixture(scope="module")
def week(family: Study) -> StudySpan:
    return changeable_week(family.base, 5.0)


def known(job: YearJob, week: StudySpan) -> History:
    history = sized(job)
    return History(history.home, HOUR, day_span(history, week.first - PAST_DAYS * DAY, week.first + 7 * DAY))


def test_a_perfect_forecast_is_the_day_as_it_came(job: YearJob, week: StudySpan) -> None:
    history = known(job, week)
    played = stretch(history.home, day_span(history, week.first, week.first + 6 * DAY))
    maker = future_maker("perfect", history)
    assert maker is not None
    seen = maker.ensemble(played, 30)
    np.testing.assert_array_equal(seen.load_kw, [played.load_kw[30:54]])
    np.testing.assert_array_equal(seen.pv_kw, [played.pv_kw[30:54]])


@pytest.mark.parametrize("foresight", ["poor", "ordinary"])
def test_other_forecasts_know_nothing_of_what_comes(job: YearJob, week: StudySpan, foresight: Foresight) -> None:
    history = known(job, week)
    at = 30
    day = week.first + timedelta(days=1)
    changed = replace(history, days=tuple(_dark_from(record, day, at - 24) for record in history.days))
    seen = []
    for days in (history, changed):
        maker = future_maker(foresight, days)
        assert maker is not None
        seen.append(maker.ensemble(stretch(days.home, day_span(days, week.first, week.first + 6 * DAY)), at))
    np.testing.assert_array_equal(seen[0].load_kw, seen[1].load_kw)
    np.testing.assert_array_equal(seen[0].pv_kw, seen[1].pv_kw)


def _dark_from(record: DayRecord, day: date, slot: int) -> DayRecord:
    """The same day with no sun and twice the load from a slot of `day` on."""
    if record.day < day:
        return record
    load, pv = record.load_kw.copy(), record.pv_kw.copy()
    begin = slot if record.day == day else 0
    load[begin:], pv[begin:] = 2 * load[begin:], 0.0
    return replace(record, load_kw=load, pv_kw=pv)


def test_a_poor_forecast_takes_the_sun_of_a_week_ago(job: YearJob, week: StudySpan) -> None:
    history = known(job, week)
    maker = future_maker("poor", history)
    played = stretch(history.home, day_span(history, week.first, week.first + 6 * DAY))
    old = next(record for record in history.days if record.day == week.first - 7 * DAY)
    assert maker is not None
    # The one member is yesterday, whose own forecast was as poor: it is dressed, so that the night stays dark.
    assert maker.ensemble(played, 0).pv_kw.shape == (1, 24)
    np.testing.assert_array_equal(maker.ensemble(played, 0).pv_kw[0] > 1e-9, old.pv_kw > 1e-9)


def slots(imported_kw: float, stored_kwh: tuple[float, float], energy: float) -> PlayedSlots:
    line = Line(kind="energy", name="e", period="", amount=energy, quantity=None, unit="kWh", per_unit=None)
    fixed = Line(kind="fixed", name="f", period="", amount=1.0, quantity=None, unit="days", per_unit=None)
    bill = KeptBill(first=date(2027, 1, 4), last=date(2027, 1, 10), lines=(line, fixed))
    return PlayedSlots(
        grid_import_kw=(imported_kw, imported_kw),
        grid_export_kw=(0, 0),
        charge_kw=(0, 0),
        discharge_kw=(0, 0),
        stored_kwh=stored_kwh,
        bills=(bill,),
    )


def forecast_week(**bought: float) -> ForecastWeek:
    played = {name: slots(bought[name] / 2, (0.0, 0.0), 0.2 * bought[name]) for name in get_args(Foresight)}
    return ForecastWeek(Option("es-2.0td", 5, 5), date(2027, 1, 4), slice(0, 2), played, 1.0)


def test_energy_left_in_the_battery_counts_at_the_price_that_was_paid() -> None:
    played = {"ordinary": slots(5.0, (1.0, 4.0), 2.0)}
    week = ForecastWeek(Option("es-2.0td", 5, 5), date(2027, 1, 4), slice(0, 2), played, 1.0)
    # 10 kWh for 2.00, so that the 3 kWh gained are worth 0.60; and 1.00 of fixed terms
    assert week.cost("ordinary") == pytest.approx(2.0 + 1.0 - 0.6)


def test_what_forecasts_are_worth_is_told_and_where_they_are_worth_nothing_that_is_told() -> None:
    words = words_in("en", "EUR")
    told = " ".join(forecast_sentences(forecast_week(none=20, poor=15, ordinary=10, perfect=8), words))
    assert "A poor forecast costs €1.00 that week: 15 kWh are bought instead of 10 kWh." in told
    assert "would save €0.40" in told
    alike = " ".join(forecast_sentences(forecast_week(none=20, poor=10, ordinary=10, perfect=10), words))
    assert alike.endswith("Under this tariff the forecast hardly matters.")


def test_the_report_draws_the_week_with_each_forecast(family: Study, job: YearJob, week: StudySpan) -> None:
    played = {}
    for name in get_args(Foresight):
        found = answer(WeekJob(job, week.first, name))
        assert isinstance(found, PlayedSlots)
        played[name] = found
    known_week = ForecastWeek(Option("es-2.0td", 5.0, 5.0), week.first, week.part, played, 1.0)
    figures = replace(family.figures, forecasts=known_week)
    page = report_html(replace(family, figures=figures), "es")
    assert "Cuánto vale una buena previsión" in page
    for quality in ("mala", "normal", "perfecta"):
        assert f"<figcaption>Previsión {quality}: " in page
    # All see the same house: what is bought and sold differs, what is used does not.
    for found in played.values():
        flows = {name: np.array(getattr(found, name)) for name in ("grid_import_kw", "grid_export_kw", "charge_kw")}
        used = flows["grid_import_kw"] - flows["grid_export_kw"] - flows["charge_kw"] + np.array(found.discharge_kw)
        net = family.base.load_kw[week.part] - 5.0 * family.base.pv_kw_per_kwp[week.part]
        np.testing.assert_allclose(used, net, atol=1e-3)
