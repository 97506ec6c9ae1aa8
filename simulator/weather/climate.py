"""What weather a place usually has: means and swings by latitude and climate zone, each of which may be set instead."""

from dataclasses import dataclass, replace

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from energy.panels import Place
from simulator.weather.climate_zones import OCEAN, by_the_sea, zone_of

_LAPSE_K_PER_M = 0.0065
# Tropical highlands are plateaus, warmer than a mountain of their height.
_TROPICAL_LAPSE_K_PER_M = 0.0045
_TROPIC = 30.0
# Temperate nearer to the equator is a highland of the tropics.
_HIGHLANDS = 15.0
# The south lies between oceans and is cooler.
_COOLER_SOUTH_K = 2.0


class ClimateWishes(BaseModel):
    """What a user knows better than the map does; None leaves the usual."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    mean_temperature_c: float | None = Field(default=None, ge=-40, le=40)
    seasonal_swing_k: float | None = Field(default=None, ge=0, le=35)
    daily_swing_k: float | None = Field(default=None, ge=0, le=25)
    summer_cloud: float | None = Field(default=None, ge=0, le=1)
    winter_cloud: float | None = Field(default=None, ge=0, le=1)
    wind_m_s: float | None = Field(default=None, ge=0, le=20)


@dataclass(frozen=True, slots=True)
class Climate:
    """Annual mean temperature, half the range of monthly means, range of a clear summer day, cloud cover, wind.

    `weather_swing_k` is the spread of air masses, and `warmest_day` the day of the year when the season peaks, a month
    after the solstice of its hemisphere.
    """

    mean_temperature_c: float
    seasonal_swing_k: float
    daily_swing_k: float
    summer_cloud: float
    winter_cloud: float
    wind_m_s: float
    weather_swing_k: float
    warmest_day: int


@dataclass(frozen=True, slots=True)
class _ClimateZone:
    """How a climate zone differs from the west of Europe at its latitude: seasons and weather as factors.

    `cloud` is that of summer and winter in place of the latitude's, `cloudier` a factor on each; summers of a cool
    shore are half way to the cloud of the open sea.
    """

    warmer_k: float = 0.0
    seasons: float = 1.0
    weather: float = 1.0
    daily_swing_k: float = 13.0
    cloud: tuple[float, float] | None = None
    cloudier: tuple[float, float] = (1.0, 1.0)
    cool_shore: bool = False


_AS_EUROPE = _ClimateZone()
# Around the Mediterranean skies are clearer than over the Atlantic at the same latitude; shores of a cool sea with rain
# all year are the reverse, at the Bay of Biscay for one.
_DRY_SUMMER, _SEA_CLOUD = (0.75, 0.86), 0.75
# By the first letters of a zone's name, the longest that fits.
_ZONES = {
    OCEAN: _ClimateZone(seasons=0.45, weather=0.6, daily_swing_k=6.5, cloud=(0.5, 0.55)),
    "A": _ClimateZone(warmer_k=0.7, seasons=0.6, weather=0.8, daily_swing_k=9.0),
    "BW": _ClimateZone(warmer_k=2.5, seasons=1.25, cloud=(0.08, 0.25)),
    "BSk": _ClimateZone(cloudier=_DRY_SUMMER),
    "BSh": _ClimateZone(warmer_k=2.0, seasons=1.2, cloud=(0.3, 0.25)),
    "Cfa": _ClimateZone(warmer_k=-2.0, seasons=1.2, daily_swing_k=10.5, cloud=(0.6, 0.6)),
    "Cfc": _ClimateZone(warmer_k=0.5, seasons=0.6, weather=0.8, daily_swing_k=9.0),
    "Csa": _ClimateZone(cloudier=_DRY_SUMMER),
    "Csb": _ClimateZone(warmer_k=-1.0, seasons=0.8, daily_swing_k=12.0, cloudier=(0.95, 1.0)),
    "Cw": _ClimateZone(seasons=0.9, daily_swing_k=12.0, cloud=(0.75, 0.5)),
    "Dfa": _ClimateZone(warmer_k=-4.0, seasons=1.4),
    "Dfb": _ClimateZone(warmer_k=-1.0, seasons=1.15, weather=1.2),
    "Dfd": _ClimateZone(warmer_k=-9.0, seasons=2.0, weather=1.3),
    "Dw": _ClimateZone(warmer_k=-4.5, seasons=1.55, cloud=(0.55, 0.25)),
    "E": _ClimateZone(warmer_k=-4.0),
    "EF": _ClimateZone(warmer_k=-18.0),
}
_TEMPERATE_SOUTH = _ClimateZone(seasons=0.6, weather=0.8, daily_swing_k=10.5)


def climate_of(place: Place, wishes: ClimateWishes | None = None) -> Climate:
    """The usual climate of a place: that of its latitude in the west of Europe, changed by its Köppen-Geiger zone.

    Cloud is least in the dry belt near 30 degrees, most towards the poles, and half in the tropics. How near it comes
    to the normals of forty towns is in `tests/simulator/weather/test_climate.py`.
    """
    latitude, zone = abs(place.latitude), _zone(place)
    bend = np.sin(np.radians(latitude))
    cooler_k = np.interp(-place.latitude, [10, 30], [0, _COOLER_SOUTH_K])
    lapse = _LAPSE_K_PER_M if latitude >= _TROPIC else _TROPICAL_LAPSE_K_PER_M
    summer_cloud, winter_cloud = zone.cloud or _cloud(latitude, zone)
    warmer_k = zone.warmer_k - float(cooler_k)
    usual = {
        "mean_temperature_c": float(min(30.2 - 32 * bend**2, 26.5) - lapse * place.altitude_m) + warmer_k,
        "seasonal_swing_k": float(1 + 11 * np.sin(np.radians(min(1.25 * latitude, 90)))) * zone.seasons,
        "daily_swing_k": zone.daily_swing_k,
        "summer_cloud": summer_cloud,
        "winter_cloud": winter_cloud,
        "wind_m_s": 3.0,
    }
    given = {} if wishes is None else wishes.model_dump(exclude_none=True)
    return Climate(
        **(usual | given),
        weather_swing_k=float(np.interp(latitude, [0, 20, 45], [0.8, 1.5, 3.2])) * zone.weather,
        warmest_day=205 if place.latitude >= 0 else 22,
    )


def _cloud(latitude: float, zone: _ClimateZone) -> tuple[float, float]:
    """Cloud cover of summer and winter at a latitude in the west of Europe, and what the zone makes of it."""
    summer = float(np.interp(latitude, [0, 15, 28, 35, 52, 90], [0.65, 0.58, 0.2, 0.2, 0.55, 0.7]))
    winter = summer + 0.25 * float(np.interp(latitude, [10, 30], [0, 1]))
    if zone.cool_shore:
        summer = (summer + _SEA_CLOUD) / 2
    return min(summer * zone.cloudier[0], 1.0), min(winter * zone.cloudier[1], 1.0)


def _zone(place: Place) -> _ClimateZone:
    """The zone of a place on the map, milder where the sea is near."""
    name, coast = zone_of(place), by_the_sea(place)
    if name == "Cfa" and _north_of_the_mediterranean(place):
        name = "Csa"
    if name == OCEAN or (coast and name.startswith("B")):
        # A desert by the sea lies at a cold current: the Canaries, Lima, Walvis Bay.
        return _ZONES[OCEAN]
    zone = _inland(name, place.latitude)
    if not coast:
        return zone
    if name.startswith("Cf"):
        zone = replace(zone, cool_shore=True)
    return replace(
        zone, seasons=0.8 * zone.seasons, weather=0.85 * zone.weather, daily_swing_k=0.75 * zone.daily_swing_k
    )


def _north_of_the_mediterranean(place: Place) -> bool:
    """Aquitaine, Catalonia, the plain of the Po: summer's rain falls in short storms, and skies are as in the south.

    Elsewhere Cfa is the humid east of a continent. Published yields of Milan and of a school near Barcelona are in
    `eval.realism.yields`.
    """
    return -10 < place.longitude < 17 and 36 < place.latitude < 47


def _inland(name: str, latitude: float) -> _ClimateZone:
    if name.startswith("C") and latitude < -_TROPIC:
        return _TEMPERATE_SOUTH
    if name.startswith("C") and abs(latitude) < _HIGHLANDS:
        name = "A"
    fitting = (known for end in range(len(name), 0, -1) if (known := _ZONES.get(name[:end])) is not None)
    return next(fitting, _AS_EUROPE)
