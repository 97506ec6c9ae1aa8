"""The plan of devices beside the battery: one linear programme over possible futures, device powers shared by all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy
from numpy.typing import NDArray

from energy.home import Home
from energy.planning.planner import Ensemble, end_value_per_kwh
from energy.planning.slot_cost import OVERLOAD_PER_KWH

Floats = NDArray[np.float64]

# Price of a kelvin hour outside the comfort band: dearer than any heating, so that the band is left only when it must.
_DISCOMFORT_PER_K_H = 5.0
# Of two moments that cost the same the earlier one is taken: what is done cannot be missed.
_LATER_PER_KWH = 1e-5
_LONGEST_S = 3.0


@dataclass(frozen=True, slots=True)
class Task:
    """Energy for a device in slots [first, last): in one piece of `block` slots, or freely where that is 0.

    Where it may be taken freely, at least `soon_kwh` of it comes before slot `soon`.
    """

    device: str
    first: int
    last: int
    energy_kwh: float
    max_kw: float
    block: int = 0
    soon: int = 0
    soon_kwh: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Zone:
    """A heated zone as it is now, with heat per electricity and outdoor temperature of each slot."""

    device: str
    max_kw: float
    air_c: float
    mass_c: float
    heat_per_kwh: Floats
    outdoor_c: Floats
    min_c: float
    max_c: float
    air_kwh_per_k: float
    mass_kwh_per_k: float
    couple_kw_per_k: float
    vent_kw_per_k: float
    wall_kw_per_k: float
    gain_kw: float | Floats


@dataclass(frozen=True, slots=True, eq=False)
class Dispatch:
    """Power of each device per slot in kW, air temperature of each zone at the slot's end, and the expected cost."""

    power_kw: dict[str, Floats]
    air_c: dict[str, Floats]
    cost: float

    def total_kw(self, slots: int) -> Floats:
        """Power of all devices together."""
        return np.asarray(np.sum([np.zeros(slots), *self.power_kw.values()], axis=0), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _DeviceColumns:
    """Columns of one device: `power` maps them to kW per slot; `rows` are its own equations and bounds."""

    device: str
    power: "scipy.sparse.csr_array"
    rows: "scipy.sparse.csr_array"
    low: Floats
    high: Floats
    cost: Floats
    upper: Floats
    lower: Floats
    whole: bool = False


def dispatch(
    ensemble: Ensemble,
    home: Home,
    stored_kwh: float,
    *,
    tasks: Sequence[Task],
    zones: Sequence[Zone],
    relaxed: bool = False,
    longest_s: float = _LONGEST_S,
) -> Dispatch | None:
    """Cheapest powers of the devices, here and now, while the battery does its best in each future afterwards.

    A two-stage programme: device powers are the same in every future, battery and grid are each future's own.
    Where prices are negative it may waste energy through the battery: it ranks slots, the battery is planned exactly
    afterwards. With `relaxed`, blocks may be split: a bound. None if no plan was found in time. Windows end with the
    ensemble; a task whose window begins after it waits for a later plan.
    """
    slots = ensemble.load_kw.shape[1]
    clipped = [replace(task, first=max(task.first, 0), last=min(task.last, slots)) for task in tasks]
    parts = [_task_part(task, slots, ensemble.hours) for task in clipped if task.first < task.last]
    parts += [_zone_part(zone, slots, ensemble) for zone in zones]
    futures = [_Future(load, pv, ensemble, home) for load, pv in zip(ensemble.load_kw, ensemble.pv_kw, strict=True)]
    whole = [np.full(len(part.cost), part.whole and not relaxed) for part in parts]
    answer = _solve(parts, futures, ensemble, stored_kwh, np.concatenate([np.empty(0, dtype=bool), *whole]), longest_s)
    if answer.x is None:
        return None
    return _read(answer, parts, zones, slots)


class _Future:
    """Bounds and equations of battery and grid in one future.

    Columns: charge, discharge, import, export, curtailed, overload, stored.
    """

    def __init__(self, load_kw: Floats, pv_kw: Floats, ensemble: Ensemble, home: Home) -> None:
        self.net_kw = load_kw - pv_kw
        self.surplus_kw, self.demand_kw = np.maximum(-self.net_kw, 0), np.maximum(self.net_kw, 0)
        self.hours = ensemble.hours
        self.home = home

    def upper(self) -> Floats:
        battery, grid, ones = self.home.battery, self.home.grid, np.ones_like(self.net_kw)
        outward_kw = self.surplus_kw + (battery.max_discharge_kw if grid.allow_battery_export else 0.0)
        charge_kw = ones * battery.max_charge_kw
        if not grid.allow_grid_charging:
            charge_kw = np.minimum(charge_kw, self.surplus_kw)
        export_kw = np.minimum(outward_kw, grid.export_limit_kw)
        discharge_kw = ones * battery.max_discharge_kw
        endless = ones * np.inf
        columns = (charge_kw, discharge_kw, endless, export_kw, self.surplus_kw, endless, ones * battery.max_kwh)
        return np.asarray(np.concatenate(columns), dtype=np.float64)

    def lower(self) -> Floats:
        slots = len(self.net_kw)
        return np.asarray(np.r_[np.zeros(6 * slots), np.full(slots, self.home.battery.min_kwh)], dtype=np.float64)

    def rows(self) -> "scipy.sparse.csr_array":
        """Balance at the bus, inside the battery, and import above its limit as overload."""
        slots, battery = len(self.net_kw), self.home.battery
        one, none = scipy.sparse.eye_array(slots, format="csr"), scipy.sparse.csr_array((slots, slots))
        gained = -one * (battery.charge_efficiency * self.hours)
        spent = one * (self.hours / battery.discharge_efficiency)
        return scipy.sparse.csr_array(
            scipy.sparse.block_array(
                [
                    [one, -one, -one, one, one, none, none],
                    [gained, spent, none, none, none, none, one - scipy.sparse.eye_array(slots, k=-1)],
                    [none, none, one, none, none, -one, none],
                ]
            )
        )

    def bounds(self, stored_kwh: float) -> tuple[Floats, Floats]:
        """Least and most of each row; device power is moved to the left of the first ones."""
        slots = len(self.net_kw)
        first = np.zeros(slots)
        first[:1] = stored_kwh
        limit = np.full(slots, self.home.grid.import_limit_kw)
        return np.r_[-self.net_kw, first, np.full(slots, -np.inf)], np.r_[-self.net_kw, first, limit]

    def cost(self, ensemble: Ensemble) -> Floats:
        prices, slots, battery = ensemble.prices, len(self.net_kw), self.home.battery
        wear = battery.cycle_cost_per_kwh / battery.discharge_efficiency
        end = np.zeros(slots)
        end[-1:] = -end_value_per_kwh(prices, self.home) / self.hours
        columns = (
            np.zeros(slots),
            np.full(slots, wear),
            prices.import_per_kwh,
            -prices.export_per_kwh,
            np.zeros(slots),
            np.full(slots, OVERLOAD_PER_KWH),
            end,
        )
        return np.asarray(np.concatenate(columns) * self.hours, dtype=np.float64)


def _task_part(task: Task, slots: int, hours: float) -> _DeviceColumns:
    """One column per slot of the window, or per possible start of a block."""
    width = max(task.last - task.first, 0)
    if task.block:
        starts = max(width - task.block + 1, 1)
        rows = np.concatenate([np.arange(task.block) + task.first + at for at in range(starts)])
        columns = np.repeat(np.arange(starts), task.block)
        kept = rows < slots
        each_kw = task.energy_kwh / (task.block * hours)
        power = scipy.sparse.coo_array(
            (np.full(kept.sum(), each_kw), (rows[kept], columns[kept])), shape=(slots, starts)
        )
        once, upper = scipy.sparse.csr_array(np.ones((1, starts))), np.ones(starts)
        low = high = np.ones(1)
        late = _LATER_PER_KWH * task.energy_kwh * np.arange(starts, dtype=np.float64)
        return _DeviceColumns(
            task.device, scipy.sparse.csr_array(power), once, low, high, late, upper, np.zeros(starts), whole=True
        )
    window = np.arange(task.first, task.last)
    power = scipy.sparse.coo_array((np.ones(width), (window, np.arange(width))), shape=(slots, width))
    energy = min(task.energy_kwh, task.max_kw * width * hours)
    early = window < task.soon
    soon = min(task.soon_kwh, energy, task.max_kw * int(early.sum()) * hours)
    return _DeviceColumns(
        device=task.device,
        power=scipy.sparse.csr_array(power),
        rows=scipy.sparse.csr_array(np.vstack([np.full(width, hours), early * hours])),
        low=np.array([energy, soon]),
        high=np.array([energy, energy]),
        cost=_LATER_PER_KWH * hours * np.arange(width, dtype=np.float64),
        upper=np.full(width, task.max_kw),
        lower=np.zeros(width),
    )


def _zone_part(zone: Zone, slots: int, ensemble: Ensemble) -> _DeviceColumns:
    """Columns power, air, mass, too cold, too warm; rows the two heat balances (backward Euler) and the band."""
    one, none, back = (
        scipy.sparse.eye_array(slots, format="csr"),
        scipy.sparse.csr_array((slots, slots)),
        scipy.sparse.eye_array(slots, k=-1, format="csr"),
    )
    air, mass = zone.air_kwh_per_k / ensemble.hours, zone.mass_kwh_per_k / ensemble.hours
    heat = scipy.sparse.csr_array(scipy.sparse.diags_array(-zone.heat_per_kwh))
    stays = one * (air + zone.couple_kw_per_k + zone.vent_kw_per_k) - back * air
    keeps = one * (mass + zone.couple_kw_per_k + zone.wall_kw_per_k) - back * mass
    rows = scipy.sparse.block_array(
        [
            [heat, stays, -one * zone.couple_kw_per_k, none, none],
            [none, -one * zone.couple_kw_per_k, keeps, none, none],
            [none, one, none, one, none],
            [none, one, none, none, -one],
        ]
    )
    first = np.zeros(slots)
    first[:1] = 1.0
    into_air = zone.vent_kw_per_k * zone.outdoor_c + zone.gain_kw + first * air * zone.air_c
    into_mass = zone.wall_kw_per_k * zone.outdoor_c + first * mass * zone.mass_c
    endless = np.full(slots, np.inf)
    # What is warm at the end saves heating: priced like the energy left in the battery.
    value = max(float(ensemble.prices.import_per_kwh.min()), 0.0) / float(zone.heat_per_kwh.mean())
    end = np.zeros(slots)
    end[-1:] = -value
    discomfort = np.full(slots, _DISCOMFORT_PER_K_H * ensemble.hours)
    return _DeviceColumns(
        device=zone.device,
        power=scipy.sparse.csr_array(scipy.sparse.block_array([[one, none, none, none, none]])),
        rows=scipy.sparse.csr_array(rows),
        low=np.r_[into_air, into_mass, np.full(slots, zone.min_c), -endless],
        high=np.r_[into_air, into_mass, endless, np.full(slots, zone.max_c)],
        cost=np.r_[np.zeros(slots), end * zone.air_kwh_per_k, end * zone.mass_kwh_per_k, discomfort, discomfort],
        upper=np.r_[np.full(slots, zone.max_kw), endless, endless, endless, endless],
        lower=np.r_[np.zeros(slots), -endless, -endless, np.zeros(slots), np.zeros(slots)],
    )


def _solve(
    parts: list[_DeviceColumns],
    futures: list[_Future],
    ensemble: Ensemble,
    stored_kwh: float,
    whole: NDArray[np.bool_],
    longest_s: float,
) -> "scipy.optimize.OptimizeResult":
    share = 1 / len(futures)
    bounds = [future.bounds(stored_kwh) for future in futures]
    rows = scipy.optimize.LinearConstraint(
        scipy.sparse.csr_array(scipy.sparse.block_array(_blocks(parts, futures))),
        np.concatenate([*(part.low for part in parts), *(low for low, _ in bounds)]),
        np.concatenate([*(part.high for part in parts), *(high for _, high in bounds)]),
    )
    return scipy.optimize.milp(
        np.concatenate([*(part.cost for part in parts), *(share * future.cost(ensemble) for future in futures)]),
        constraints=[rows],
        bounds=scipy.optimize.Bounds(
            np.concatenate([*(part.lower for part in parts), *(future.lower() for future in futures)]),
            np.concatenate([*(part.upper for part in parts), *(future.upper() for future in futures)]),
        ),
        integrality=np.concatenate([whole, *(np.zeros(len(future.lower())) for future in futures)]),
        options={"time_limit": longest_s, "mip_rel_gap": 1e-4},
    )


def _blocks(parts: list[_DeviceColumns], futures: list[_Future]) -> "list[list[scipy.sparse.csr_array | None]]":
    """Each device's own rows, then those of each future with the power of all devices in its balance."""
    nothing: list[scipy.sparse.csr_array | None] = [None] * (len(parts) + len(futures))
    own = [[*nothing[:at], part.rows, *nothing[at + 1 :]] for at, part in enumerate(parts)]
    first_of_three = scipy.sparse.csr_array(np.array([[1.0], [0.0], [0.0]]))
    into_bus = [scipy.sparse.csr_array(scipy.sparse.kron(first_of_three, part.power)) for part in parts]
    shared = [
        [*into_bus, *nothing[len(parts) : len(parts) + at], future.rows(), *nothing[len(parts) + at + 1 :]]
        for at, future in enumerate(futures)
    ]
    return own + shared


def _read(
    answer: "scipy.optimize.OptimizeResult", parts: list[_DeviceColumns], zones: Sequence[Zone], slots: int
) -> Dispatch:
    power_kw: dict[str, Floats] = {}
    air_c: dict[str, Floats] = {}
    heated, at = {zone.device for zone in zones}, 0
    for part in parts:
        found = answer.x[at : at + len(part.cost)]
        power_kw[part.device] = power_kw.get(part.device, np.zeros(slots)) + part.power @ found
        if part.device in heated:
            air_c[part.device] = found[slots : 2 * slots]
        at += len(part.cost)
    return Dispatch(power_kw, air_c, float(answer.fun))
