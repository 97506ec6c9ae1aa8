"""The bound under a contract: the cheapest possible operation by the bill itself, its rules as constraints."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

import numpy as np
import scipy
from numpy.typing import NDArray

from energy.errors import DataError
from energy.home import Home
from energy.planning.bill_programme import Metering, Programme, add_bill
from energy.planning.oracle import Optimum, both_ways, limits_of, one_direction, physics_rows
from energy.planning.slot_cost import OVERLOAD_PER_KWH
from energy.pricing.tariff import as_contract

Floats = NDArray[np.float64]

_LONGEST_S = 600.0


def optimise_bill(
    load_kw: Floats,
    pv_kw: Floats,
    *,
    starts: Sequence[datetime],
    home: Home,
    start_kwh: float,
    end_value_per_kwh: float,
) -> Optimum:
    """Least bills over whole billing periods, for load and PV of shape (slots,) known in advance.

    One linear programme: netting intervals, the credit's cap, the wallet, peaks, registers and taxes are rows of it;
    steps of a peak are whole numbers. `cost` leaves fixed terms out and counts wear and what is left in the battery.

    Exact, but for netting over a month or year of several terms: there the credit that netted exports lose is counted
    for the term that nets most, a relaxation, so that `cost` is a lower bound and the operation may be billed more.

    Raises:
        DataError: no operation was found.
    """
    step = starts[1] - starts[0]
    slots, hours, battery = len(load_kw), step / timedelta(hours=1), home.battery
    prices = home.tariff.prices(starts, home.tz)
    limits, two_way = limits_of(load_kw - pv_kw, prices, home), both_ways(prices)
    binaries = 2 * len(two_way)
    own = 7 * slots + binaries
    programme = Programme(own)
    at = np.arange(slots, dtype=np.int64)
    add_bill(programme, as_contract(home.tariff), Metering(starts, step, home.tz, 2 * slots + at, 3 * slots + at))
    more = len(programme.cost)
    physics = physics_rows(load_kw - pv_kw, home=home, hours=hours, start_kwh=start_kwh, binaries=binaries)
    answer = scipy.optimize.milp(
        np.r_[_own_cost(home, slots, hours, end_value_per_kwh), np.zeros(binaries), programme.cost],
        constraints=[
            *(_widened(rows, more) for rows in (physics, *one_direction(limits, two_way))),
            scipy.optimize.LinearConstraint(programme.matrix(), np.array(programme.low), np.array(programme.high)),
        ],
        bounds=scipy.optimize.Bounds(
            np.r_[np.zeros(6 * slots), np.full(slots, battery.min_kwh), np.zeros(binaries), programme.lower],
            np.r_[limits.stacked(), np.ones(binaries), programme.upper],
        ),
        integrality=np.r_[np.zeros(7 * slots), np.ones(binaries), programme.whole],
        options={"time_limit": _LONGEST_S},
    )
    if answer.x is None:
        raise DataError(f"no operation possible from {start_kwh!r} kWh stored: {answer.message}; check the charge band")
    charge, discharge, *_, stored = answer.x[: 7 * slots].reshape(7, slots)
    return Optimum(float(answer.fun) + end_value_per_kwh * battery.min_kwh, charge, discharge, stored)


def _own_cost(home: Home, slots: int, hours: float, end_value_per_kwh: float) -> Floats:
    """Wear, overload and what is left at the end; the bill prices the grid."""
    cost = np.zeros((7, slots))
    cost[1] = home.battery.cycle_cost_per_kwh / home.battery.discharge_efficiency * hours
    cost[5] = OVERLOAD_PER_KWH * hours
    cost[6, -1:] = -end_value_per_kwh
    return cost.reshape(-1)


def _widened(rows: "scipy.optimize.LinearConstraint", more: int) -> "scipy.optimize.LinearConstraint":
    """The same rows with further columns that they do not touch."""
    matrix = cast("scipy.sparse.csr_array[np.float64, tuple[int, int]]", rows.A)
    blank = scipy.sparse.csr_array((matrix.shape[0], more))
    wider = scipy.sparse.csr_array(scipy.sparse.block_array([[matrix, blank]]))
    return scipy.optimize.LinearConstraint(wider, rows.lb, rows.ub)
