"""Which sensor is which, and which way round: found from what happened, not from names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# A day and a half of hours with something in them; below that, resemblance is luck.
_FEWEST = 36
_LEAST_SHARE_ALIKE = 0.95
_SOC_ALIKE = 0.8
# A meter and an inverter may differ by some losses, but not by a fifth.
_SLOPE = 0.2
# The balance of a right home is hardly ever below nothing by more than its meters' noise.
_NEGATIVE_KW = 0.15
_WRONG_SHARE = 0.05
_MUCH_BETTER = 0.25


@dataclass(frozen=True, slots=True)
class Match:
    """A sensor that measures a role: its sign, and what its numbers must be multiplied by to be what they claim."""

    name: str
    sign: Literal[1, -1]
    scale: float
    likeness: float


def match_power(target_kw: Floats, candidates: Mapping[str, Floats]) -> Match | None:
    """The candidate that follows a known power (kW, the same slots) best, in either direction and any power unit.

    Least squares through the origin; a slope near 1, 1000 or 0.001 tells the unit.
    """
    found = [match for name, values in candidates.items() if (match := _compare(name, values, target_kw)) is not None]
    return max(found, key=lambda match: match.likeness, default=None)


def _compare(name: str, values: Floats, target_kw: Floats) -> Match | None:
    both = ~np.isnan(values) & ~np.isnan(target_kw)
    seen, wanted = values[both], target_kw[both]
    if len(seen) < _FEWEST or np.ptp(seen) == 0 or np.ptp(wanted) == 0 or not np.any(wanted):
        return None
    likeness = float(np.corrcoef(seen, wanted)[0, 1])
    if abs(likeness) < _LEAST_SHARE_ALIKE:
        return None
    slope = float(seen @ wanted / (wanted @ wanted))
    for scale in (1.0, 1000.0, 0.001):
        if abs(abs(slope) / scale - 1) <= _SLOPE:
            return Match(name, 1 if slope > 0 else -1, 1 / scale, abs(likeness))
    return None


@dataclass(frozen=True, slots=True)
class BatteryFit:
    """A charge sensor that rises as a battery is charged; what follows for capacity and one-way efficiency."""

    name: str
    capacity_kwh: float
    efficiency: float
    likeness: float
    reversed: bool


def match_charge(charged_kw: Floats, discharged_kw: Floats, candidates: Mapping[str, Floats]) -> BatteryFit | None:
    """The charge sensor (0 to 1, hourly means) that goes with a battery's hourly energies.

    Its change from hour to hour is the mean of both hours' energies over the capacity; charging and discharging are
    fitted apart, and their ratio is the efficiency there and back.
    """
    fits = [fit for name, soc in candidates.items() if (fit := _fit(name, soc, charged_kw, discharged_kw)) is not None]
    return max(fits, key=lambda fit: fit.likeness, default=None)


def _fit(name: str, soc: Floats, charged_kw: Floats, discharged_kw: Floats) -> BatteryFit | None:
    rise = np.diff(soc)
    into, out = ((flow[1:] + flow[:-1]) / 2 for flow in (charged_kw, discharged_kw))
    known = ~(np.isnan(rise) | np.isnan(into) | np.isnan(out)) & (into + out > 0)
    if known.sum() < _FEWEST or np.ptp(rise[known]) == 0:
        return None
    rise, into, out = rise[known], into[known], out[known]
    likeness = float(np.corrcoef(rise, into - out)[0, 1])
    if abs(likeness) < _SOC_ALIKE:
        return None
    up, down = np.abs(np.linalg.lstsq(np.stack([into, out], axis=1), rise, rcond=None)[0]).tolist()
    efficiency = float(np.clip(np.sqrt(up / down) if down else 1.0, 0.85, 1.0))
    return BatteryFit(name, efficiency / up if up else 0.0, efficiency, abs(likeness), likeness < 0)


Signs = tuple[Literal[1, -1], Literal[1, -1]]
_BOTH: tuple[Literal[1, -1], ...] = (1, -1)


def likely_signs(pv_kw: Floats, grid_kw: Floats, battery_kw: Floats) -> Signs | None:
    """Which signs of grid and battery make a balance that a house can have; None while (1, 1) does.

    A house never uses less than nothing: of the four combinations, another one is likely only where the given one is
    impossible in more than a twentieth of all slots and the other in less than a quarter as many.
    """
    impossible = {
        (grid, battery): _impossible(pv_kw + grid * grid_kw + battery * battery_kw)
        for grid in _BOTH
        for battery in _BOTH
    }
    given = impossible[1, 1]
    best = min(impossible, key=lambda signs: impossible[signs])
    if given <= _WRONG_SHARE or impossible[best] > _MUCH_BETTER * given:
        return None
    return best


def _impossible(load_kw: Floats) -> float:
    """Share of known slots in which a house would use less than nothing."""
    known = load_kw[~np.isnan(load_kw)]
    return float(np.mean(known < -_NEGATIVE_KW)) if len(known) >= _FEWEST else 0.0
