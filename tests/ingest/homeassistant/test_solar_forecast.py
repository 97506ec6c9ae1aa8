"""The energy dashboard's solar forecast, as its integrations tell it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from energy.errors import DataError
from ingest.homeassistant.client import EntityState
from ingest.homeassistant.solar_forecast import forecast_entities, read_solar_forecast

NOW = datetime(2026, 6, 1, 5, 0, tzinfo=UTC)


def told(**wh: float) -> dict[str, Any]:
    return {f"2026-06-01T{at[1:3]}:{at[3:]}:00+02:00": value for at, value in wh.items()}


def test_hours_with_odd_minutes_at_sunrise_and_sunset_are_added_up_and_the_night_is_dark() -> None:
    text = {"roof": {"wh_hours": told(t0712=40.0, t0730=60.0, t0800=500.0, t1000=900.0)}}
    forecast = read_solar_forecast(text, NOW)
    assert forecast is not None
    assert (forecast.start, forecast.step_minutes, forecast.time) == (NOW, 60, NOW)
    assert forecast.values_kw == (0.1, 0.5, 0.0, 0.9)


def test_two_arrays_are_one_plant() -> None:
    text = {"east": {"wh_hours": told(t0800=300.0)}, "west": {"wh_hours": told(t0800=200.0, t0900=400.0)}}
    forecast = read_solar_forecast(text, NOW)
    assert forecast is not None
    assert forecast.values_kw == (0.5, 0.4)


@pytest.mark.parametrize("text", [{}, {"roof": {"wh_hours": {}}}])
def test_nothing_told_is_no_forecast(text: dict[str, Any]) -> None:
    assert read_solar_forecast(text, NOW) is None


@pytest.mark.parametrize(
    ("wh_hours", "named"),
    [
        ({"2026-06-01T08:00:00": 5.0}, "is not a time with energy"),
        ({"2026-06-01T08:00:00+02:00": "NaN"}, "is not a time with energy"),
        ({"soon": 5.0}, "'roof' of Home Assistant cannot be read"),
        ({"2026-06-01T08:00:00+02:00": "much"}, "cannot be read"),
        ({"2026-06-01T08:00:00Z": 1.0, "2126-06-01T08:00:00Z": 1.0}, "more than two weeks"),
        (7, "cannot be read"),
    ],
)
def test_what_is_no_forecast_is_refused_by_name(wh_hours: Any, named: str) -> None:
    with pytest.raises(DataError, match=named):
        read_solar_forecast({"roof": {"wh_hours": wh_hours}}, NOW)


def test_sensors_that_sound_like_a_forecast_are_named() -> None:
    names = ("sensor.solcast_pv_forecast_forecast_today", "sensor.energy_production_tomorrow", "sensor.pv_power")
    states = {name: EntityState(entity_id=name, state="1", last_updated=NOW) for name in names}
    assert forecast_entities(states) == ("sensor.energy_production_tomorrow", names[0])
