"""The temperature ahead, from what was felt and what was told, and from nothing of later."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pydantic import ValidationError

from agent.decision.outdoor_temperature import OutdoorTemperature
from ingest.live.snapshot import Reading
from transport.payloads import TemperatureForecast

NOW = datetime(2026, 1, 14, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
MADRID = ZoneInfo("Europe/Madrid")
AHEAD = [NOW + at * HOUR for at in range(24)]


def felt(*celsius: float, now: datetime = NOW) -> OutdoorTemperature:
    """Felt by the hour up to now."""
    outdoors = OutdoorTemperature(MADRID)
    for at, value in enumerate(celsius):
        outdoors.feel(Reading(value, now - (len(celsius) - 1 - at) * HOUR))
    return outdoors


def told(*celsius: float, made: datetime = MIDNIGHT, start: datetime | None = None) -> TemperatureForecast:
    return TemperatureForecast(time=made, step_minutes=60, start=start or made, values_c=celsius)


def test_without_a_forecast_it_is_yesterday_with_todays_difference_fading() -> None:
    yesterday = np.linspace(5, 11, 25)
    ahead = felt(*yesterday[:-1], 8).ahead(AHEAD)
    off_k = ahead - yesterday[:-1]
    assert off_k[0] == pytest.approx(8 - yesterday[0])
    assert off_k[12] == pytest.approx(3 / np.e, abs=0.01)
    assert np.all(np.diff(off_k) < 0)


def test_what_is_unknown_stays_as_it_is() -> None:
    assert felt(7.0).ahead(AHEAD).tolist() == [7.0] * 24
    assert OutdoorTemperature(MADRID).ahead(AHEAD).tolist() == [10.0] * 24


def test_a_forecast_holds_and_what_it_is_off_now_fades() -> None:
    outdoors = felt(*[5.0] * 24, 6.0)
    outdoors.update(told(*[4.0] * 12, *[-3.0] * 12, *[-8.0] * 24))
    ahead = outdoors.ahead(AHEAD)
    # Told -3 for now and felt 6: nine kelvin off, a third of it left after twelve hours.
    assert ahead[0] == pytest.approx(6)
    assert ahead[6] == pytest.approx(-3 + 9 / np.e**0.5)
    assert ahead[12] == pytest.approx(-8 + 9 / np.e)


def test_past_the_end_of_a_forecast_it_is_the_day_before_as_felt_or_told() -> None:
    """A forecast of midnight ends with its day: the morning after is as this one was, as much colder as it will be."""
    outdoors = felt(*[5.0] * 25)
    outdoors.update(told(*[5.0] * 13, *[-7.0] * 11))
    ahead = outdoors.ahead(AHEAD)
    assert ahead[1:12].tolist() == [-7.0] * 11
    assert ahead[12] == pytest.approx(5 - 12 * np.exp(-1 / 12))
    assert np.all(np.diff(ahead[12:]) > 0)
    # In a house that came up this morning the hours before are those that were told.
    young = felt(5.0)
    young.update(told(*[2.0] * 12, *[5.0] * 12))
    assert young.ahead(AHEAD)[12] == pytest.approx(2 + 3 * np.exp(-1 / 12))


def test_old_and_future_forecasts_count_for_nothing() -> None:
    alone = felt(*[5.0] * 25).ahead(AHEAD).tolist()
    for made in (NOW - timedelta(hours=26), NOW + timedelta(hours=2)):
        outdoors = felt(*[5.0] * 25)
        outdoors.update(told(*[-9.0] * 48, made=made, start=NOW))
        assert outdoors.ahead(AHEAD).tolist() == alone
    outdoors = felt(*[5.0] * 25)
    outdoors.update(told(*[5.0] * 48, made=NOW))
    outdoors.update(told(*[-9.0] * 48))
    assert outdoors.ahead(AHEAD).tolist() == alone


@pytest.mark.parametrize("celsius", [float("nan"), float("inf"), 61.0, -273.15])
def test_no_absurd_temperature_is_told(celsius: float) -> None:
    with pytest.raises(ValidationError, match="values_c"):
        told(5.0, celsius)
    with pytest.raises(ValidationError, match="values_c"):
        told(*[5.0] * 5000)


def test_a_day_is_remembered_as_it_was_told_when_it_began() -> None:
    """In Madrid the fifteenth begins at eleven at night; what is told later in it changes nothing."""
    outdoors, evening = OutdoorTemperature(MADRID), MIDNIGHT + 23 * HOUR
    assert outdoors.mean_c(date(2026, 1, 15)) is None
    for made, celsius in ((NOW, 9.0), (evening - HOUR, 3.0), (evening, 4.0), (evening + 5 * HOUR, -8.0)):
        outdoors.update(told(*[celsius] * 60, made=made))
    assert outdoors.mean_c(date(2026, 1, 15)) == 3.0
    assert outdoors.mean_c(date(2026, 1, 16)) == -8.0
    assert outdoors.day_ahead(evening + timedelta(minutes=90)) == 3.0
    assert outdoors.day_ahead(evening + 100 * HOUR) is None
    assert outdoors.mean_c(date(2026, 1, 18)) is None
