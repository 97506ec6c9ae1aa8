"""The PV forecast that counts, whatever clocks its publishers keep."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.decision.outdoor_temperature import OutdoorTemperature
from agent.decision.pv_forecast import PvForecasts
from ingest.live.snapshot import Reading
from transport.payloads import PvForecast, TemperatureForecast

NOW = datetime(2026, 1, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MADRID = ZoneInfo("Europe/Madrid")


def forecast(value_kw: float, *, made: datetime) -> PvForecast:
    return PvForecast(time=made, step_minutes=60, start=NOW, values_kw=(value_kw,) * 24)


@pytest.mark.parametrize("ahead", [HOUR, timedelta(days=14), timedelta(days=60_000)])
@pytest.mark.parametrize("clock_known", [True, False])
def test_a_forecast_dated_in_the_future_does_not_win_over_later_ones(ahead: timedelta, clock_known: bool) -> None:
    known, from_ahead = PvForecasts(MADRID), forecast(9.0, made=NOW).model_copy(update={"time": NOW + ahead})
    known.update(from_ahead, now=NOW if clock_known else None)
    known.update(forecast(1.0, made=NOW + timedelta(minutes=5)), now=NOW + timedelta(minutes=5))
    expected_kw = known.ahead(NOW, 2 * HOUR, HOUR)
    assert expected_kw is not None
    assert expected_kw.tolist() == [1.0, 1.0]


def test_an_older_forecast_still_changes_nothing() -> None:
    known = PvForecasts(MADRID)
    known.update(forecast(2.0, made=NOW), now=NOW)
    known.update(forecast(1.0, made=NOW - HOUR), now=NOW + HOUR)
    expected_kw = known.ahead(NOW, HOUR, HOUR)
    assert expected_kw is not None
    assert expected_kw.tolist() == [2.0]


def test_a_temperature_forecast_dated_in_the_future_does_not_win_either() -> None:
    outdoors = OutdoorTemperature(MADRID)
    outdoors.feel(Reading(5.0, NOW))
    for celsius, made in ((40.0, NOW + 20 * HOUR), (5.0, NOW + timedelta(minutes=5))):
        told = TemperatureForecast(time=made, step_minutes=60, start=NOW, values_c=(celsius,) * 24)
        outdoors.update(told, now=NOW + timedelta(minutes=5))
    assert outdoors.ahead([NOW + at * HOUR for at in range(3)]).tolist() == pytest.approx([5.0] * 3)
