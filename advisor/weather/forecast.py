"""A weather forecast made into one of PV and temperature, shown or published where the service hears it."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

import typer

from ingest.open_meteo import NoForecast, OpenMeteo
from ingest.site import HOUR, STEP, Site, pv_forecast, temperature_forecast
from transport.mqtt import BrokerAddress, MqttLink
from transport.payloads import PvForecast, TemperatureForecast
from transport.topics import Topics


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
        expected = self.service.forecast(now)
        if isinstance(expected, NoForecast):
            return expected
        return HomeForecast(pv_forecast(self.site, expected, now), temperature_forecast(expected, now))


def show(forecaster: Forecaster, now: datetime, *, as_json: bool) -> bool:
    """Print the forecast, by the day or as one JSON object; whether there is one."""
    expected = forecaster.outlook(now)
    if isinstance(expected, NoForecast):
        nothing = {"pv_forecast": None, "temperature_forecast": None, "reason": expected.reason}
        typer.echo(json.dumps(nothing) if as_json else f"none: {expected.reason}")
        return False
    if as_json:
        sun, warmth = expected.sun.model_dump_json(), expected.warmth.model_dump_json()
        typer.echo(f'{{"pv_forecast": {sun}, "temperature_forecast": {warmth}}}')
        return True
    typer.echo(f"By the forecast of {expected.sun.time:%d %b %H:%M} UTC, from now on:")
    for line in _by_day(expected):
        typer.echo(f"  {line}")
    return True


def _by_day(expected: HomeForecast) -> Iterator[str]:
    """Of each day (UTC) the lowest and highest temperature, and what the panels are expected to give."""
    warmth: dict[date, list[float]] = defaultdict(list)
    for at, celsius in enumerate(expected.warmth.values_c):
        warmth[(expected.warmth.start + at * HOUR).date()].append(celsius)
    energy_kwh: dict[date, float] = defaultdict(float)
    for at, power_kw in enumerate(expected.sun.values_kw):
        energy_kwh[(expected.sun.start + at * STEP).date()] += (power_kw or 0.0) * (STEP / HOUR)
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
            expected = forecaster.outlook(clock())
            if isinstance(expected, HomeForecast):
                for name, forecast in (("pv_forecast", expected.sun), ("temperature_forecast", expected.warmth)):
                    link.publish(Topics(home).sensor(name), forecast.model_dump_json(), retain=True, qos=1)
            if once:
                return isinstance(expected, HomeForecast)
            time.sleep(HOUR.total_seconds())
