"""The plan for the devices of a home: what each needs and when, put before the linear programme."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

import numpy as np

from agent.decision.devices import KnownDevices
from energy.constraints import CarCharges, CarReady, Constraint, NoDischargeIntoCar
from energy.devices import AnyLoad, Car, Deferrable, HeatPump, heat_pump_cop
from energy.guard import Policy
from energy.home import Home
from energy.planning.dispatch import Dispatch, Task, Zone, dispatch
from energy.planning.planner import Ensemble
from energy.pricing.tariff import Prices
from energy.slots import hours
from ingest.live.snapshot import Snapshot
from transport.payloads import DeviceState

_MILD_C = 10.0
_ROUNDING = 1e-6
# Below this a planned power is a rounding of the linear programme.
_CHARGES_KW = 0.01


def effective_prices(prices: Prices, home: Home) -> Prices:
    """Export earns nothing instead of costing where the house can be told to curtail."""
    if not home.grid.export_limit_settable:
        return prices
    return Prices(prices.import_per_kwh, np.maximum(prices.export_per_kwh, 0.0))


def plan_devices(
    known: KnownDevices,
    home: Home,
    ensemble: Ensemble,
    *,
    starts: Sequence[datetime],
    stored_kwh: float,
    asked: Sequence[Constraint] = (),
) -> Dispatch | None:
    """The cheapest powers of the devices that were heard; None without any.

    What the household wants in a car earlier than the car itself says is in it by then, as far as the car needs it.
    """
    step = starts[1] - starts[0]
    tasks: list[Task] = []
    zones: list[Zone] = []
    for device in home.devices:
        state = known.states.get(device.name)
        if state is None:
            continue
        if isinstance(device, HeatPump):
            zones += _zone(device, state, known, len(starts))
        else:
            made = _tasks(device, state, home, starts=starts, step=step)
            tasks += _hastened(made, asked, starts[0], step) if isinstance(device, Car) else made
    return dispatch(ensemble, home, stored_kwh, tasks=tasks, zones=zones) if tasks or zones else None


def planned_cars(known: KnownDevices, home: Home, now: datetime) -> bool:
    """Whether a car is heard that still needs energy by a time: then its own need is planned, not an expected load."""
    states = (known.states.get(device.name) for device in home.devices if isinstance(device, Car))
    return any(
        one is not None and one.needed_kwh > 0 and one.ready_by is not None and one.ready_by > now for one in states
    )


def held_for_cars(
    planned: Dispatch | None, home: Home, asked: Sequence[Constraint], starts: Sequence[datetime]
) -> list[CarCharges]:
    """When the battery is held because a car is planned to charge and the household wants nothing of it in the car."""
    wishes = [one for one in asked if isinstance(one, NoDischargeIntoCar)]
    if planned is None or not wishes:
        return []
    cars = [planned.power_kw[one.name] for one in home.devices if isinstance(one, Car) and one.name in planned.power_kw]
    charging_kw = np.sum([np.zeros(len(starts)), *cars], axis=0)
    ends = [*starts[1:], starts[-1] + (starts[1] - starts[0])]
    return [
        CarCharges(start=max(start, wish.start), end=min(end, wish.end))
        for start, end, power_kw in zip(starts, ends, charging_kw, strict=True)
        for wish in wishes
        if power_kw > _CHARGES_KW and wish.overlaps(start, end)
    ]


def held_now(
    taken: Snapshot, policy: Policy, asked: Sequence[Constraint], starts: Sequence[datetime]
) -> list[CarCharges]:
    """The slot that has begun, where a charger draws on battery or grid and the household wants nothing of the battery.

    What was not planned is known for as long as it lasts only: the slots ahead are left as they are.
    """
    start, end = starts[0], starts[1]
    wished = any(isinstance(one, NoDischargeIntoCar) and one.overlaps(start, end) for one in asked)
    return [CarCharges(start=start, end=end)] if taken.car_draws and (wished or not policy.discharge_into_car) else []


def _hastened(tasks: list[Task], asked: Sequence[Constraint], now: datetime, step: timedelta) -> list[Task]:
    """A car's tasks, of which the first brings what the household still wants by the earliest time that it named."""
    wishes = [one for one in asked if isinstance(one, CarReady) and one.start <= now < one.end]
    if not (tasks and wishes):
        return tasks
    wish = min(wishes, key=lambda one: one.end)
    first = replace(tasks[0], soon=(wish.end - now) // step, soon_kwh=wish.energy_kwh)
    return [first, *tasks[1:]]


def _tasks(
    device: AnyLoad, state: DeviceState, home: Home, *, starts: Sequence[datetime], step: timedelta
) -> list[Task]:
    """What is needed now, and what the coming window will ask for if it closes within the plan.

    A device that has time beyond the plan's end is planned as if it had to be ready then.
    """
    tasks, now, end = [], starts[0], starts[-1] + step
    opens, closes = device.window_after(now, home.tz)
    if state.ready_by is not None and state.ready_by > now:
        ready_by = min(state.ready_by, end)
        if state.needed_kwh > 0:
            tasks.append(_task(device, _RunWindow(now, ready_by, now, step), state.needed_kwh, running=state.running))
        # What the device told is all of this window, whatever hour it was given; the plan adds the next one.
        while opens < ready_by:
            opens, closes = device.window_after(closes, home.tz)
    if closes <= end:
        tasks.append(_task(device, _RunWindow(max(opens, starts[0]), closes, starts[0], step), device.daily_kwh))
    return [task for task in tasks if task.last > task.first]


@dataclass(frozen=True, slots=True)
class _RunWindow:
    """When a device may run, on the grid of slots that begins at `start`."""

    opens: datetime
    closes: datetime
    start: datetime
    step: timedelta

    @property
    def first(self) -> int:
        """The first whole slot."""
        return -((self.start - self.opens) // self.step)

    @property
    def last(self) -> int:
        """The slot after the last whole one."""
        return (self.closes - self.start) // self.step


def _task(device: AnyLoad, window: _RunWindow, energy_kwh: float, *, running: bool = False) -> Task:
    if not isinstance(device, Deferrable):
        return Task(device.name, window.first, window.last, energy_kwh, device.max_kw)
    block = max(ceil(energy_kwh / device.max_kw / hours(window.step) - _ROUNDING), 1)
    last = window.first + block if running else max(window.last, window.first + block)
    return Task(device.name, window.first, last, energy_kwh, device.max_kw, block)


def _zone(device: HeatPump, state: DeviceState, known: KnownDevices, slots: int) -> list[Zone]:
    if state.temperature_c is None:
        return []
    outdoor_c = known.outdoor_c if known.outdoor_c is not None else np.full(slots, _MILD_C)
    zone = Zone(
        device=device.name,
        air_c=state.temperature_c,
        mass_c=known.wall_c.get(device.name, state.temperature_c),
        heat_per_kwh=heat_pump_cop(outdoor_c, device.supply_c),
        outdoor_c=outdoor_c,
        **device.model_dump(exclude={"name", "kind", "usual_c", "supply_c"}),
    )
    return [zone]
