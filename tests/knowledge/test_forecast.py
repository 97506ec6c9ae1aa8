from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.errors import DataError
from knowledge.forecast import DayShape, Recent, futures, horizon, renewed

ZONE = ZoneInfo("UTC")
STEP = timedelta(hours=1)
TODAY = date(2026, 1, 10)
NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
STARTS = [NOON + index * STEP for index in range(24)]


def shape(day: date, load: float, *, pv: float = 0.0, forecast: float | None = None) -> DayShape:
    hours = np.arange(24.0)
    result = None if forecast is None else np.full(24, forecast)
    return DayShape(day, load + hours / 100, np.full(24, pv), result)


def test_a_future_runs_on_into_the_day_after_its_neighbour() -> None:
    shapes = {date(2026, 1, 3): shape(date(2026, 1, 3), 1), date(2026, 1, 4): shape(date(2026, 1, 4), 2)}
    made = futures(horizon(STARTS, ZONE, STEP), [date(2026, 1, 3)], shapes, pv_forecast_kw=None, pv_peak_kw=5)
    assert made.load_kw[0, :12].tolist() == pytest.approx([1 + hour / 100 for hour in range(12, 24)])
    assert made.load_kw[0, 12:].tolist() == pytest.approx([2 + hour / 100 for hour in range(12)])


def test_the_pv_forecast_is_dressed_with_the_errors_of_the_neighbours() -> None:
    days = [date(2026, 1, 3), date(2026, 1, 5)]
    shapes = {days[0]: shape(days[0], 1, pv=2.0, forecast=1.5), days[1]: shape(days[1], 1, pv=1.0, forecast=4.0)}
    result = np.full(24, 2.0)
    result[3], result[20:] = 0.0, np.nan
    made = futures(horizon(STARTS, ZONE, STEP), days, shapes, pv_forecast_kw=result, pv_peak_kw=5)
    # Errors of +0.5 on 1.5 and of -3 on 4, in the size of a forecast of 2.
    assert made.pv_kw[:, 0].tolist() == [2.667, 0.5]
    assert made.pv_kw[:, 3].tolist() == [0.0, 0.0]  # the forecaster knows when it is night
    assert made.pv_kw[:, 22].tolist() == [2.0, 1.0]  # past its end, what the neighbours saw


def test_a_renewed_forecast_is_dressed_with_the_error_of_its_lead_time() -> None:
    day = date(2026, 1, 3)
    seen = replace(shape(day, 1, pv=2.0, forecast=1.0), pv_nowcast_kw=np.full(24, 1.8))
    made = futures(horizon(STARTS, ZONE, STEP), [day], {day: seen}, pv_forecast_kw=np.full(24, 1.0), pv_peak_kw=9)
    # At once the neighbour was forecast to 1.8, three hours ahead to 1.4, from six on to 1.0: it had 2.
    size = [1 / 1.8, 1 / 1.4, 1.0, 1.0]
    assert made.pv_kw[0, [0, 3, 6, 11]].tolist() == pytest.approx(
        [1 + (2 - result) * part for result, part in zip([1.8, 1.4, 1.0, 1.0], size, strict=True)], abs=1e-3
    )


def test_a_forecast_loses_its_error_within_the_last_six_hours() -> None:
    lead_h = np.array([0.0, 3.0, 6.0, 30.0])
    assert renewed(np.full(4, 2.0), np.full(4, 1.0), lead_h).tolist() == [2.0, 1.5, 1.0, 1.0]


def test_the_last_hours_correct_what_is_near_and_fade() -> None:
    day = date(2026, 1, 3)
    flat = DayShape(day, np.ones(24), np.zeros(24))
    recent = Recent(np.array([1.5, 1.5]), np.array([0.0, 0.0]))
    made = futures(horizon(STARTS, ZONE, STEP), [day], {day: flat}, pv_forecast_kw=None, pv_peak_kw=5, recent=recent)
    assert made.load_kw[0, 0] == pytest.approx(1.5)
    assert made.load_kw[0, 2] == pytest.approx(1 + 0.5 * np.exp(-1), abs=1e-3)
    assert made.load_kw[0, 23] == pytest.approx(1.0, abs=1e-3)


def test_today_and_later_days_can_never_be_neighbours() -> None:
    ahead = horizon(STARTS, ZONE, STEP)
    with pytest.raises(DataError, match="2026-01-10 is not before"):
        futures(ahead, [TODAY], {TODAY: shape(TODAY, 1)}, pv_forecast_kw=None, pv_peak_kw=5)
    with pytest.raises(DataError, match="ingest some history"):
        futures(ahead, [], {}, pv_forecast_kw=None, pv_peak_kw=5)


def test_the_unmeasured_part_of_today_never_stands_for_a_forecast() -> None:
    yesterday = date(2026, 1, 9)
    measured = np.full(24, np.nan)
    measured[:12] = 7.0
    shapes = {yesterday: shape(yesterday, 1), TODAY: DayShape(TODAY, measured, np.zeros(24))}
    made = futures(horizon(STARTS, ZONE, STEP), [yesterday], shapes, pv_forecast_kw=None, pv_peak_kw=5)
    assert made.load_kw[0, 12:].tolist() == [7.0] * 12
    assert not np.isnan(made.load_kw).any()


def test_the_sun_of_the_last_hours_is_compared_with_its_forecast_and_not_with_other_days() -> None:
    day = date(2026, 1, 5)
    ahead = horizon(STARTS[8:], ZONE, STEP)
    result = np.full(len(STARTS) - 8, 2.0)
    bright = {day: shape(day, 1, pv=4.0, forecast=4.0)}

    def first_kw(recent: Recent) -> float:
        return float(futures(ahead, [day], bright, pv_forecast_kw=result, pv_peak_kw=5, recent=recent).pv_kw[0, 0])

    measured_kw, load_kw = np.array([2.0, 2.0]), np.array([1.0, 1.0])
    assert first_kw(Recent(load_kw, measured_kw, np.array([2.0, 2.0]))) == 2.0
    assert first_kw(Recent(load_kw, measured_kw, np.array([1.6, 1.6]))) == 2.5
    assert first_kw(Recent(load_kw, measured_kw)) == 1.0
