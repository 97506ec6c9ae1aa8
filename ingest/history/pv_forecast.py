"""A PV forecast with honest error for recordings that have none.

It is synthetic: recorded homes carry no forecast, their weather does not belong to their panels, and the exact future
would be looking ahead. The error is drawn once per home and day, from that day alone.
A forecast that is renewed through the day is wrong by less shortly before a slot, and one of the day before by more.
"""

import hashlib
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from knowledge.days import DayRecord, Floats

# Standard deviation of the logarithm of a day's energy error: clear days are easy, broken ones are not.
_CLEAR_ERROR, _CLOUDY_ERROR = 0.08, 0.30
# Error of single hours, and how it lasts from one hour to the next.
_HOURLY_ERROR, _HOURLY_CORRELATION = 0.15, 0.8
# What is left of midnight's error just before a slot, as a share of its logarithm, and the error of that last word.
_LEFT, _LAST_ERROR = 0.35, 0.10
# Standard deviation of the logarithm of what a forecast is revised by from one midnight to the next.
_REVISION = 0.15
# A forecaster does not see single clouds.
_SMOOTHED_HOURS = 3.0
# Mean power over the sunny slots of a cloudless day, as a share of the peak.
_CLEAR_SHARE = 0.4


def honest_pv_forecast(pv_kw: Floats, *, home: str, day: date, peak_kw: float, step_hours: float) -> Floats:
    """What a forecaster might have said of a day at its midnight, in kW, of the same shape as `pv_kw`.

    forecast = smoothed(pv) * exp(N(0, sigma_day)) * (1 + AR1), with sigma_day from 8 % (clear) to 30 % (overcast) by
    the day's own clearness, AR1 of 15 % with a correlation of 0.8 over an hour; clipped to 0..peak, 0 by night.
    """
    if np.isnan(pv_kw).any() or peak_kw <= 0:
        return np.full_like(pv_kw, np.nan)
    rng = _drawn(f"{home} {day}")
    sunny = pv_kw > 0.01 * peak_kw
    clearness = min(float(pv_kw[sunny].mean()) / (_CLEAR_SHARE * peak_kw), 1.0) if sunny.any() else 0.0
    day_error = rng.normal(0, _CLOUDY_ERROR + (_CLEAR_ERROR - _CLOUDY_ERROR) * clearness)
    wobble = _autoregressive(rng, len(pv_kw), _HOURLY_CORRELATION**step_hours) * _HOURLY_ERROR
    forecast = _smoothed(pv_kw, round(_SMOOTHED_HOURS / step_hours)) * np.exp(day_error) * (1 + wobble)
    return np.where(sunny, np.clip(forecast, 0, peak_kw), 0.0).round(4)


def honest_pv_nowcast(
    pv_kw: Floats, midnight_kw: Floats, *, home: str, day: date, peak_kw: float, step_hours: float
) -> Floats:
    """What a forecaster might have said of each slot just before it, having said `midnight_kw` at midnight.

    nowcast = smoothed(pv) * (midnight / smoothed(pv))^0.35 * (1 + AR1), with an AR1 of 10 %; clipped to 0..peak.
    """
    rng = _drawn(f"{home} {day} nowcast")
    seen = _smoothed(pv_kw, round(_SMOOTHED_HOURS / step_hours))
    off = np.divide(midnight_kw, seen, out=np.zeros_like(seen), where=seen > 0)
    wobble = _autoregressive(rng, len(pv_kw), _HOURLY_CORRELATION**step_hours) * _LAST_ERROR
    return np.asarray(np.clip(seen * off**_LEFT * (1 + wobble), 0, peak_kw), dtype=np.float64).round(4)


def with_nowcast(record: DayRecord, *, peak_kw: float) -> DayRecord:
    """A day whose forecast is renewed before every slot, where it has one; a perfect one stays so."""
    midnight_kw = record.pv_forecast_kw
    if midnight_kw is None:
        return record
    if np.array_equal(midnight_kw, record.pv_kw, equal_nan=True):
        return replace(record, pv_nowcast_kw=midnight_kw)
    step_hours = record.step / timedelta(hours=1)
    nowcast_kw = honest_pv_nowcast(
        record.pv_kw, midnight_kw, home=record.home, day=record.day, peak_kw=peak_kw, step_hours=step_hours
    )
    return replace(record, pv_nowcast_kw=nowcast_kw)


def forecast_a_day_before(midnight_kw: Floats, *, home: str, day: date, peak_kw: float) -> Floats:
    """What had been said of a day at the midnight before its own: its forecast before a revision of 15 %."""
    revision = _drawn(f"{home} {day} day before").normal(0, _REVISION)
    return np.asarray(np.clip(midnight_kw * np.exp(revision), 0, peak_kw), dtype=np.float64).round(4)


def _drawn(what: str) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(what.encode()).digest()[:8]))


def _autoregressive(rng: np.random.Generator, length: int, correlation: float) -> Floats:
    """AR(1) noise of unit variance."""
    noise = rng.normal(size=length)
    values = np.empty(length)
    values[0] = noise[0]
    for at in range(1, length):
        values[at] = correlation * values[at - 1] + np.sqrt(1 - correlation**2) * noise[at]
    return values


def _smoothed(values: Floats, width: int) -> Floats:
    """Centred moving mean; the ends keep their energy by repeating."""
    width = max(width | 1, 1)
    padded = np.pad(values, width // 2, mode="edge")
    return np.convolve(padded, np.ones(width) / width, mode="valid")
