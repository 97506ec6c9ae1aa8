"""Yields of panels under synthetic weather beside published ones: does a kWp in Madrid give what it gives there?"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from energy.panels import Place, PvArray, PvPlant
from energy.solar import SlotSpan, pv_power
from simulator.weather.climate import climate_of
from simulator.weather.weather import Weather, make_weather

_HALF_HOUR = timedelta(minutes=30)
A_YEAR = SlotSpan(datetime(2027, 1, 1, tzinfo=UTC), _HALF_HOUR, 365 * 48)
_KWP = PvPlant(arrays=(PvArray(peak_kw=1.0, tilt_deg=35.0),), inverter_kw=1.0)


class Published(NamedTuple):
    """A town and what a kWp yields there in a year, by PVGIS.

    PVGIS 5.2 of the Joint Research Centre, database SARAH-2, crystalline silicon, south, 35 degrees, 14 % losses. The
    figures are rounded to 10 kWh and were noted from earlier answers of that service; no page that prints them for
    these towns was found, so that they are a comparison from memory. Sourced figures are in `eval.realism.stations`.
    """

    latitude: float
    longitude: float
    altitude_m: float
    kwh_per_kwp: float


PUBLISHED = {
    "Madrid": Published(40.42, -3.70, 650, 1560),
    "Sevilla": Published(37.39, -5.98, 10, 1610),
    "Barcelona": Published(41.39, 2.17, 15, 1470),
    "Valencia": Published(39.47, -0.38, 15, 1520),
    "Bilbao": Published(43.26, -2.93, 20, 1150),
    "Zaragoza": Published(41.65, -0.89, 210, 1530),
    "A Coruña": Published(43.37, -8.40, 20, 1250),
    "Málaga": Published(36.72, -4.42, 10, 1620),
    "Valladolid": Published(41.65, -4.72, 700, 1520),
    "Palma": Published(39.57, 2.65, 20, 1520),
    "Lisboa": Published(38.72, -9.14, 50, 1580),
    "Marseille": Published(43.30, 5.37, 30, 1510),
    "Roma": Published(41.90, 12.50, 40, 1480),
    "Athína": Published(37.98, 23.73, 90, 1530),
    "Lyon": Published(45.76, 4.84, 170, 1240),
    "München": Published(48.14, 11.58, 520, 1130),
    "Paris": Published(48.86, 2.35, 35, 1080),
    "London": Published(51.51, -0.13, 15, 970),
    "Berlin": Published(52.52, 13.40, 35, 1030),
    "Las Palmas de Gran Canaria": Published(28.12, -15.43, 10, 1600),
}


class Yielded(NamedTuple):
    """Mean of synthetic years: AC energy of a kWp, and irradiation on the level in kWh/m2."""

    kwh_per_kwp: float
    level_kwh_m2: float


def synthetic_years(place: Place, seeds: int) -> list[Weather]:
    """A year's weather over a place, from each seed."""
    climate = climate_of(place)
    return [make_weather(place, climate, A_YEAR, seed=seed) for seed in range(1, seeds + 1)]


def level_kwh_m2(years: Sequence[Weather]) -> float:
    """Irradiation on the level, as the mean of years."""
    return float(np.mean([year.light.ghi_w_m2.sum() / 2000 for year in years]))


def yielded(town: Published, *, seeds: int = 5) -> Yielded:
    """What the panels give under synthetic weather, as the mean of some years."""
    place = Place(latitude=town.latitude, longitude=town.longitude, altitude_m=town.altitude_m)
    years = synthetic_years(place, seeds)
    given = [pv_power(_KWP, year.sun, year.light, year.temperature_c, year.wind_m_s).sum() / 2 for year in years]
    return Yielded(float(np.mean(given)), level_kwh_m2(years))


def yield_table(*, seeds: int = 5) -> str:
    """A Markdown table of all towns."""
    rows = [
        "| town | PVGIS (kWh/kWp) | synthetic years (kWh/kWp) | difference | level irradiation (kWh/m²) |",
        "|:--|--:|--:|--:|--:|",
    ]
    for name, town in PUBLISHED.items():
        made = yielded(town, seeds=seeds)
        off = made.kwh_per_kwp / town.kwh_per_kwp - 1
        rows.append(
            f"| {name} | {town.kwh_per_kwp:.0f} | {made.kwh_per_kwp:.0f} | {off:+.0%} | {made.level_kwh_m2:.0f} |"
        )
    return "\n".join(rows) + "\n"
