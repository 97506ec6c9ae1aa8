"""Sun of synthetic weather beside that of weather files: a year's irradiation on the level, station by station."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from energy.panels import Place
from eval.realism.yields import level_kwh_m2, synthetic_years


class Station(NamedTuple):
    """A weather file of EnergyPlus: where it was measured, its year on the level, and its mean cloud where it has one.

    The files are IWEC of ASHRAE, SWEC of Spain, INETI of Portugal and TMY3 of the United States, summed up as they
    come with the packages `sinergym` 3.5.1 and `accim-samples` 0.8.2: the column of global horizontal radiation, and
    that of total sky cover in tenths. They hold years of before 2000: satellites see some per cent more since.
    """

    file: str
    latitude: float
    longitude: float
    altitude_m: float
    level_kwh_m2: float
    cloud: float | None


STATIONS = {
    "Sevilla": Station("ESP Sevilla 083910 IWEC", 37.42, -5.90, 31, 1776, 0.31),
    "Granada": Station("ESP Granada 084190 SWEC", 37.18, -3.78, 559, 1777, None),
    "Lisboa": Station("PRT Lisboa 085360 INETI", 38.73, -9.15, 71, 1648, 0.40),
    "London": Station("GBR London Gatwick 037760 IWEC", 51.15, -0.18, 62, 1010, 0.67),
    "Aberdeen": Station("GBR Aberdeen Dyce 030910 IWEC", 57.20, -2.22, 65, 856, 0.72),
    "Stockholm": Station("SWE Stockholm Arlanda 024600 IWEC", 59.65, 17.95, 61, 922, 0.66),
    "Helsinki": Station("FIN Helsinki 029740 IWEC", 60.32, 24.97, 56, 947, 0.68),
    "New York": Station("USA New York JFK 744860 TMY3", 40.65, -73.80, 5, 1430, 0.57),
    "Pittsburgh": Station("USA Pittsburgh Allegheny 725205 TMY3", 40.35, -79.92, 380, 1229, 0.65),
    "Chicago": Station("USA Chicago O'Hare 725300 TMY3", 41.98, -87.92, 201, 1407, 0.59),
    "Denver": Station("USA Aurora Buckley 724695 TMY3", 39.72, -104.75, 1726, 1660, 0.62),
    "Tucson": Station("USA Davis-Monthan 722745 TMY3", 32.17, -110.88, 809, 2002, 0.33),
    "Port Angeles": Station("USA Port Angeles 727885 TMY3", 48.12, -123.50, 91, 1262, 0.60),
    "Sydney": Station("AUS Sydney 947670 IWEC", -33.95, 151.18, 3, 1652, 0.49),
    "Tokyo": Station("JPN Tokyo Hyakuri 477150 IWEC", 36.18, 140.42, 35, 1307, 0.64),
    "Antananarivo": Station("MDG Antananarivo 670830 IWEC", -18.80, 47.48, 1276, 1834, 0.64),
    "Bogotá": Station("COL Bogota 802220 IWEC", 4.70, -74.13, 2548, 1618, 0.71),
}


class Lit(NamedTuple):
    """Mean of synthetic years: irradiation on the level in kWh/m2, and cloud cover."""

    level_kwh_m2: float
    cloud: float


def lit(station: Station, *, seeds: int = 10) -> Lit:
    """What the sky over a station gives in synthetic years."""
    place = Place(latitude=station.latitude, longitude=station.longitude, altitude_m=station.altitude_m)
    years = synthetic_years(place, seeds)
    return Lit(level_kwh_m2(years), float(np.mean([year.cloud.mean() for year in years])))


class StationSun(NamedTuple):
    """A weather file beside synthetic years over its place."""

    file: str
    measured_kwh_m2: float
    synthetic_kwh_m2: float
    measured_cloud: float | None
    synthetic_cloud: float


def station_suns(*, seeds: int = 10) -> list[StationSun]:
    """All stations."""
    made = [(station, lit(station, seeds=seeds)) for station in STATIONS.values()]
    return [StationSun(one.file, one.level_kwh_m2, sun.level_kwh_m2, one.cloud, sun.cloud) for one, sun in made]


def station_table(suns: Sequence[StationSun]) -> str:
    """The same as a table of Markdown."""
    rows = [
        "| weather file | measured (kWh/m²) | synthetic years (kWh/m²) | difference | cloud measured | synthetic |",
        "|:--|--:|--:|--:|--:|--:|",
    ]
    for one in suns:
        off = one.synthetic_kwh_m2 / one.measured_kwh_m2 - 1
        cloud = "" if one.measured_cloud is None else f"{one.measured_cloud:.2f}"
        rows.append(
            f"| {one.file} | {one.measured_kwh_m2:.0f} | {one.synthetic_kwh_m2:.0f} | {off:+.0%} "
            f"| {cloud} | {one.synthetic_cloud:.2f} |"
        )
    return "\n".join(rows) + "\n"
