"""Synthetic weather beside the normals of towns on every continent: is a tropical island one, and a desert a desert?"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from energy.panels import Place
from energy.solar import SlotSpan
from simulator.weather.climate import climate_of
from simulator.weather.climate_zones import zone_of
from simulator.weather.weather import make_weather

_HALF_HOUR = timedelta(minutes=30)
_A_DAY = 48
_DAYS = 364
_MONTH_DAYS = 28


class Normal(NamedTuple):
    """Where a town is, and its mean, warmest and coldest month and mean range of a day, 1991 to 2020, in °C.

    Rounded by hand and read from no one register: right to about 2 K, enough to find a place that is far off.
    """

    latitude: float
    longitude: float
    altitude_m: float
    mean_c: float
    warmest_c: float
    coldest_c: float
    daily_k: float


NORMALS = {
    "Apia": Normal(-13.8, -171.8, 2, 27, 27.5, 26, 7),
    "Malé": Normal(4.2, 73.5, 2, 28.5, 29, 28, 5),
    "Honolulu": Normal(21.3, -157.9, 5, 25.5, 27.5, 23, 7.5),
    "Bermuda": Normal(32.3, -64.8, 20, 22, 27.5, 18, 5.5),
    "Ponta Delgada": Normal(37.7, -25.7, 50, 17.5, 22.5, 14.5, 5),
    "Las Palmas": Normal(28.1, -15.4, 10, 21, 24.5, 18, 6),
    "Singapore": Normal(1.35, 103.8, 15, 28, 28.5, 27, 7),
    "Manaus": Normal(-3.1, -60, 70, 27, 28.5, 26, 8.5),
    "Miami": Normal(25.8, -80.2, 2, 25, 29, 20, 8),
    "Mumbai": Normal(19.1, 72.9, 10, 27.5, 30.5, 24.5, 9),
    "Darwin": Normal(-12.5, 130.8, 30, 27.5, 29.5, 25, 9),
    "Nairobi": Normal(-1.3, 36.8, 1660, 19, 20.5, 17, 11),
    "Quito": Normal(-0.2, -78.5, 2850, 14.5, 15, 14, 10.5),
    "Riyadh": Normal(24.7, 46.7, 612, 27, 37, 14.5, 13.5),
    "Dubai": Normal(25.2, 55.3, 5, 28.5, 36.5, 19.5, 10.5),
    "Cairo": Normal(30.1, 31.4, 74, 22.5, 29, 14, 11.5),
    "Phoenix": Normal(33.4, -112.0, 340, 24, 35.5, 13, 12.5),
    "Alice Springs": Normal(-23.8, 133.9, 545, 21, 29, 12, 15),
    "Delhi": Normal(28.6, 77.2, 216, 25, 33.5, 14, 12),
    "Lima": Normal(-12.0, -77.1, 10, 20, 23.5, 16.5, 5.5),
    "Sydney": Normal(-33.9, 151.2, 40, 18.5, 23.5, 13.5, 8),
    "Buenos Aires": Normal(-34.6, -58.5, 25, 18, 25, 11, 9.5),
    "Perth": Normal(-31.95, 115.86, 20, 19, 24.5, 13, 11.5),
    "Melbourne": Normal(-37.8, 145.0, 30, 16, 21, 10.5, 10),
    "Auckland": Normal(-37.0, 174.8, 5, 15.5, 20.5, 11, 7),
    "Hobart": Normal(-42.9, 147.3, 50, 13, 18, 9, 9),
    "Cape Town": Normal(-33.92, 18.42, 20, 17.5, 21.5, 13, 10),
    "Johannesburg": Normal(-26.1, 28.2, 1700, 16, 20, 10.5, 11.5),
    "Punta Arenas": Normal(-53.0, -70.9, 30, 6.5, 11, 2, 7),
    "Oslo": Normal(59.9, 10.7, 20, 7, 18, -3, 7.5),
    "Bergen": Normal(60.4, 5.3, 10, 8, 15, 2, 5.5),
    "Stockholm": Normal(59.3, 18.1, 20, 7.5, 18.5, -1, 7),
    "Helsinki": Normal(60.3, 25.0, 50, 6.5, 18, -4.5, 7),
    "Tromsø": Normal(69.7, 18.9, 10, 3.5, 12.5, -3.5, 5.5),
    "Kiruna": Normal(67.9, 20.2, 400, -1, 13.5, -13, 9),
    "Reykjavik": Normal(64.1, -21.9, 50, 5, 11.5, 0.5, 5),
    "London": Normal(51.5, -0.1, 20, 11.5, 19, 5.5, 7.5),
    "Munich": Normal(48.1, 11.6, 520, 9.5, 19.5, 0.5, 9.5),
    "Lyon": Normal(45.76, 4.84, 170, 13, 22.5, 4, 9.5),
    "Madrid": Normal(40.4, -3.7, 650, 15, 26, 6.5, 10),
    "Seville": Normal(37.4, -6.0, 10, 19.5, 28.5, 11, 12),
    "Moscow": Normal(55.8, 37.6, 150, 6.5, 19.5, -6, 7.5),
    "New York": Normal(40.8, -74.0, 40, 13, 25.5, 1, 8),
    "Chicago": Normal(41.9, -87.6, 200, 10.5, 24, -4, 9.5),
    "Winnipeg": Normal(49.9, -97.2, 240, 3, 19.5, -16.5, 11),
    "Atlanta": Normal(33.75, -84.4, 320, 17.5, 27, 7, 10.5),
    "Tokyo": Normal(35.7, 139.7, 40, 16, 27, 5.5, 7.5),
    "Beijing": Normal(39.9, 116.4, 45, 13.5, 27.5, -2.5, 10.5),
}


@dataclass(frozen=True, slots=True)
class SyntheticNormals:
    """The same of a synthetic year, with its highest and lowest temperature."""

    zone: str
    mean_c: float
    warmest_c: float
    coldest_c: float
    daily_k: float
    highest_c: float
    lowest_c: float

    def off(self, normal: Normal) -> tuple[float, float, float, float]:
        """By how much mean, warmest and coldest month and the range of a day are too high, in K."""
        return (
            self.mean_c - normal.mean_c,
            self.warmest_c - normal.warmest_c,
            self.coldest_c - normal.coldest_c,
            self.daily_k - normal.daily_k,
        )


def lived(normal: Normal, *, seeds: int = 1) -> SyntheticNormals:
    """Live through a year in a town, or through several; thirteen months of four weeks."""
    place = Place(latitude=normal.latitude, longitude=normal.longitude, altitude_m=normal.altitude_m)
    span = SlotSpan(datetime(2025, 1, 1, tzinfo=UTC), _HALF_HOUR, _DAYS * _A_DAY)
    climate = climate_of(place)
    celsius = np.array([make_weather(place, climate, span, seed=seed).temperature_c for seed in range(seeds)])
    months = celsius.reshape(seeds, -1, _MONTH_DAYS * _A_DAY).mean(axis=(0, 2))
    return SyntheticNormals(
        zone=zone_of(place),
        mean_c=float(celsius.mean()),
        warmest_c=float(months.max()),
        coldest_c=float(months.min()),
        daily_k=float(np.ptp(celsius.reshape(-1, _A_DAY), axis=1).mean()),
        highest_c=float(celsius.max(axis=1).mean()),
        lowest_c=float(celsius.min(axis=1).mean()),
    )


def climate_table(*, seeds: int = 3) -> str:
    """A Markdown table of all towns: normal, and in brackets by how much synthetic years are higher."""
    rows = [
        "| town | zone | mean (°C) | warmest month | coldest month | range of a day (K) | highest, lowest (°C) |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for town, normal in NORMALS.items():
        made = lived(normal, seeds=seeds)
        values = zip(normal[3:], made.off(normal), strict=True)
        cells = " | ".join(f"{value:g} ({off:+.1f})" for value, off in values)
        rows.append(f"| {town} | {made.zone} | {cells} | {made.highest_c:.0f}, {made.lowest_c:.0f} |")
    return "\n".join(rows) + "\n"
