"""Weather that was never measured: regimes that last, a sky that moves, temperature that follows both; seeded."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import scipy
from numpy.typing import NDArray

from energy.panels import Place
from energy.solar import Irradiance, SlotSpan, Sun, clear_sky, sun
from simulator.noise import Floats, lagged, remembering, running_mean, stream
from simulator.weather.climate import Climate

_HOUR = timedelta(hours=1)
# Chance that a regime moves to the one beside it within an hour, were both equally common.
_MOVES = 0.037
# Clear, changing, overcast, rain: cloud cover, transmission of the cloud, wind, gap to the dew point, rain in mm/h.
# Half a cover leaves nine tenths of the light and a whole one a quarter: Kasten and Czeplak 1980, 1 - 0.75 cover^3.4
# (doi:10.1016/0038-092X(80)90391-6). By the hour Sevilla, London and Aberdeen do the same (`eval.realism.stations`).
_CLOUD = np.array([0.06, 0.5, 0.93, 0.985])
_THROUGH_CLOUD = np.array([0.65, 0.7, 0.43, 0.23])
_WINDY = np.array([0.75, 1.05, 0.95, 1.5])
_DRY_K = np.array([10.0, 7.0, 3.5, 1.2])
_RAIN_MM_H = np.array([0.0, 0.03, 0.04, 0.6])
# More weight to clear and overcast skies than a binomial gives: cloud cover is U-shaped (Jones 1992).
_SKY_WEIGHTS = np.array([1.4, 0.7, 1.1, 1.0])
_BINOMIAL_3 = np.array([1, 3, 3, 1])


@dataclass(frozen=True, slots=True, eq=False)
class Weather:
    """Mean weather of each slot, arrays of shape (slots,); `clear` is the irradiance that no cloud would have left."""

    span: SlotSpan
    sun: Sun
    clear: Irradiance
    light: Irradiance
    temperature_c: Floats
    humidity: Floats
    cloud: Floats
    wind_m_s: Floats
    rain_mm_h: Floats
    regime: NDArray[np.intp]

    def steps_of(self, length: timedelta) -> float:
        """How many slots a time span has."""
        return length / self.span.step


def make_weather(place: Place, climate: Climate, span: SlotSpan, *, seed: int) -> Weather:
    """Weather of consecutive slots; the same seed gives the same weather, whatever is drawn elsewhere."""
    seen = sun(place, span)
    clear = clear_sky(place, span, seen)
    season = _season(span, climate)
    per_hour = _HOUR / span.step
    regime = _regimes(span, climate, season, rng=stream(seed, "regime"))
    cloud = _cloud(regime, per_hour, rng=stream(seed, "cloud"))
    light = _light(clear, seen, regime, cloud, _Fast(per_hour, stream(seed, "sky")))
    temperature_c = _temperature(climate, season, regime, light, _Fast(per_hour, stream(seed, "temperature")))
    return Weather(
        span=span,
        sun=seen,
        clear=clear,
        light=light,
        temperature_c=temperature_c,
        humidity=_humidity(temperature_c, regime, _Fast(per_hour, stream(seed, "humidity"))),
        cloud=cloud,
        wind_m_s=_wind(climate, season, regime, clear, _Fast(per_hour, stream(seed, "wind"))),
        rain_mm_h=_rain(regime, _Fast(per_hour, stream(seed, "rain"))),
        regime=regime,
    )


@dataclass(frozen=True, slots=True)
class _Fast:
    """Slots per hour, and a source of chance."""

    per_hour: float
    rng: np.random.Generator

    def noise(self, length: int, *, lasts_h: float) -> Floats:
        return remembering(self.rng, length, lasts_steps=lasts_h * self.per_hour)


def _season(span: SlotSpan, climate: Climate) -> Floats:
    """1 on the warmest day of the year, -1 half a year later."""
    first = span.start.timetuple().tm_yday + span.start.hour / 24
    days = first + np.arange(span.count) * (span.step / timedelta(days=1))
    return np.asarray(np.cos(2 * np.pi * (days - climate.warmest_day) / 365.25), dtype=np.float64)


def _regimes(span: SlotSpan, climate: Climate, season: Floats, *, rng: np.random.Generator) -> NDArray[np.intp]:
    """A chain that moves one regime at a time and spends in each the share that the season's cloud asks for.

    Metropolis steps between neighbours, so that the stationary distribution is exact.
    """
    hold = max(round(_HOUR / span.step), 1)
    blocks = -(-span.count // hold)
    mean_cloud = (climate.summer_cloud + climate.winter_cloud) / 2
    swing = (climate.summer_cloud - climate.winter_cloud) / 2
    shares = _regime_shares(mean_cloud + swing * season[::hold])
    draws, ways = rng.random(blocks), rng.choice([-1, 1], blocks)
    state = int(rng.choice(4, p=shares[0]))
    states = np.empty(blocks, dtype=np.intp)
    for at in range(blocks):
        wanted = state + int(ways[at])
        if 0 <= wanted < 4 and draws[at] < 2 * _MOVES * min(1.0, shares[at, wanted] / shares[at, state]):
            state = wanted
        states[at] = state
    return np.repeat(states, hold)[: span.count]


def _regime_shares(cloud: Floats) -> Floats:
    """Shares of the four regimes whose mean cloud cover is the one given, of shape (len(cloud), 4)."""
    tries = np.linspace(0.001, 0.999, 200)
    order = np.arange(4)
    weights = _SKY_WEIGHTS * _BINOMIAL_3 * tries[:, None] ** order * (1 - tries[:, None]) ** (3 - order)
    shares = weights / weights.sum(axis=1, keepdims=True)
    chosen = np.interp(cloud, shares @ _CLOUD, tries)
    return np.column_stack([np.interp(chosen, tries, shares[:, at]) for at in order])


def _cloud(regime: NDArray[np.intp], per_hour: float, *, rng: np.random.Generator) -> Floats:
    """Cloud cover 0 to 1: the regime's, passing smoothly from one to the next, with hours of its own."""
    usual = scipy.special.ndtri(running_mean(_CLOUD[regime], round(3 * per_hour)))
    return np.asarray(
        scipy.special.ndtr(usual + 0.45 * remembering(rng, len(regime), lasts_steps=4 * per_hour)), dtype=np.float64
    )


def _light(clear: Irradiance, seen: Sun, regime: NDArray[np.intp], cloud: Floats, fast: _Fast) -> Irradiance:
    """Sun between clouds: a slot is shaded where a quick noise falls below the cloud cover, by a cloud of some depth.

    Beside the shadow of broken clouds their bright edges add up to a seventh (Gueymard 2017).
    """
    quick = fast.noise(len(cloud), lasts_h=0.35)
    shaded = np.clip((scipy.special.ndtri(np.clip(cloud, 1e-6, 1 - 1e-6)) - quick) / 0.4 + 0.5, 0, 1)
    depth = running_mean(_THROUGH_CLOUD[regime], round(3 * fast.per_hour))
    through = np.clip(depth * np.exp(0.35 * fast.noise(len(cloud), lasts_h=3)), 0.05, 0.85)
    # The clear sky holds the month's mean haze already: days are as often clearer as hazier.
    haze = np.exp(0.03 * fast.noise(len(cloud), lasts_h=30))
    lit = haze * (1 + cloud**2 * (1 - cloud))
    ghi = clear.ghi_w_m2 * ((1 - shaded) * lit + shaded * np.minimum(through, lit))
    height = np.cos(np.radians(seen.apparent_zenith_deg))
    direct = np.clip((1 - shaded) * haze * clear.dni_w_m2, 0, None)
    direct = np.minimum(direct, np.divide(ghi, height, out=np.zeros_like(ghi), where=height > 0.01))
    return Irradiance(ghi, direct, np.maximum(ghi - direct * np.maximum(height, 0), 0))


def _temperature(climate: Climate, season: Floats, regime: NDArray[np.intp], light: Irradiance, fast: _Fast) -> Floats:
    """Season, air masses that stay for days, warm clouds in winter and cool ones in summer, and the sun of the day."""
    count, day = len(season), round(24 * fast.per_hour)
    air_mass = climate.weather_swing_k * fast.noise(count, lasts_h=60)
    covered = running_mean(_CLOUD[regime], day) - 0.5
    warmed = lagged(light.ghi_w_m2 / 1000, lasts_steps=3 * fast.per_hour)
    by_sun = climate.daily_swing_k / 0.62 * (warmed - running_mean(warmed, day))
    base = climate.mean_temperature_c + climate.seasonal_swing_k * season
    clouds = -3.0 * np.sin(np.pi / 2 * season) * covered * climate.weather_swing_k / 3.2
    return np.asarray(base + air_mass + clouds + by_sun + 0.25 * fast.noise(count, lasts_h=0.7), dtype=np.float64)


def _humidity(temperature_c: Floats, regime: NDArray[np.intp], fast: _Fast) -> Floats:
    """Relative humidity 0 to 1 by Magnus (Alduchov and Eskridge 1996), from a dew point that follows the day's mean."""
    day = round(24 * fast.per_hour)
    gap_k = running_mean(_DRY_K[regime], round(6 * fast.per_hour)) * np.exp(0.25 * fast.noise(len(regime), lasts_h=12))
    dew_c = np.minimum(running_mean(temperature_c, day) - gap_k, temperature_c)
    return np.clip(_vapour(dew_c) / _vapour(temperature_c), 0.03, 1.0)


def _vapour(temperature_c: Floats) -> Floats:
    """Saturation vapour pressure in hPa."""
    return np.asarray(6.1094 * np.exp(17.625 * temperature_c / (temperature_c + 243.04)), dtype=np.float64)


def _wind(climate: Climate, season: Floats, regime: NDArray[np.intp], clear: Irradiance, fast: _Fast) -> Floats:
    """Wind speed at ten metres: Rayleigh distributed about a mean that regime, season and sun move."""
    daily = 0.8 + 0.5 * clear.ghi_w_m2 / max(float(clear.ghi_w_m2.max()), 1.0)
    mean = climate.wind_m_s * running_mean(_WINDY[regime], round(4 * fast.per_hour)) * daily * (1 - 0.15 * season)
    level = np.clip(scipy.special.ndtr(fast.noise(len(season), lasts_h=6)), 1e-6, 1 - 1e-6)
    return np.asarray(mean * np.sqrt(-4 / np.pi * np.log(1 - level)), dtype=np.float64)


def _rain(regime: NDArray[np.intp], fast: _Fast) -> Floats:
    """Rain in mm/h: in showers within the wet regimes, many light and few heavy."""
    level = scipy.special.ndtr(fast.noise(len(regime), lasts_h=1.5))
    falls = np.where(level > 0.55, -np.log(np.clip(1 - level, 1e-6, 1)), 0.0)
    return np.asarray(_RAIN_MM_H[regime] * falls, dtype=np.float64)
