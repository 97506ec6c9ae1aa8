"""What moving energy into or out of the battery costs in one slot: a convex piecewise-linear function."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from energy.battery import Battery
from energy.constraints import SlotWishes
from energy.home import Grid
from energy.pricing.tariff import Prices

Floats = NDArray[np.float64]

# Price of a kWh beyond the import limit: far above any tariff, so that it is avoided wherever it can be.
OVERLOAD_PER_KWH = 100.0
_TINY_KWH = 1e-12


@dataclass(frozen=True, slots=True)
class SlotCosts:
    """Cost of each slot as a function of stored-energy change, for every scenario and slot.

    `lowest_kwh` (scenarios, slots) is the most negative change; from there `lengths_kwh` and `slopes_per_kwh`
    (scenarios, slots, segments) run upwards, slopes ascending. `at_lowest` is the cost at `lowest_kwh`.
    """

    lowest_kwh: Floats
    at_lowest: Floats
    lengths_kwh: Floats
    slopes_per_kwh: Floats


def slot_costs(
    load_kw: Floats,
    pv_kw: Floats,
    *,
    prices: Prices,
    battery: Battery,
    grid: Grid,
    hours: float,
    wishes: SlotWishes | None = None,
) -> SlotCosts:
    """Slot costs of load and PV arrays of shape (scenarios, slots); `wishes` may ban trade or discharging in some.

    Prices are of shape (slots,), or (scenarios, slots) where the scenarios differ in them.

    Where a negative price, or an export price above import, makes the true cost non-convex, the lower convex hull is
    taken: the cost of switching between two powers within the slot.
    """
    net_kw = load_kw - pv_kw
    surplus_kw = np.maximum(-net_kw, 0)
    demand_kw = np.maximum(net_kw, 0)
    most_kw = np.full_like(net_kw, battery.max_charge_kw)
    may_charge = grid.allow_grid_charging & (wishes.may_charge if wishes else True)
    most_kw = np.where(may_charge, most_kw, np.minimum(most_kw, surplus_kw))
    least_kw = np.full_like(net_kw, -battery.max_discharge_kw)
    may_export = grid.allow_battery_export & (wishes.may_export if wishes else True)
    least_kw = np.where(may_export, least_kw, np.maximum(least_kw, -demand_kw))
    least_kw = np.where(wishes.may_give if wishes else True, least_kw, 0.0)
    bends_kw = [
        least_kw,
        np.zeros_like(net_kw),
        most_kw,
        -net_kw,
        grid.import_limit_kw - net_kw,
        -grid.export_limit_kw - net_kw,
    ]
    if (even_kw := prices.even_kw) is not None:
        bends_kw.append(even_kw - net_kw)
    if (peak := prices.peak) is not None:
        bends_kw += [above_kw - net_kw for above_kw in peak.above_kw]
    kinks_kw = np.stack(bends_kw, axis=-1)
    kinks_kw = np.sort(np.clip(kinks_kw, least_kw[..., None], most_kw[..., None]), axis=-1)
    stored = _stored_change(kinks_kw, battery, hours)
    cost = _cost_at(kinks_kw, net_kw[..., None], prices, battery, grid) * hours
    if peak is not None:
        for above_kw, per_kwh in zip(peak.above_kw, peak.per_kwh, strict=True):
            cost += np.maximum(net_kw[..., None] + kinks_kw - above_kw[:, None], 0) * per_kwh[:, None] * hours
    return _segments(stored, cost)


def _stored_change(power_kw: Floats, battery: Battery, hours: float) -> Floats:
    """Stored kWh gained by an AC power: charging loses on the way in, discharging on the way out."""
    gained = np.maximum(power_kw, 0) * battery.charge_efficiency
    return (gained - np.maximum(-power_kw, 0) / battery.discharge_efficiency) * hours


def _cost_at(power_kw: Floats, net_kw: Floats, prices: Prices, battery: Battery, grid: Grid) -> Floats:
    """Cost per hour at battery power `power_kw`: import minus export earnings, wear and overload."""
    at_grid_kw = net_kw + power_kw
    overload_kw = np.maximum(at_grid_kw - grid.import_limit_kw, 0)
    wear_kw = np.maximum(-power_kw, 0) / battery.discharge_efficiency
    kept_kw = np.maximum(at_grid_kw, -grid.export_limit_kw)
    energy_cost = np.moveaxis(prices.cost(np.moveaxis(kept_kw, -1, 0)), 0, -1)
    return np.asarray(
        energy_cost + overload_kw * OVERLOAD_PER_KWH + wear_kw * battery.cycle_cost_per_kwh, dtype=np.float64
    )


def _segments(stored: Floats, cost: Floats) -> SlotCosts:
    lengths = np.diff(stored, axis=-1)
    rises = np.diff(cost, axis=-1)
    real = lengths > _TINY_KWH
    slopes = np.divide(rises, lengths, out=np.zeros_like(rises), where=real)
    lengths = np.where(real, lengths, 0.0)
    # An empty segment takes the slope of the one before it, so that order is kept and checked simply.
    for segment in range(1, slopes.shape[-1]):
        slopes[..., segment] = np.where(real[..., segment], slopes[..., segment], slopes[..., segment - 1])
    first = np.argmax(real, axis=-1)
    leading = np.arange(slopes.shape[-1]) < first[..., None]
    slopes = np.where(leading, np.take_along_axis(slopes, first[..., None], axis=-1), slopes)
    for where in np.argwhere((np.diff(slopes, axis=-1) < -1e-9).any(axis=-1)):
        at = tuple(where)
        slopes[at] = lower_hull(slopes[at], lengths[at])
    return SlotCosts(stored[..., 0], cost[..., 0], lengths, slopes)


def lower_hull(slopes: Floats, lengths: Floats) -> Floats:
    """Slopes of the lower convex hull of a piecewise-linear function, on the same segments.

    Neighbours in the wrong order are pooled to their weighted mean (pool-adjacent-violators; Ayer et al. 1955).
    """
    blocks: list[list[float]] = []
    for slope, length in zip(slopes, lengths, strict=True):
        blocks.append([slope, length, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            late, early = blocks.pop(), blocks.pop()
            total = early[1] + late[1]
            mean = (early[0] * early[1] + late[0] * late[1]) / total if total > 0 else late[0]
            blocks.append([mean, total, early[2] + late[2]])
    return np.repeat([block[0] for block in blocks], [int(block[2]) for block in blocks])
