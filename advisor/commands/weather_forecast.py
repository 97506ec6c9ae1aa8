"""A weather forecast made into one of PV and temperature, shown or published where the service hears it."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import typer
from pydantic import BaseModel, ConfigDict, ValidationError

from energy.errors import SettingsError
from energy.panels import Place, PvPlant
from energy.slots import floor_slot
from energy.solar import HourlyWeather, Irradiance, pv_of_hours
from energy.validation_messages import validation_messages
from ingest.home_file import parse_text
from ingest.open_meteo import HourlyForecast, NoForecast, OpenMeteo
from transport.mqtt import BrokerAddress, MqttLink
from transport.payloads import PvForecast, TemperatureForecast
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
        return Site.model_validate(parse_text(path.read_text(encoding="utf-8"), path))
    except OSError as err:
        raise SettingsError(
            f"site {str(path)!r} cannot be read ({err.strerror}): copy site.example.toml there"
        ) from err
    except UnicodeDecodeError as err:
        raise SettingsError(f"{path} is not UTF-8 text ({err}): mend that place, or copy site.example.toml") from err
    except ValidationError as err:
        raise SettingsError(f"{path}: {validation_messages(err, Site)}") from err


@dataclass(frozen=True, slots=True)
class HomeForecast:
    """What the weather told means for a home, from now on."""

    sun: PvForecast
    warmth: TemperatureForecast


@dataclass(frozen=True, slots=True)
class Forecaster:
    """A site and the service that tells its weather."""

    site: Site
    service: OpenMeteo

    def outlook(self, now: datetime) -> HomeForecast | NoForecast:
        """PV power and temperature from now on, as far as the weather is told."""
        told = self.service.forecast(now)
        if isinstance(told, NoForecast):
            return told
        return HomeForecast(pv_forecast(self.site, told, now), temperature_forecast(told, now))


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


def temperature_forecast(told: HourlyForecast, now: datetime) -> TemperatureForecast:
    """The temperature of a weather forecast, from the hour that holds `now` on."""
    start = floor_slot(now, _HOUR)
    ahead = told.temperature_c[(start - told.start) // _HOUR :][: _HORIZON // _HOUR]
    return TemperatureForecast(
        time=told.told, step_minutes=60, start=start, values_c=tuple(np.round(ahead, 2).tolist())
    )


def show(forecaster: Forecaster, now: datetime, *, as_json: bool) -> bool:
    """Print the forecast, by the day or as one JSON object; whether there is one."""
    told = forecaster.outlook(now)
    if isinstance(told, NoForecast):
        nothing = {"pv_forecast": None, "temperature_forecast": None, "reason": told.reason}
        typer.echo(json.dumps(nothing) if as_json else f"none: {told.reason}")
        return False
    if as_json:
        sun, warmth = told.sun.model_dump_json(), told.warmth.model_dump_json()
        typer.echo(f'{{"pv_forecast": {sun}, "temperature_forecast": {warmth}}}')
        return True
    typer.echo(f"By the forecast of {told.sun.time:%d %b %H:%M} UTC, from now on:")
    for line in _by_day(told):
        typer.echo(f"  {line}")
    return True


def _by_day(told: HomeForecast) -> Iterator[str]:
    """Of each day (UTC) the lowest and highest temperature, and what the panels are expected to give."""
    warmth: dict[date, list[float]] = defaultdict(list)
    for at, celsius in enumerate(told.warmth.values_c):
        warmth[(told.warmth.start + at * _HOUR).date()].append(celsius)
    energy_kwh: dict[date, float] = defaultdict(float)
    for at, power_kw in enumerate(told.sun.values_kw):
        energy_kwh[(told.sun.start + at * STEP).date()] += power_kw * (STEP / _HOUR)
    for day, felt in warmth.items():
        sun_kwh = energy_kwh[day]
        bar = "▇" * round(sun_kwh)
        yield f"{day:%a %d %b}  {min(felt):4.0f} to {max(felt):3.0f} °C  {sun_kwh:5.1f} kWh  {bar}".rstrip()


def publish(
    forecaster: Forecaster, home: str, address: BrokerAddress, *, once: bool, clock: Callable[[], datetime]
) -> bool:
    """Publish the forecasts to the home, every hour until stopped; whether the last ones were there."""
    with MqttLink(address, f"energy-advisor-weather-{home}") as link:
        while True:
            told = forecaster.outlook(clock())
            if isinstance(told, HomeForecast):
                for name, forecast in (("pv_forecast", told.sun), ("temperature_forecast", told.warmth)):
                    link.publish(Topics(home).sensor(name), forecast.model_dump_json(), retain=True, qos=1)
            if once:
                return isinstance(told, HomeForecast)
            time.sleep(_HOUR.total_seconds())
