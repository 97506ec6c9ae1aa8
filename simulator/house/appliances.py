"""From hourly means to minutes: appliances switch on and off, the sun moves smoothly, no energy is lost."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Share of the load that runs evenly: standby, fridge, heating. The rest comes in pulses.
_STEADY_SHARE = 0.55


@dataclass(frozen=True, slots=True)
class Appliance:
    """Something that draws `power_kw` for `minutes`; `share` is its part of the energy of all pulses."""

    power_kw: float
    minutes: float
    share: float


APPLIANCES = (
    Appliance(power_kw=2.2, minutes=4, share=0.15),  # kettle, microwave
    Appliance(power_kw=2.4, minutes=25, share=0.35),  # oven, hob
    Appliance(power_kw=2.0, minutes=45, share=0.30),  # washing, dishes
    Appliance(power_kw=0.6, minutes=60, share=0.20),  # screens, pumps
)


def spiky_load(mean_kw: Floats, step: timedelta, *, per_interval: int, rng: np.random.Generator) -> Floats:
    """Load in steps, `per_interval` to each mean, whose intervals keep their energy; shape (means * per_interval,).

    Pulses arrive as a Poisson process with the energy that the steady part leaves; then every interval is scaled
    to its own mean, so that no appliance appears in a house that used nothing.
    """
    if per_interval == 1:
        return mean_kw.copy()
    fine_kw = np.repeat(mean_kw, per_interval)
    shape = _STEADY_SHARE * fine_kw
    for appliance in APPLIANCES:
        shape += _pulses(appliance, (1 - _STEADY_SHARE) * fine_kw, step, rng=rng)
    by_interval = shape.reshape(-1, per_interval)
    scale = np.divide(mean_kw, by_interval.mean(axis=1), out=np.zeros_like(mean_kw), where=mean_kw > 0)
    fitted: Floats = by_interval * scale[:, None]
    return fitted.ravel()


def _pulses(appliance: Appliance, pulsed_kw: Floats, step: timedelta, *, rng: np.random.Generator) -> Floats:
    """Mean power of one appliance per step, given the mean power of all pulses."""
    step_minutes = step / timedelta(minutes=1)
    expected_starts = appliance.share * pulsed_kw * step_minutes / (appliance.power_kw * appliance.minutes)
    edges = np.arange(0, appliance.minutes, step_minutes)
    minutes_on = np.minimum(appliance.minutes - edges, step_minutes)
    starts = rng.poisson(expected_starts)
    drawn: Floats = np.convolve(starts, appliance.power_kw * minutes_on / step_minutes)[: len(pulsed_kw)]
    return drawn


def smooth_sun(mean_kw: Floats, *, per_interval: int, peak_kw: float) -> Floats:
    """PV power in steps whose intervals keep their energy; never negative, nor above the peak where the mean is not.

    Differences of a monotone cubic through the cumulated energy (Fritsch and Carlson 1980, doi:10.1137/0717021):
    it passes through every interval's end, and it never falls.
    """
    if per_interval == 1 or len(mean_kw) < 2:
        return np.repeat(mean_kw, per_interval)
    cumulated = np.r_[0.0, np.cumsum(mean_kw)]
    edges = np.linspace(0, len(mean_kw), len(mean_kw) * per_interval + 1)
    edges[::per_interval] = np.arange(len(cumulated))
    fine_kw = np.diff(scipy.interpolate.PchipInterpolator(np.arange(len(cumulated)), cumulated)(edges)) * per_interval
    by_interval = np.maximum(fine_kw, 0).reshape(-1, per_interval)
    return _below_peak(by_interval, mean_kw, peak_kw).ravel()


def _below_peak(by_interval: Floats, mean_kw: Floats, peak_kw: float) -> Floats:
    """Flatten intervals towards their mean until their highest step fits under the peak."""
    rise = by_interval.max(axis=1) - mean_kw
    room = np.maximum(peak_kw - mean_kw, 0)
    kept = np.divide(np.minimum(room, rise), rise, out=np.zeros_like(rise), where=rise > 0)
    flattened: Floats = mean_kw[:, None] + kept[:, None] * (by_interval - mean_kw[:, None])
    return flattened
