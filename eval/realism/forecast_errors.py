"""How wrong synthetic forecasts are, by how far they look ahead."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from simulator.synthetic.home import STEP, SyntheticYear, live
from simulator.synthetic.outlook import look_ahead, pv_outlook
from simulator.synthetic.presets import preset
from simulator.synthetic.spec import Quality

Floats = NDArray[np.float64]

LEADS_H = (1, 6, 12, 24, 48, 72)
_QUALITIES: tuple[Quality, ...] = ("good", "poor")
_DAYLIGHT_W_M2 = 50.0
_PER_HOUR = timedelta(hours=1) // STEP


def forecast_table(homes: Sequence[str] = ("couple", "heat-pump"), *, days: int = 365) -> str:
    """A Markdown table of errors at growing lead times, for known synthetic homes."""
    rows = [
        "| home | forecast | hours ahead | temperature (K) | PV by day, of peak (%) | PV of a day (%) |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for name in homes:
        year = live(preset(name), seed=1, days=days)
        for quality in _QUALITIES:
            for lead_h in LEADS_H:
                kelvin, power, energy = errors(year, lead_h, quality=quality, seed=1)
                rows.append(
                    f"| {name} | {quality} | {lead_h} | {kelvin:.1f} | {100 * power:.0f} | {100 * energy:.0f} |"
                )
    return "\n".join(rows) + "\n"


def errors(year: SyntheticYear, lead_h: float, *, quality: Quality, seed: int) -> tuple[float, float, float]:
    """Temperature RMSE in K, hourly PV RMSE by day as a share of the peak, MAE of a day's PV as a share of the mean."""
    weather = year.weather
    forecast = look_ahead(weather, np.full(weather.span.count, lead_h), quality=quality, seed=seed)
    if forecast is None:
        return np.nan, np.nan, np.nan
    off_k = forecast.temperature_c - weather.temperature_c
    wrong_kw = _hourly(pv_outlook(year.spec.pv, weather, forecast) - year.pv_kw)
    by_day = _hourly(weather.clear.ghi_w_m2) > _DAYLIGHT_W_M2
    whole = len(wrong_kw) // 24 * 24
    days_kwh = wrong_kw[:whole].reshape(-1, 24).sum(axis=1)
    mean_kwh = _hourly(year.pv_kw)[:whole].sum() / len(days_kwh)
    return (
        float(np.sqrt((off_k**2).mean())),
        float(np.sqrt((wrong_kw[by_day] ** 2).mean()) / year.spec.pv.peak_kw),
        float(np.abs(days_kwh).mean() / mean_kwh),
    )


def _hourly(values: Floats) -> Floats:
    return np.asarray(values[: len(values) // _PER_HOUR * _PER_HOUR].reshape(-1, _PER_HOUR).mean(axis=1), np.float64)
