from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from agent.decision.pv_forecast import PvForecasts
from transport.payloads import PvForecast

DAWN = datetime(2026, 6, 1, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)


def told(at: datetime, value: float) -> PvForecast:
    return PvForecast(time=at, step_minutes=60, start=DAWN, values_kw=(value,) * 24)


def test_of_each_slot_the_first_word_of_its_day_and_the_last_before_it_are_kept() -> None:
    forecasts = PvForecasts(ZoneInfo("Europe/Madrid"))
    for hour in range(4):
        forecasts.update(told(DAWN + hour * HOUR - timedelta(minutes=10), float(hour)))
    assert [forecasts.day_ahead(DAWN + hour * HOUR) for hour in range(6)] == [0.0] * 6
    # Each forecast is made ten minutes before its hour, so it is the last word on that one; the newest on those ahead.
    assert [forecasts.nowcast(DAWN + hour * HOUR) for hour in range(6)] == [0.0, 1.0, 2.0, 3.0, 3.0, 3.0]


def test_without_a_forecast_there_is_no_last_word_and_none_is_fresh() -> None:
    forecasts = PvForecasts(ZoneInfo("UTC"))
    assert forecasts.nowcast(DAWN) is None
    assert not forecasts.is_fresh(DAWN)
    forecasts.update(told(DAWN, 1.0))
    assert forecasts.is_fresh(DAWN + 23 * HOUR)
    assert not forecasts.is_fresh(DAWN + 25 * HOUR)
