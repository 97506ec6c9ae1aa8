"""Forecasts with honest error: what a weather service might have said, wrong by more the further it looks ahead."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from energy.panels import PvPlant
from energy.solar import Irradiance, pv_power
from simulator.noise import Floats, remembering, running_mean, stream
from simulator.synthetic.spec import Quality
from simulator.weather.weather import Weather

# How far errors of each kind reach: found out within hours, within a day, within days; and how long they last.
_REACH_H = np.array([4.0, 24.0, 72.0])
_LASTS_H = np.array([3.0, 9.0, 30.0])
# Standard deviation of each kind at its full reach: temperature in K, logit of the clear-sky index.
_TEMPERATURE_K = np.array([0.9, 1.1, 2.0])
_SKY = np.array([0.65, 0.75, 1.0])
_SCALE: dict[Quality, float] = {"perfect": 0.0, "good": 1.0, "poor": 2.0}
# A forecaster does not see single clouds.
_SEES = timedelta(hours=2)


@dataclass(frozen=True, slots=True, eq=False)
class WeatherForecast:
    """Forecast of consecutive slots: temperature in °C, irradiance, wind."""

    temperature_c: Floats
    light: Irradiance
    wind_m_s: Floats


def look_ahead(weather: Weather, lead_h: Floats, *, quality: Quality, seed: int) -> WeatherForecast | None:
    """What had been forecast of each slot `lead_h` hours before it began; None where nobody forecasts.

    Errors are sums of three stationary processes, each weighted by how much of its reach the lead time covers: a later
    forecast of the same hour knows more, and none knows the hour itself better than its truth.
    """
    if quality == "none":
        return None
    per_hour = timedelta(hours=1) / weather.span.step
    scale = _SCALE[quality]
    weights = np.minimum(lead_h[None, :] / _REACH_H[:, None], 1.0) * scale

    def error(what: str, sizes: Floats) -> Floats:
        processes = [
            remembering(stream(seed, "forecast", what, at), len(lead_h), lasts_steps=lasts * per_hour)
            for at, lasts in enumerate(_LASTS_H.tolist())
        ]
        return np.asarray((weights * sizes[:, None] * np.array(processes)).sum(axis=0), dtype=np.float64)

    if scale == 0:
        return WeatherForecast(weather.temperature_c, weather.light, weather.wind_m_s)
    wind_m_s = np.full_like(weather.wind_m_s, weather.wind_m_s.mean())
    temperature_c = weather.temperature_c + error("temperature", _TEMPERATURE_K)
    return WeatherForecast(temperature_c, _mistaken(weather, error("sky", _SKY)), wind_m_s)


def pv_outlook(plant: PvPlant, weather: Weather, outlook: WeatherForecast) -> Floats:
    """PV power that follows from a forecast of the weather, in kW."""
    return pv_power(plant, weather.sun, outlook.light, outlook.temperature_c, outlook.wind_m_s)


def _mistaken(weather: Weather, error: Floats) -> Irradiance:
    """The sky as forecast: its clear-sky index smoothed and moved on the logit scale, so that it stays between 0 and 1.

    Direct light falls faster than global light as the sky closes: with the cube of the index.
    """
    width = round(_SEES / weather.span.step)
    clear, light = weather.clear, weather.light
    lit = running_mean(clear.ghi_w_m2, width)
    index = np.divide(running_mean(light.ghi_w_m2, width), lit, out=np.full_like(lit, 0.5), where=lit > 1)
    index = np.clip(index, 0.03, 0.985)
    index = 1 / (1 + (1 / index - 1) * np.exp(-error))
    ghi = index * clear.ghi_w_m2
    height = np.cos(np.radians(weather.sun.apparent_zenith_deg))
    direct = np.clip(clear.dni_w_m2 * index**3, 0, None)
    direct = np.minimum(direct, np.divide(ghi, height, out=np.zeros_like(ghi), where=height > 0.01))
    return Irradiance(ghi, direct, np.maximum(ghi - direct * np.maximum(height, 0), 0))
