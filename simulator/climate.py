"""What weather a place usually has: means and swings by latitude, each of which may be set instead."""

from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from energy.panels import Place

_LAPSE_K_PER_M = 0.0065


class ClimateWishes(BaseModel):
    """What a user knows better than the latitude does; None leaves the usual."""

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

    `warmest_day` is the day of the year when the season peaks, a month after the solstice of its hemisphere.
    """

    mean_temperature_c: float
    seasonal_swing_k: float
    daily_swing_k: float
    summer_cloud: float
    winter_cloud: float
    wind_m_s: float
    weather_swing_k: float
    warmest_day: int


def climate_of(place: Place, wishes: ClimateWishes | None = None) -> Climate:
    """The usual climate of a latitude and altitude in the west of a continent; in its east winters are colder.

    Within 1.2 K of the yearly means of Seville, Lyon, London, Munich, Berlin, Oslo and Los Angeles. Cloud is least in
    the dry belt near 30 degrees, most towards the poles, and half in the tropics.
    """
    latitude = abs(place.latitude)
    bend = np.sin(np.radians(latitude))
    summer_cloud = np.interp(latitude, [0, 15, 28, 36, 52, 90], [0.55, 0.5, 0.2, 0.2, 0.55, 0.7])
    usual = {
        "mean_temperature_c": float(min(30.2 - 32 * bend**2, 26.5) - _LAPSE_K_PER_M * place.altitude_m),
        "seasonal_swing_k": float(1 + 11 * np.sin(np.radians(min(1.25 * latitude, 90)))),
        "daily_swing_k": 13.0,
        "summer_cloud": float(summer_cloud),
        "winter_cloud": float(min(summer_cloud + 0.25 * np.interp(latitude, [10, 30], [0, 1]), 1)),
        "wind_m_s": 3.0,
    }
    given = {} if wishes is None else wishes.model_dump(exclude_none=True)
    return Climate(
        **(usual | given),
        weather_swing_k=float(np.interp(latitude, [0, 20, 45], [0.8, 1.5, 3.2])),
        warmest_day=205 if place.latitude >= 0 else 22,
    )
