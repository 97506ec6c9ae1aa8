"""What flows where in one slot, given the house, the battery and the levels in force."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from energy.battery import Battery
from energy.commands import Levels
from energy.home import Grid

Floats = NDArray[np.float64]
Number = float | Floats
# Above every charge and power, and finite: a house without a battery multiplies it by no capacity.
_NO_LIMIT = 1e9


@dataclass(frozen=True, slots=True)
class LevelsOfMany:
    """Levels of one slot in several schedules, of shape (schedules, 1) each; what a schedule lacks limits nothing."""

    charge_to_soc: Floats
    reserve_soc: Floats
    max_charge_kw: Floats
    export_to_soc: Floats
    surplus_to_soc: Floats
    may_buy: bool

    @classmethod
    def of(cls, levels: Sequence[Levels]) -> "LevelsOfMany":
        """The levels of each schedule, in order."""

        def column(values: Sequence[float | None]) -> Floats:
            return np.array([_NO_LIMIT if value is None else value for value in values])[:, None]

        return cls(
            charge_to_soc=column([one.charge_to_soc for one in levels]),
            reserve_soc=column([one.reserve_soc for one in levels]),
            max_charge_kw=column([one.max_charge_kw for one in levels]),
            export_to_soc=column([one.export_to_soc for one in levels]),
            surplus_to_soc=column([one.surplus_to_soc for one in levels]),
            may_buy=any(one.may_buy for one in levels),
        )


@dataclass(frozen=True, slots=True)
class Flows:
    """Mean powers of a slot in kW, all non-negative, and the energy stored at its end in kWh.

    load + charge + export + curtailed = pv + import + discharge, exactly.
    """

    load_kw: Number
    pv_kw: Number
    charge_kw: Number
    discharge_kw: Number
    grid_import_kw: Number
    grid_export_kw: Number
    curtailed_kw: Number
    stored_kwh: Number


def step_house(
    load_kw: Number,
    pv_kw: Number,
    stored_kwh: Number,
    *,
    levels: Levels | LevelsOfMany,
    battery: Battery,
    grid: Grid,
    hours: float,
) -> Flows:
    """Flows of one slot; scalars, or arrays of one shape for many scenarios (or schedules of scenarios) at once.

    The battery charges from the grid up to `charge_to_soc`, takes surplus (up to `surplus_to_soc`),
    covers the house down to `reserve_soc`, sells down to `export_to_soc`, and always helps when the house alone would
    exceed the import limit.
    """
    net_kw = load_kw - pv_kw
    charge_kw = _charge(net_kw, stored_kwh, levels=levels, battery=battery, grid=grid, hours=hours)
    discharge_kw = _discharge(net_kw, stored_kwh, levels=levels, battery=battery, grid=grid, hours=hours)
    discharge_kw = np.where(charge_kw > 0, 0.0, discharge_kw)
    stored_kwh = move_energy(stored_kwh, charge_kw - discharge_kw, battery=battery, hours=hours)
    return _balanced(load_kw, pv_kw, charge_kw=charge_kw, discharge_kw=discharge_kw, stored_kwh=stored_kwh, grid=grid)


def force_battery(
    load_kw: Number,
    pv_kw: Number,
    stored_kwh: Number,
    *,
    battery_kw: float,
    battery: Battery,
    grid: Grid,
    hours: float,
) -> Flows:
    """Flows of one slot in which the battery is held to a power, whatever the house does: in is positive, out negative.

    Only what the battery can take or give and the grid's import limit narrow it. What the house does not need of a
    discharge is sold, and what it needs beyond it is bought: that is the cost of a set-point that went stale.
    """
    net_kw = load_kw - pv_kw
    room_kw = _between((battery.max_kwh - stored_kwh) / (battery.charge_efficiency * hours), 0, battery.max_charge_kw)
    from_grid_kw = grid.import_limit_kw if grid.allow_grid_charging else 0.0
    charge_kw = np.minimum(_between(from_grid_kw - net_kw, 0, max(battery_kw, 0.0)), room_kw)
    held_kw = (stored_kwh - battery.min_kwh) * battery.discharge_efficiency / hours
    discharge_kw = np.minimum(np.maximum(-battery_kw, 0), _between(held_kw, 0, battery.max_discharge_kw))
    stored_kwh = move_energy(stored_kwh, charge_kw - discharge_kw, battery=battery, hours=hours)
    return _balanced(load_kw, pv_kw, charge_kw=charge_kw, discharge_kw=discharge_kw, stored_kwh=stored_kwh, grid=grid)


def _balanced(
    load_kw: Number,
    pv_kw: Number,
    *,
    charge_kw: Number,
    discharge_kw: Number,
    stored_kwh: Number,
    grid: Grid,
) -> Flows:
    """The grid takes and gives what is left over; beyond the export limit it is curtailed."""
    at_grid_kw = load_kw - pv_kw + charge_kw - discharge_kw
    outward_kw = np.maximum(-at_grid_kw, 0)
    export_kw = np.minimum(outward_kw, grid.export_limit_kw)
    return Flows(
        load_kw=load_kw,
        pv_kw=pv_kw,
        charge_kw=charge_kw,
        discharge_kw=discharge_kw,
        grid_import_kw=np.maximum(at_grid_kw, 0),
        grid_export_kw=export_kw,
        curtailed_kw=outward_kw - export_kw,
        stored_kwh=stored_kwh,
    )


def move_energy(stored_kwh: Number, battery_kw: Number, *, battery: Battery, hours: float) -> Number:
    """Energy stored after a slot of AC power into (positive) or out of (negative) the battery."""
    gained = np.maximum(battery_kw, 0) * battery.charge_efficiency
    spent = np.maximum(-battery_kw, 0) / battery.discharge_efficiency
    moved = stored_kwh + (gained - spent) * hours
    return _between(moved, np.minimum(battery.min_kwh, stored_kwh), battery.max_kwh)


def _between(value: Number, low: Number, high: Number) -> Number:
    """What `np.clip` gives, several times sooner for single numbers, which is what a house lives by."""
    limited: Number = np.minimum(np.maximum(value, low), high)
    return limited


def _charge(
    net_kw: Number,
    stored_kwh: Number,
    *,
    levels: Levels | LevelsOfMany,
    battery: Battery,
    grid: Grid,
    hours: float,
) -> Number:
    """AC power into the battery: surplus, and grid power up to `charge_to_soc` within the import limit."""
    per_kwh = 1 / (battery.charge_efficiency * hours)
    limit_kw: Number = battery.max_charge_kw
    if levels.max_charge_kw is not None:
        limit_kw = np.minimum(limit_kw, levels.max_charge_kw)
    room_kw = _between((battery.max_kwh - stored_kwh) * per_kwh, 0, limit_kw)
    surplus_room_kw = room_kw
    if levels.surplus_to_soc is not None:
        allowed_kwh = levels.surplus_to_soc * battery.capacity_kwh - stored_kwh
        surplus_room_kw = _between(allowed_kwh * per_kwh, 0, room_kw)
    from_surplus: Number = np.minimum(np.maximum(-net_kw, 0), surplus_room_kw)
    if not grid.allow_grid_charging or not levels.may_buy:
        return from_surplus
    wanted_kw = _between((levels.charge_to_soc * battery.capacity_kwh - stored_kwh) * per_kwh, 0, room_kw)
    spare_kw = np.maximum(grid.import_limit_kw - net_kw, 0)
    from_grid: Number = np.minimum(wanted_kw, spare_kw)
    most_kw: Number = np.maximum(from_surplus, from_grid)
    return most_kw


def _discharge(
    net_kw: Number,
    stored_kwh: Number,
    *,
    levels: Levels | LevelsOfMany,
    battery: Battery,
    grid: Grid,
    hours: float,
) -> Number:
    """AC power out of the battery: the house down to the reserve, the grid down to `export_to_soc`."""
    per_kwh = battery.discharge_efficiency / hours

    def above(floor_kwh: Number) -> Number:
        return _between((stored_kwh - floor_kwh) * per_kwh, 0, battery.max_discharge_kw)

    reserve_kwh = np.maximum(levels.reserve_soc * battery.capacity_kwh, battery.min_kwh)
    discharge_kw = np.minimum(np.maximum(net_kw, 0), above(reserve_kwh))
    overload_kw = np.maximum(net_kw - grid.import_limit_kw, 0)
    discharge_kw = np.maximum(discharge_kw, np.minimum(overload_kw, above(battery.min_kwh)))
    if levels.export_to_soc is None or not grid.allow_battery_export:
        return discharge_kw
    export_floor_kwh = np.maximum(levels.export_to_soc * battery.capacity_kwh, battery.min_kwh)
    sellable_kw = np.minimum(above(export_floor_kwh), np.maximum(net_kw + grid.export_limit_kw, 0))
    return np.maximum(discharge_kw, sellable_kw)
