"""The PV forecast of Home Assistant's energy dashboard, whichever integration makes it."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, ValidationError

from energy.errors import DataError
from energy.slots import floor_slot
from ingest.homeassistant.client import EntityState, HomeAssistant
from transport.payloads import PvForecast, first_fault

_HOUR = timedelta(hours=1)
# Longer forecasts are of no use, and a stray year must not become a million slots.
_LONGEST = timedelta(days=14)
_SOUNDS = ("solcast", "forecast_solar", "open_meteo_solar", "solar_forecast", "pv_forecast", "energy_production_t")


class _SolarForecastAnswer(BaseModel):
    """Of one integration: energy in Wh by the time at which it flows."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    wh_hours: dict[datetime, float]


def ask_forecast(assistant: HomeAssistant, now: datetime) -> PvForecast | None:
    """What its energy dashboard expects of the panels; None where it was given no forecast.

    Raises:
        DataError: it says something that is not a forecast.
    """
    return read_solar_forecast(assistant.solar_forecast(), now)


def read_solar_forecast(answer: Mapping[str, object], now: datetime) -> PvForecast | None:
    """Mean power by the hour, the forecasts of several arrays added up: P = sum(Wh of the hour) / 1 h.

    Integrations tell quarters, half hours or hours, and odd minutes at sunrise and sunset; what is not told is night.

    Raises:
        DataError: a time has no zone, a value is no finite number, or it reaches further than two weeks.
    """
    by_hour: dict[datetime, float] = {}
    for entry, part in answer.items():
        for moment, energy_wh in _read(entry, part).wh_hours.items():
            if moment.tzinfo is None or not math.isfinite(energy_wh):
                raise DataError(
                    f"solar forecast {entry!r}: {moment.isoformat()!r}: {energy_wh!r} is not a time with energy"
                )
            hour = floor_slot(moment.astimezone(UTC), _HOUR)
            by_hour[hour] = by_hour.get(hour, 0.0) + max(energy_wh, 0.0) / 1000
    if not by_hour:
        return None
    start, last = min(by_hour), max(by_hour)
    if last - start > _LONGEST:
        raise DataError(f"solar forecast: it ends {last.isoformat()}, more than two weeks after its beginning")
    values = tuple(round(by_hour.get(start + at * _HOUR, 0.0), 4) for at in range((last - start) // _HOUR + 1))
    return PvForecast(time=now, step_minutes=60, start=start, values_kw=values)


def _read(entry: str, part: object) -> _SolarForecastAnswer:
    try:
        return _SolarForecastAnswer.model_validate(part)
    except ValidationError as err:
        raise DataError(f"solar forecast {entry!r} of Home Assistant cannot be read: {first_fault(err)}") from err


def forecast_entities(states: Mapping[str, EntityState]) -> tuple[str, ...]:
    """Sensors that sound like a PV forecast, whatever the energy dashboard knows of them."""
    return tuple(
        sorted(name for name in states if name.startswith("sensor.") and any(word in name for word in _SOUNDS))
    )
