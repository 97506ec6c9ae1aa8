from datetime import UTC, date, datetime, timedelta

import numpy as np

from energy.battery import Battery
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from eval.remarks.diary import HAPPENINGS, remarked
from eval.remarks.playing import NONE, PERFECT, REMARKS, WORDS, RemarkCase, RemarkResult, remark_cases
from eval.report.remarks import remark_table
from ingest.history.table import History
from knowledge.days import DayRecord

HOUR = timedelta(hours=1)
HOME = Home(
    name="quiet",
    zone="UTC",
    pv_peak_kw=5,
    battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3),
    tariff=FlatTariff(import_price=0.2, export_price=0.05),
)


def _history(days: int) -> History:
    first = date(2025, 1, 1)
    records = (
        DayRecord("quiet", day, datetime(day.year, day.month, day.day, tzinfo=UTC), HOUR, np.ones(24), np.zeros(24))
        for day in (first + timedelta(days=at) for at in range(days))
    )
    return History(HOME, HOUR, tuple(records))


def test_the_diary_is_the_same_for_the_same_seed_and_not_everything_is_told() -> None:
    one, again, other = (remarked(_history(200), seed=seed) for seed in (1, 1, 2))
    assert one.remarks == again.remarks != other.remarks
    busy = [bool((record.load_kw > 1).any()) for record in one.history.days]
    result = [bool(text) for text in one.remarks]
    assert 0.2 < sum(result) / len(result) < 0.7
    assert any(happened and not text for happened, text in zip(busy, result, strict=True))


def test_what_happens_adds_load_in_its_hours_only() -> None:
    diary = remarked(_history(300), seed=3)
    hours = np.array([record.load_kw > 1 for record in diary.history.days])
    within = {hour for what in HAPPENINGS if what.power_kw for hour in range(what.first_h, what.last_h)}
    assert set(np.flatnonzero(hours.any(axis=0)).tolist()) == within


def test_each_happening_is_told_in_both_languages() -> None:
    assert all(len(set(what.remarks)) >= 4 for what in HAPPENINGS)
    assert len({text for what in HAPPENINGS for text in what.remarks}) == sum(len(what.remarks) for what in HAPPENINGS)


def test_the_table_holds_each_variant_against_the_three_words_on_the_same_case() -> None:
    case, figures = next(iter(remark_cases())), {NONE: 10.5, WORDS: 10.0, REMARKS: 9.0, PERFECT: 8.0}
    table = remark_table([_result(case, variant, cost) for variant, cost in figures.items()])
    rows = {line.split("|")[1].strip(): line for line in table.splitlines()[2:]}
    assert list(rows) == [NONE, WORDS, REMARKS, PERFECT]
    assert "+1.00" in rows[NONE]
    assert "-2.00" in rows[REMARKS]
    assert "-10.0" in rows[REMARKS]


def _result(case: RemarkCase, variant: str, cost: float) -> RemarkResult:
    return RemarkResult(
        case=case,
        variant=variant,
        cost=cost,
        crps_day_kwh=cost,
        crps_hour_kw=cost / 24,
        remarked_crps_day_kwh=cost,
        days_changed=2,
    )
