"""What stored energy is worth: the exact cost-to-go of every scenario, as convex piecewise-linear functions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from energy.planning.slot_cost import SlotCosts

Floats = NDArray[np.float64]

_TINY_KWH = 1e-9
# Slopes that differ by less are one.
_SAME_PER_KWH = 1e-10
# Price of a kWh missing from a reserve: above any tariff even if one scenario in thirty lacks it, below an overload.
SHORT_PER_KWH = 50.0
# Amounts of stored energy at which the mean of the scenarios is told where they meet.
_MEETING_POINTS = 65


@dataclass(frozen=True, slots=True)
class CostToGo:
    """Least future cost as a function of stored energy above the minimum, per scenario.

    `at_empty` (scenarios,) is the cost with the band empty; from there `lengths_kwh` and `slopes_per_kwh`
    (scenarios, segments) run up to a full band. Slopes ascend, so the worth of the next kWh falls.
    """

    at_empty: Floats
    lengths_kwh: Floats
    slopes_per_kwh: Floats

    def cost(self, above_kwh: float | Floats) -> Floats:
        """Future cost of each scenario with `above_kwh` (one, or one per scenario) stored above the minimum."""
        starts = np.cumsum(self.lengths_kwh, axis=1) - self.lengths_kwh
        stored = np.broadcast_to(above_kwh, self.at_empty.shape)[:, None]
        used = np.clip(stored - starts, 0, self.lengths_kwh)
        return np.asarray(self.at_empty + (used * self.slopes_per_kwh).sum(axis=1))


@dataclass(frozen=True, slots=True)
class MeanCostToGo:
    """Mean worth of a stored kWh over the ensemble, as a falling step function of energy above the minimum.

    `worth_per_kwh[i]` holds between `ends_kwh[i - 1]` and `ends_kwh[i]`.
    """

    ends_kwh: Floats
    worth_per_kwh: Floats

    def level_kwh(self, threshold_per_kwh: float) -> float:
        """Energy below which a kWh is worth more than the threshold; 0 if none is."""
        above = int(np.searchsorted(-self.worth_per_kwh, -(threshold_per_kwh + 1e-9), side="left"))
        return float(self.ends_kwh[above - 1]) if above else 0.0

    def at(self, above_kwh: float) -> float:
        """Worth of the next kWh at a stored energy."""
        index = int(np.searchsorted(self.ends_kwh, above_kwh, side="right"))
        return float(self.worth_per_kwh[min(index, len(self.worth_per_kwh) - 1)])


def costs_to_go(
    stages: SlotCosts,
    usable_kwh: float,
    end_value_per_kwh: float,
    floor_kwh: Floats | None = None,
    *,
    meet_slots: int | None = None,
) -> list[CostToGo]:
    """Cost-to-go before each slot and after the last one: a list of slots + 1.

    Energy missing at a slot's end below `floor_kwh` (slots,) costs `SHORT_PER_KWH`, which keeps the function convex.
    Every `meet_slots` the scenarios meet: from there on any of them may follow any other, so that no decision before
    it profits from knowing which one it is in. Without it each scenario is decided with hindsight.

    One backward step is the infimal convolution of the future with the slot's cost: for convex piecewise-linear
    functions, a merge of their segments by slope (Rockafellar 1970, theorem 16.4), cut to the charge band. Between
    meetings this is stochastic dynamic programming with stages of several slots (Pereira and Pinto 1991).
    """
    scenarios, slots = stages.at_lowest.shape
    future = CostToGo(
        at_empty=np.zeros(scenarios),
        lengths_kwh=np.full((scenarios, 1), usable_kwh),
        slopes_per_kwh=np.full((scenarios, 1), -end_value_per_kwh),
    )
    floors = np.zeros(slots) if floor_kwh is None else floor_kwh
    # Running back, a slot's cost is walked through from its largest charge down.
    at_largest = stages.at_lowest + (stages.lengths_kwh * stages.slopes_per_kwh).sum(axis=-1)
    largest_kwh = stages.lowest_kwh + stages.lengths_kwh.sum(axis=-1)
    result = []
    for slot in range(slots - 1, -1, -1):
        future = _kept_above(future, float(floors[slot]))
        result.append(future)
        stage = CostToGo(at_largest[:, slot], stages.lengths_kwh[:, slot, ::-1], -stages.slopes_per_kwh[:, slot, ::-1])
        future = _one_step_back(future, stage, largest_kwh[:, slot, None], usable_kwh)
        if meet_slots and slot and slot % meet_slots == 0:
            future = _met(future, usable_kwh)
    result.append(future)
    result.reverse()
    return result


def _kept_above(future: CostToGo, floor_kwh: float) -> CostToGo:
    """The same cost with energy below the floor priced as missing."""
    if floor_kwh <= 0:
        return future
    starts = np.cumsum(future.lengths_kwh, axis=1) - future.lengths_kwh
    below = np.clip(floor_kwh - starts, 0, future.lengths_kwh)
    return CostToGo(
        at_empty=future.at_empty + below.sum(axis=1) * SHORT_PER_KWH,
        lengths_kwh=np.concatenate([below, future.lengths_kwh - below], axis=1),
        slopes_per_kwh=np.concatenate([future.slopes_per_kwh - SHORT_PER_KWH, future.slopes_per_kwh], axis=1),
    )


def _met(future: CostToGo, usable_kwh: float) -> CostToGo:
    """Every scenario with the mean cost of all, told at a few even amounts of stored energy."""
    scenarios = len(future.at_empty)
    if scenarios == 1:
        return future
    stored = np.linspace(0, usable_kwh, _MEETING_POINTS)
    ends = np.cumsum(np.pad(future.lengths_kwh, ((0, 0), (1, 0))), axis=1)
    costs = np.cumsum(np.c_[future.at_empty, future.lengths_kwh * future.slopes_per_kwh], axis=1)
    mean = np.mean([np.interp(stored, *row) for row in zip(ends, costs, strict=True)], axis=0)
    lengths = np.diff(stored)
    # Rounding must not undo the order of the slopes; an empty band has none.
    slopes = np.maximum.accumulate(np.diff(mean) / np.maximum(lengths, _TINY_KWH))
    bends = np.flatnonzero(np.diff(slopes, prepend=-np.inf) > _SAME_PER_KWH)
    lengths, slopes = np.add.reduceat(lengths, bends), slopes[bends]
    return CostToGo(
        at_empty=np.full(scenarios, mean[0]),
        lengths_kwh=np.tile(lengths, (scenarios, 1)),
        slopes_per_kwh=np.tile(slopes, (scenarios, 1)),
    )


def _one_step_back(future: CostToGo, stage: CostToGo, largest_charge_kwh: Floats, usable_kwh: float) -> CostToGo:
    slopes = np.concatenate([future.slopes_per_kwh, stage.slopes_per_kwh], axis=1)
    lengths = np.concatenate([future.lengths_kwh, stage.lengths_kwh], axis=1)
    order = np.argsort(slopes, axis=1, kind="stable")
    rows = np.arange(len(slopes))[:, None]
    slopes, lengths = slopes[rows, order], lengths[rows, order]
    # The merged function starts at empty minus the largest charge; what lies outside the band is cut off.
    ends = np.cumsum(lengths, axis=1)
    starts = ends - lengths
    below = np.minimum(np.maximum(largest_charge_kwh - starts, 0), lengths)
    ends = np.minimum(np.maximum(ends - largest_charge_kwh, 0), usable_kwh)
    starts = np.minimum(np.maximum(starts - largest_charge_kwh, 0), usable_kwh)
    kept = ends - starts
    used = (kept > _TINY_KWH).any(axis=0)
    used[0] |= not used.any()
    return CostToGo(
        at_empty=future.at_empty + stage.at_empty + (below * slopes).sum(axis=1),
        lengths_kwh=kept[:, used],
        slopes_per_kwh=slopes[:, used],
    )


def mean_cost_to_go(cost: CostToGo) -> MeanCostToGo:
    """The ensemble's mean worth of a stored kWh, exact at every kink of every scenario."""
    scenarios = len(cost.at_empty)
    real = cost.lengths_kwh > _TINY_KWH
    ends = np.cumsum(cost.lengths_kwh, axis=1)
    value = -cost.slopes_per_kwh
    values, kinks = value[real], ends[real]
    if not len(values):
        return MeanCostToGo(np.zeros(1), np.full(1, float(value[:, 0].mean())))
    counts = real.sum(axis=1)
    first_of_row = (np.cumsum(counts) - counts)[counts > 0]
    # Each segment starts where the one before it ended and changes the sum by the difference of worths.
    steps, at = values.copy(), np.zeros_like(kinks)
    steps[1:] -= values[:-1]
    at[1:] = kinks[:-1]
    steps[first_of_row], at[first_of_row] = values[first_of_row], 0.0
    order = np.argsort(at, kind="stable")
    running = np.cumsum(steps[order]) / scenarios
    starts = at[order]
    last_of_start = np.ones(len(starts), dtype=bool)
    last_of_start[:-1] = np.diff(starts) > _TINY_KWH
    edges = starts[last_of_start]
    return MeanCostToGo(np.concatenate([edges[1:], [kinks.max()]]), running[last_of_start])
