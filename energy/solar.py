"""Sun and PV power by pvlib: position of the sun, clear sky, plane of array, cells, inverter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pvlib
from numpy.typing import NDArray

from energy.panels import Place, PvArray, PvPlant

Floats = NDArray[np.float64]

_FINE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SlotSpan:
    """`count` consecutive slots of length `step` from `start` (UTC) on; the sun is taken at their middles."""

    start: datetime
    step: timedelta
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Sun:
    """Where the sun stands in the middle of each slot, in degrees, and the normal irradiance above the air in W/m²."""

    zenith_deg: Floats
    apparent_zenith_deg: Floats
    azimuth_deg: Floats
    extraterrestrial_w_m2: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Irradiance:
    """Mean irradiance of each slot in W/m²: global horizontal, direct normal, diffuse horizontal."""

    ghi_w_m2: Floats
    dni_w_m2: Floats
    dhi_w_m2: Floats


@dataclass(frozen=True, slots=True, eq=False)
class HourlyWeather:
    """Mean irradiance, temperature in °C and wind in m/s of consecutive hours from `start` (UTC) on."""

    start: datetime
    light: Irradiance
    temperature_c: Floats
    wind_m_s: Floats


def sun(place: Place, span: SlotSpan) -> Sun:
    """Position of the sun by the USNO ephemeris, within 0.01 degrees and ten times faster than SPA."""
    times = _middles(span)
    seen = pvlib.solarposition.get_solarposition(
        times, place.latitude, place.longitude, altitude=place.altitude_m, method="ephemeris"
    )
    return Sun(
        zenith_deg=_array(seen["zenith"]),
        apparent_zenith_deg=_array(seen["apparent_zenith"]),
        azimuth_deg=_array(seen["azimuth"]),
        extraterrestrial_w_m2=_array(pvlib.irradiance.get_extra_radiation(times)),
    )


def clear_sky(place: Place, span: SlotSpan, seen: Sun) -> Irradiance:
    """Irradiance without a cloud, by Ineichen and Perez 2002 (doi:10.1016/S0038-092X(02)00045-2).

    Turbidity is the monthly climatology that pvlib carries for the place.
    """
    times = _middles(span)
    airmass = pvlib.atmosphere.get_relative_airmass(seen.apparent_zenith_deg)
    pressure_pa = pvlib.atmosphere.alt2pres(place.altitude_m)
    # By night the formula divides by zero; what comes of it is set to zero below.
    with np.errstate(divide="ignore", invalid="ignore"):
        sky = pvlib.clearsky.ineichen(
            seen.apparent_zenith_deg,
            pvlib.atmosphere.get_absolute_airmass(airmass, pressure_pa),
            _array(pvlib.clearsky.lookup_linke_turbidity(times, place.latitude, place.longitude)),
            altitude=place.altitude_m,
            dni_extra=seen.extraterrestrial_w_m2,
        )
    return Irradiance(*(np.nan_to_num(_array(sky[name])) for name in ("ghi", "dni", "dhi")))


def pv_power(plant: PvPlant, seen: Sun, light: Irradiance, temperature_c: Floats, wind_m_s: Floats) -> Floats:
    """AC power in kW: never negative, never above the inverter's rating.

    Hay and Davies transposition, reflection at the glass by Martin and Ruiz 2001 (doi:10.1016/S0927-0248(00)00408-6),
    Faiman 2008 cell temperature (doi:10.1002/pip.813), PVWatts modules and inverter (Dobos 2014, NREL/TP-6A20-62641).
    """
    dc_kw = np.zeros_like(light.ghi_w_m2)
    for array in plant.arrays:
        dc_kw += _dc_power(array, plant, seen, light, _Air(temperature_c, wind_m_s))
    ac_kw = pvlib.inverter.pvwatts(
        dc_kw * (1 - plant.loss_share),
        plant.inverter_kw / plant.inverter_efficiency,
        eta_inv_nom=plant.inverter_efficiency,
    )
    return np.clip(np.nan_to_num(_array(ac_kw)), 0.0, plant.inverter_kw)


def pv_of_hours(plant: PvPlant, place: Place, hourly: HourlyWeather, *, step: timedelta) -> Floats:
    """Mean AC power in kW of slots of `step` over the hours given, shape (hours * slots of an hour,).

    Within an hour the sun moves on: its mean irradiance is spread as a clear sky would be, in steps of five minutes.
    """
    per_hour = timedelta(hours=1) // _FINE
    span = SlotSpan(hourly.start, _FINE, len(hourly.temperature_c) * per_hour)
    seen = sun(place, span)
    clear = clear_sky(place, span, seen)
    light = Irradiance(
        _spread(hourly.light.ghi_w_m2, clear.ghi_w_m2, per_hour),
        _spread(hourly.light.dni_w_m2, clear.dni_w_m2, per_hour),
        # Clouds scatter: diffuse light is many times a clear sky's, in the course of its global light.
        _spread(hourly.light.dhi_w_m2, clear.ghi_w_m2, per_hour),
    )
    air = (np.repeat(values, per_hour) for values in (hourly.temperature_c, hourly.wind_m_s))
    power = pv_power(plant, seen, light, *air)
    return np.asarray(power.reshape(-1, step // _FINE).mean(axis=1), dtype=np.float64)


def _spread(mean: Floats, clear: Floats, per_hour: int) -> Floats:
    """Hourly means in the shape of a clear sky; nothing where that is dark, at most half as bright again."""
    by_hour = clear.reshape(-1, per_hour)
    level = by_hour.mean(axis=1)
    index = np.divide(mean, level, out=np.zeros_like(mean), where=level > 1)
    return np.asarray((by_hour * np.minimum(index, 1.5)[:, None]).ravel(), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Air:
    temperature_c: Floats
    wind_m_s: Floats


def _dc_power(array: PvArray, plant: PvPlant, seen: Sun, light: Irradiance, air: _Air) -> Floats:
    plane = pvlib.irradiance.get_total_irradiance(
        array.tilt_deg,
        array.azimuth_deg,
        seen.apparent_zenith_deg,
        seen.azimuth_deg,
        light.dni_w_m2,
        light.ghi_w_m2,
        light.dhi_w_m2,
        dni_extra=seen.extraterrestrial_w_m2,
        albedo=plant.albedo,
        model="haydavies",
    )
    on_plane = np.maximum(np.nan_to_num(_array(plane["poa_global"])), 0.0)
    cell_c = pvlib.temperature.faiman(on_plane, air.temperature_c, air.wind_m_s)
    inside = np.maximum(np.nan_to_num(_through_glass(array, seen, plane)), 0.0)
    dc_kw = pvlib.pvsystem.pvwatts_dc(inside, cell_c, array.peak_kw, plant.temperature_coefficient_per_k)
    return np.maximum(_array(dc_kw), 0.0)


def _through_glass(array: PvArray, seen: Sun, plane: Mapping[str, object]) -> Floats:
    """What of the light on the plane is not reflected, beside what is reflected of light that falls straight in."""
    angle_deg = pvlib.irradiance.aoi(array.tilt_deg, array.azimuth_deg, seen.apparent_zenith_deg, seen.azimuth_deg)
    diffuse = pvlib.iam.martin_ruiz_diffuse(array.tilt_deg)
    direct = _array(plane["poa_direct"]) * _array(pvlib.iam.martin_ruiz(angle_deg))
    sky = _array(plane["poa_sky_diffuse"]) * float(diffuse["sky"])
    return direct + sky + _array(plane["poa_ground_diffuse"]) * float(diffuse["ground"])


def _middles(span: SlotSpan) -> pd.DatetimeIndex:
    return pd.date_range(span.start + span.step / 2, periods=span.count, freq=pd.Timedelta(span.step))


def _array(values: object) -> Floats:
    return np.asarray(values, dtype=np.float64)
