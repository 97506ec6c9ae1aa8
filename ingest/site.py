"""Where panels stand and what they are, and the PV power and temperature that a weather forecast means there."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from energy.errors import SettingsError
from energy.panels import Place, PvPlant
from energy.slots import floor_slot
from energy.validation_messages import validation_messages
from ingest.home_file import parse_text
from ingest.open_meteo import HourlyForecast
from transport.payloads import PvForecast, TemperatureForecast

STEP = timedelta(minutes=30)
HOUR = timedelta(hours=1)
_HORIZON = timedelta(hours=72)


class Site(BaseModel):
    """Where the panels are and what they are: the file that `advisor weather` reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: Place
    pv: PvPlant


def load_site(path: Path) -> Site:
    """Read a site.

    Raises:
        SettingsError: naming the file, each wrong key, its value and what is allowed.
    """
    try:
        return Site.model_validate(parse_text(path.read_text(encoding="utf-8"), path))
    except OSError as err:
        raise SettingsError(
            f"site {str(path)!r} cannot be read ({err.strerror}): copy site.example.toml there"
        ) from err
    except UnicodeDecodeError as err:
        raise SettingsError(f"{path} is not UTF-8 text ({err}): correct that place, or copy site.example.toml") from err
    except ValidationError as err:
        raise SettingsError(f"{path}: {validation_messages(err, Site)}") from err


def pv_forecast(site: Site, weather: HourlyForecast, now: datetime) -> PvForecast:
    """The PV power that a weather forecast means, from the slot that holds `now` on."""
    # pvlib takes a second to import: only who makes a forecast pays it.
    from energy.solar import HourlyWeather, Irradiance, pv_of_hours  # noqa: PLC0415 (see above)

    light = Irradiance(weather.ghi_w_m2, weather.dni_w_m2, weather.dhi_w_m2)
    hourly = HourlyWeather(weather.start, light, weather.temperature_c, weather.wind_m_s)
    power_kw = pv_of_hours(site.pv, site.place, hourly, step=STEP)
    start = floor_slot(now, STEP)
    ahead = power_kw[(start - weather.start) // STEP :][: _HORIZON // STEP]
    return PvForecast(
        time=weather.made_at,
        step_minutes=STEP // timedelta(minutes=1),
        start=start,
        values_kw=tuple(np.round(ahead, 4).tolist()),
    )


def temperature_forecast(weather: HourlyForecast, now: datetime) -> TemperatureForecast:
    """The temperature of a weather forecast, from the hour that holds `now` on."""
    start = floor_slot(now, HOUR)
    ahead = weather.temperature_c[(start - weather.start) // HOUR :][: _HORIZON // HOUR]
    return TemperatureForecast(
        time=weather.made_at, step_minutes=60, start=start, values_c=tuple(np.round(ahead, 2).tolist())
    )
