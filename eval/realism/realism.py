"""Does a synthetic home look like life? Numbers of hourly series, synthetic beside recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.history.citylearn import read_citylearn
from ingest.history.table import History
from knowledge.days import profile
from simulator.synthetic.home import synthetic_history
from simulator.synthetic.presets import beside_recorded

Floats = NDArray[np.float64]

RECORDED = tuple(range(1, 9))
_HOUR = timedelta(hours=1)
_YEAR_DAYS = 365
_EVENING = slice(17, 22)
_NIGHT = slice(1, 5)
LAGS_H = 8 * 24
QUANTILES = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True, eq=False)
class Hourly:
    """A home's year in hours: load and PV of shape (days, 24) in kW, its panels' peak in kW."""

    name: str
    load_kw: Floats
    pv_kw: Floats
    pv_peak_kw: float


def recorded_homes(wheel: Path) -> list[Hourly]:
    """Homes 1 to 8 of the CityLearn wheel; the others are kept for checking what was tuned on these."""
    return [_hourly(read_citylearn(wheel, number)) for number in RECORDED]


def synthetic_homes() -> list[Hourly]:
    """As many homes that never were, in the same place and year."""
    return [
        _hourly(synthetic_history(beside_recorded(number), seed=number, days=_YEAR_DAYS, step=_HOUR))
        for number in range(len(RECORDED))
    ]


def _hourly(history: History) -> Hourly:
    home = history.home

    def on_the_clock(series: str) -> Floats:
        shapes = [profile(day, getattr(day, series), zone=home.tz, step=_HOUR) for day in history.days]
        return np.array(shapes)

    return Hourly(home.name, on_the_clock("load_kw"), on_the_clock("pv_kw"), home.pv_peak_kw)


def autocorrelation(values: Floats, lag: int) -> float:
    """Correlation of a series with itself `lag` values later; NaN for one that never changes."""
    if not np.ptp(values):
        return np.nan
    return float(np.corrcoef(values[:-lag], values[lag:])[0, 1])


def duration_curve(home: Hourly) -> Floats:
    """Hourly load at 101 quantiles from the highest down, as a multiple of its mean."""
    return np.asarray(np.quantile(home.load_kw, 1 - QUANTILES) / home.load_kw.mean(), dtype=np.float64)


def autocorrelogram(home: Hourly) -> Floats:
    """Autocorrelation of the hourly load at lags of 1 hour to 8 days."""
    load = home.load_kw.ravel()
    return np.array([autocorrelation(load, lag) for lag in range(1, LAGS_H + 1)])


def peak_hours(home: Hourly) -> Floats:
    """Share of days whose highest hour is each of the 24."""
    return np.asarray(np.bincount(home.load_kw.argmax(axis=1), minlength=24) / len(home.load_kw), dtype=np.float64)


def likeness_of_neighbours(home: Hourly) -> Floats:
    """Correlation of each day's 24 hours with the next day's."""
    days = home.load_kw - home.load_kw.mean(axis=1, keepdims=True)
    norms = np.sqrt((days**2).sum(axis=1))
    products = norms[:-1] * norms[1:]
    return np.asarray((days[:-1] * days[1:]).sum(axis=1)[products > 0] / products[products > 0], dtype=np.float64)


def measures(home: Hourly) -> dict[str, float]:
    """The numbers that the table compares, by what they are called there."""
    daily_kwh, load = home.load_kw.sum(axis=1), home.load_kw.ravel()
    pv_kwh = home.pv_kw.sum(axis=1)
    peaks = peak_hours(home)
    return {
        "energy of a day, mean (kWh)": float(daily_kwh.mean()),
        "energy of a day, spread / mean": float(daily_kwh.std() / daily_kwh.mean()),
        "days below 60 % of the mean (%)": 100 * float((daily_kwh < 0.6 * daily_kwh.mean()).mean()),
        "highest hour (kW)": float(load.max()),
        "hour exceeded 2 % of the time / mean": float(np.quantile(load, 0.98) / load.mean()),
        "median hour / mean": float(np.median(load) / load.mean()),
        "hour exceeded 90 % of the time / mean": float(np.quantile(load, 0.1) / load.mean()),
        "night (1-5 h) / mean": float(home.load_kw[:, _NIGHT].mean() / load.mean()),
        "days that peak from 17 to 22 h (%)": 100 * float(peaks[_EVENING].sum()),
        "days that peak in the commonest hour (%)": 100 * float(peaks.max()),
        "autocorrelation after 1 hour": autocorrelation(load, 1),
        "autocorrelation after 1 day": autocorrelation(load, 24),
        "autocorrelation after 7 days": autocorrelation(load, 168),
        "energy of a day and the next, correlation": autocorrelation(daily_kwh, 1),
        "hours of a day and the next, correlation": float(np.median(likeness_of_neighbours(home))),
        "PV energy of a day, spread / mean": float(pv_kwh.std() / pv_kwh.mean()),
        "PV energy of a day and the next, correlation": autocorrelation(pv_kwh, 1),
        "PV of a year (kWh per kW)": float(pv_kwh.sum() * _YEAR_DAYS / len(pv_kwh) / home.pv_peak_kw),
    }


def table(recorded: Sequence[Hourly], synthetic: Sequence[Hourly]) -> str:
    """A Markdown table: median and range of each measure, and how many synthetic homes lie in the recorded range."""
    real, made = ([measures(home) for home in homes] for homes in (recorded, synthetic))
    rows = [
        f"| measure | {len(real)} recorded: median (range) | {len(made)} synthetic: median (range) | within |",
        "|---|---|---|---:|",
    ]
    for name in real[0]:
        lived, drawn = (np.array([one[name] for one in homes]) for homes in (real, made))
        within = int(((drawn >= lived.min()) & (drawn <= lived.max())).sum())
        rows.append(f"| {name} | {_in_words(lived)} | {_in_words(drawn)} | {within} of {len(drawn)} |")
    return "\n".join(rows) + "\n"


def _in_words(values: Floats) -> str:
    digits = 2 if np.abs(values).max() < 2 else 1 if np.abs(values).max() < 100 else 0
    middle, low, high = (f"{value:.{digits}f}" for value in (np.median(values), values.min(), values.max()))
    return f"{middle} ({low} to {high})"
