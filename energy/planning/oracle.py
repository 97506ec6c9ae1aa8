"""The bound: the cheapest possible operation when everything is known in advance, as one linear programme."""

from dataclasses import dataclass, fields
from typing import cast

import numpy as np
import scipy
from numpy.typing import NDArray

from energy.errors import DataError
from energy.home import Home
from energy.planning.slot_cost import OVERLOAD_PER_KWH
from energy.pricing.tariff import Prices

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Optimum:
    """Least cost of a period (import minus export plus wear minus leftover credit) and the powers that reach it."""

    cost: float
    charge_kw: Floats
    discharge_kw: Floats
    stored_kwh: Floats


@dataclass(frozen=True, slots=True)
class FlowLimits:
    """Upper bounds of each variable, arrays of shape (slots,), in the order of the programme's columns."""

    charge_kw: Floats
    discharge_kw: Floats
    import_kw: Floats
    export_kw: Floats
    curtailed_kw: Floats
    overload_kw: Floats
    stored_kwh: Floats

    def stacked(self) -> Floats:
        """All of them, one variable after another."""
        return np.concatenate([getattr(self, field.name) for field in fields(self)])


def optimise(
    load_kw: Floats,
    pv_kw: Floats,
    *,
    prices: Prices,
    home: Home,
    hours: float,
    start_kwh: float,
    end_value_per_kwh: float,
) -> Optimum:
    """Solve the whole period for load and PV of shape (slots,), powers in kW, energies in kWh.

    Where prices make the problem non-convex (import or export below zero, import below export) a binary each keeps
    grid and battery to one direction; elsewhere the optimum does so by itself. `end_value_per_kwh` credits what stays
    above the minimum.

    Raises:
        DataError: no operation exists, because `start_kwh` lies outside the battery's band.
    """
    slots = len(load_kw)
    limits = limits_of(load_kw - pv_kw, prices, home)
    two_way = both_ways(prices)
    physics = physics_rows(load_kw - pv_kw, home=home, hours=hours, start_kwh=start_kwh, binaries=2 * len(two_way))
    answer = scipy.optimize.milp(
        np.r_[_cost(prices, home, hours, end_value_per_kwh), np.zeros(2 * len(two_way))],
        constraints=[physics, *one_direction(limits, two_way)],
        bounds=scipy.optimize.Bounds(
            np.r_[np.zeros(6 * slots), np.full(slots, home.battery.min_kwh), np.zeros(2 * len(two_way))],
            np.r_[limits.stacked(), np.ones(2 * len(two_way))],
        ),
        integrality=np.r_[np.zeros(7 * slots), np.ones(2 * len(two_way))],
    )
    if answer.x is None:
        raise DataError(f"no operation possible from {start_kwh!r} kWh stored: {answer.message}; check the charge band")
    charge, discharge, *_, stored = answer.x[: 7 * slots].reshape(7, slots)
    return Optimum(float(answer.fun) + end_value_per_kwh * home.battery.min_kwh, charge, discharge, stored)


def both_ways(prices: Prices) -> NDArray[np.intp]:
    """Slots in which it could pay to buy and sell, or charge and discharge, at once."""
    return np.flatnonzero(
        (prices.import_per_kwh < 0) | (prices.export_per_kwh < 0) | (prices.export_per_kwh > prices.import_per_kwh),
    )


def limits_of(net_kw: Floats, prices: Prices, home: Home) -> FlowLimits:
    """Upper bounds of every variable."""
    battery, grid = home.battery, home.grid
    surplus_kw, demand_kw = np.maximum(-net_kw, 0), np.maximum(net_kw, 0)
    charge_kw = np.full_like(net_kw, battery.max_charge_kw)
    discharge_kw = np.full_like(net_kw, battery.max_discharge_kw)
    if not grid.allow_grid_charging:
        charge_kw = np.minimum(charge_kw, surplus_kw)
    if not grid.allow_battery_export:
        discharge_kw = np.minimum(discharge_kw, demand_kw)
    most_kw = np.full_like(net_kw, demand_kw.max(initial=0) + battery.max_charge_kw)
    unsold_kw = np.full_like(net_kw, surplus_kw.max(initial=0) + battery.max_discharge_kw)
    return FlowLimits(
        charge_kw=charge_kw,
        discharge_kw=discharge_kw,
        import_kw=most_kw,
        export_kw=np.full_like(net_kw, grid.export_limit_kw),
        # Paying to export does not make a house curtail: only what exceeds the limit is lost.
        curtailed_kw=np.where(prices.export_per_kwh >= 0, unsold_kw, np.maximum(surplus_kw - grid.export_limit_kw, 0)),
        overload_kw=most_kw,
        stored_kwh=np.full_like(net_kw, battery.max_kwh),
    )


def _cost(prices: Prices, home: Home, hours: float, end_value_per_kwh: float) -> Floats:
    slots = len(prices.import_per_kwh)
    end = np.zeros(slots)
    end[-1:] = -end_value_per_kwh
    wear = home.battery.cycle_cost_per_kwh / home.battery.discharge_efficiency * hours
    parts = [
        np.zeros(slots),
        np.full(slots, wear),
        prices.import_per_kwh * hours,
        -prices.export_per_kwh * hours,
        np.zeros(slots),
        np.full(slots, OVERLOAD_PER_KWH * hours),
        end,
    ]
    return np.concatenate(parts)


def physics_rows(
    net_kw: Floats,
    *,
    home: Home,
    hours: float,
    start_kwh: float,
    binaries: int,
) -> "scipy.optimize.LinearConstraint":
    """Conservation at the bus, inside the battery, and import above its limit counted as overload."""
    slots, battery = len(net_kw), home.battery
    one, none = scipy.sparse.eye_array(slots, format="csr"), scipy.sparse.csr_array((slots, slots), dtype=np.float64)
    gained = -one * (battery.charge_efficiency * hours)
    spent = one * (hours / battery.discharge_efficiency)
    rows = scipy.sparse.block_array(
        [
            [one, -one, -one, one, one, none, none, scipy.sparse.csr_array((slots, binaries))],
            [gained, spent, none, none, none, none, one - scipy.sparse.eye_array(slots, k=-1), None],
            [none, none, one, none, none, -one, none, None],
        ],
        format="csr",
    )
    first = np.zeros(slots)
    first[:1] = start_kwh
    return scipy.optimize.LinearConstraint(
        cast("scipy.sparse.csr_array[np.float64, tuple[int, int]]", rows),
        np.r_[-net_kw, first, np.full(slots, -np.inf)],
        np.r_[-net_kw, first, np.full(slots, home.grid.import_limit_kw)],
    )


def one_direction(limits: FlowLimits, two_way: NDArray[np.intp]) -> "list[scipy.optimize.LinearConstraint]":
    """Either import or export, and either charge or discharge, in the slots of `two_way`."""
    count, slots = len(two_way), len(limits.charge_kw)
    if not count:
        return []
    pick = scipy.sparse.eye_array(slots, format="csr")[two_way]
    importing, charging = limits.import_kw[two_way], limits.charge_kw[two_way]
    outward = (limits.export_kw + limits.curtailed_kw)[two_way]
    discharging = limits.discharge_kw[two_way]

    def scaled(by: Floats) -> "scipy.sparse.csr_array":
        return scipy.sparse.csr_array(scipy.sparse.diags_array(by))

    rows = scipy.sparse.block_array(
        [
            [pick, None, None, None, None, None, None, None, scaled(-charging)],
            [None, pick, None, None, None, None, None, None, scaled(discharging)],
            [None, None, pick, None, None, None, None, scaled(-importing), None],
            [
                None,
                None,
                None,
                pick,
                pick,
                scipy.sparse.csr_array((count, slots)),
                scipy.sparse.csr_array((count, slots)),
                scaled(outward),
                None,
            ],
        ],
        format="csr",
    )
    return [
        scipy.optimize.LinearConstraint(rows, -np.inf, np.r_[np.zeros(count), discharging, np.zeros(count), outward])
    ]
