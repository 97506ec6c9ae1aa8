"""How sure an aggregate is: bootstrap intervals over homes and their windows."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_DRAWS = 2000
_SEED = 1
_LEVEL = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic of some values and its 95 % interval."""

    value: float
    low: float
    high: float

    def text(self, form: str = ".1f", *, times: float = 1.0) -> str:
        """The value with its interval in brackets."""
        value, low, high = (format(times * number, form) for number in (self.value, self.low, self.high))
        return f"{value} [{low}, {high}]"


def text_or_dash(estimate: Estimate | None, form: str) -> str:
    """The value with its interval, where there is one."""
    return "-" if estimate is None else estimate.text(form)


def median_of(values: Iterable[tuple[str, float]]) -> Estimate | None:
    """Median of values that each belong to a home; None where there is none."""
    return _estimate(values, np.median)


def mean_of(values: Iterable[tuple[str, float]]) -> Estimate | None:
    """Mean of values that each belong to a home; None where there is none."""
    return _estimate(values, np.mean)


def _estimate(values: Iterable[tuple[str, float]], statistic: Callable[..., Floats]) -> Estimate | None:
    """Percentile bootstrap in two stages: homes are drawn, then windows of each, because windows of a home are alike.

    With one home only its windows are drawn. Reference: Davison and Hinkley 1997, Bootstrap Methods, section 3.8.
    """
    homes: dict[str, list[float]] = defaultdict(list)
    for home, value in values:
        homes[home].append(value)
    if not homes:
        return None
    drawn = statistic(_drawn(list(homes.values())), axis=1)
    low, high = np.quantile(drawn, _LEVEL)
    everything = np.concatenate([np.array(windows) for windows in homes.values()])
    return Estimate(float(statistic(everything)), float(low), float(high))


def _drawn(homes: list[list[float]]) -> Floats:
    """Resampled values of shape (draws, homes x most windows of a home)."""
    rng = np.random.default_rng(_SEED)
    counts = np.array([len(windows) for windows in homes])
    padded = np.array([np.resize(windows, counts.max()) for windows in homes])
    chosen = rng.integers(0, len(homes), (_DRAWS, len(homes)))
    places = rng.random((_DRAWS, len(homes), counts.max())) * counts[chosen][:, :, None]
    return np.asarray(padded[chosen[:, :, None], places.astype(int)].reshape(_DRAWS, -1))
