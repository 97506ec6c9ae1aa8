"""A weather forecast made into a PV forecast, shown or published where the service hears it."""

import json
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from energy.errors import SettingsError
from energy.panels import Place, PvPlant
from energy.slots import floor_slot
from energy.solar import HourlyWeather, Irradiance, pv_of_hours
from ingest.open_meteo import HourlyForecast, NoForecast, OpenMeteo
from transport.mqtt import BrokerAddress, MqttLink
from transport.payloads import PvForecast
from transport.topics import Topics

STEP = timedelta(minutes=30)
_HOUR = timedelta(hours=1)
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
        return Site.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as err:
        raise SettingsError(
            f"site {str(path)!r} cannot be read ({err.strerror}): copy site.example.toml there"
        ) from err
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise SettingsError(f"{path} is no TOML ({err}): mend that place, or copy site.example.toml") from err
    except ValidationError as err:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']} (given: {problem['input']!r})"
            for problem in err.errors(include_url=False)
        )
        raise SettingsError(f"{path}: {problems}") from err


@dataclass(frozen=True, slots=True)
class Forecaster:
    """A site and the service that tells its weather."""

    site: Site
    service: OpenMeteo

    def pv(self, now: datetime) -> PvForecast | NoForecast:
        """PV power of the half hours from now on, as far as the weather is told."""
        told = self.service.forecast(now)
        if isinstance(told, NoForecast):
            return told
        return pv_forecast(self.site, told, now)


def pv_forecast(site: Site, told: HourlyForecast, now: datetime) -> PvForecast:
    """The PV power that a weather forecast means, from the slot that holds `now` on."""
    light = Irradiance(told.ghi_w_m2, told.dni_w_m2, told.dhi_w_m2)
    hourly = HourlyWeather(told.start, light, told.temperature_c, told.wind_m_s)
    power_kw = pv_of_hours(site.pv, site.place, hourly, step=STEP)
    start = floor_slot(now, STEP)
    ahead = power_kw[(start - told.start) // STEP :][: _HORIZON // STEP]
    return PvForecast(
        time=told.told,
        step_minutes=STEP // timedelta(minutes=1),
        start=start,
        values_kw=tuple(np.round(ahead, 4).tolist()),
    )


def show(forecaster: Forecaster, now: datetime, *, as_json: bool) -> bool:
    """Print the forecast, by the day or as one JSON object; whether there is one."""
    forecast = forecaster.pv(now)
    if isinstance(forecast, NoForecast):
        print(json.dumps({"forecast": None, "reason": forecast.reason}) if as_json else f"none: {forecast.reason}")  # noqa: T201 (the answer)
        return False
    if as_json:
        print(forecast.model_dump_json())  # noqa: T201 (the answer)
        return True
    by_day: dict[str, float] = {}
    for at, power_kw in enumerate(forecast.values_kw):
        day = (forecast.start + at * STEP).strftime("%a %d %b")
        by_day[day] = by_day.get(day, 0.0) + power_kw * (STEP / _HOUR)
    print(f"PV by the forecast of {forecast.time:%d %b %H:%M} UTC, from now on:")  # noqa: T201 (the answer)
    for day, energy_kwh in by_day.items():
        print(f"  {day}  {energy_kwh:5.1f} kWh  {'▇' * round(energy_kwh)}")  # noqa: T201 (the answer)
    return True


def publish(
    forecaster: Forecaster, home: str, address: BrokerAddress, *, once: bool, clock: Callable[[], datetime]
) -> bool:
    """Publish the forecast to the home, every hour until stopped; whether the last one was there."""
    with MqttLink(address, f"energy-advisor-weather-{home}") as link:
        while True:
            forecast = forecaster.pv(clock())
            if isinstance(forecast, PvForecast):
                link.publish(Topics(home).sensor("pv_forecast"), forecast.model_dump_json(), retain=True, qos=1)
            if once:
                return isinstance(forecast, PvForecast)
            time.sleep(_HOUR.total_seconds())
