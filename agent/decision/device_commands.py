"""The plan for devices as commands that expire, each of them past the guard."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

import numpy as np

from agent.decision.devices import KnownDevices
from energy.commands import (
    ClimateCommand,
    DeviceCommand,
    ExportCommand,
    LoadCommand,
    PowerSlot,
    SetpointSlot,
    addressed,
)
from energy.device_guard import DeviceRefused, review_device
from energy.devices import AnyLoad, Deferrable, HeatPump
from energy.guard import Policy
from energy.home import Home
from energy.planning.dispatch import Dispatch
from energy.pricing.tariff import Prices
from knowledge.days import Floats
from transport.payloads import DeviceState

# Powers below this are rounding; a zone that is to rest may cool by this much below its planned course.
_OFF_KW, _REST_K = 0.05, 0.2


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """Commands that passed the guard, and why others did not."""

    commands: tuple[DeviceCommand, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Occasion:
    """The decision that commands belong to: its slots with their real prices, its time and its id."""

    home: Home
    policy: Policy
    starts: Sequence[datetime]
    prices: Prices
    now: datetime
    decision_id: str


def device_commands(planned: Dispatch | None, known: KnownDevices, occasion: Occasion) -> DevicePlan:
    """Commands for every device that was planned, and for the connection where its limit can be set."""
    proposed = _proposed(planned, known, occasion)
    commands, problems = [], []
    for command in proposed:
        state = known.states.get(addressed(command))
        state_at = state.time if state else None
        verdict = review_device(command, occasion.home, occasion.policy, now=occasion.now, state_at=state_at)
        if isinstance(verdict, DeviceRefused):
            problems += [f"{addressed(command)}: {reason}" for reason in verdict.reasons]
        else:
            commands.append(verdict.command)
    return DevicePlan(tuple(commands), tuple(problems))


def _proposed(planned: Dispatch | None, known: KnownDevices, occasion: Occasion) -> list[DeviceCommand]:
    maker = _Maker(occasion)
    proposed: list[DeviceCommand] = []
    for device in occasion.home.devices:
        if planned is None or device.name not in planned.power_kw:
            continue
        power_kw = planned.power_kw[device.name]
        if isinstance(device, HeatPump):
            proposed.append(maker.climate(device, power_kw, planned.air_c[device.name]))
        else:
            proposed.append(maker.load(device, power_kw, known.states[device.name]))
    return [*proposed, maker.export()] if occasion.home.grid.export_limit_settable else proposed


class _Common(TypedDict):
    decision_id: str
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class _Maker:
    """Turns planned courses into commands of one decision."""

    occasion: Occasion

    @property
    def _step(self) -> timedelta:
        return self.occasion.starts[1] - self.occasion.starts[0]

    def load(self, device: AnyLoad, power_kw: Floats, state: DeviceState) -> LoadCommand:
        """When a load may run; a machine in one piece runs at its own power."""
        if isinstance(device, Deferrable):
            power_kw = np.where(power_kw > _OFF_KW, device.max_kw, 0.0)
        powers = [round(power, 2) if power > _OFF_KW else 0.0 for power in power_kw.tolist()]
        runs = _runs(self.occasion.starts, self._step, powers)
        slots = tuple(PowerSlot(start=start, end=end, power_kw=power) for start, end, power in runs)
        return LoadCommand(
            device=device.name,
            on=powers[0] > 0,
            power_kw=powers[0],
            slots=slots,
            valid_until=slots[-1].end,
            reason_code="run_now" if powers[0] > 0 else "wait",
            reason=self._load_reason(device, np.array(powers), state),
            **self._common(),
        )

    def climate(self, device: HeatPump, power_kw: Floats, air_c: Floats) -> ClimateCommand:
        """Set-points that bring about the planned course, and let the pump rest where it rests."""
        course = np.where(power_kw > _OFF_KW, air_c, air_c - _REST_K)
        setpoints = np.clip(course, device.min_c, device.max_c).round(1).tolist()
        slots = tuple(
            SetpointSlot(start=start, end=end, setpoint_c=setpoint)
            for start, end, setpoint in _runs(self.occasion.starts, self._step, setpoints)
        )
        warmest = f"between {device.min_c:g} and {device.max_c:g} °C"
        doing = "heats now, while it is cheap" if setpoints[0] > device.usual_c else "rests on the heat it has"
        return ClimateCommand(
            zone=device.name,
            setpoint_c=setpoints[0],
            slots=slots,
            valid_until=slots[-1].end,
            reason_code="heat_ahead" if setpoints[0] > device.usual_c else "coast",
            reason=f"{device.name} {doing}: {setpoints[0]:g} °C, {warmest}.",
            **self._common(),
        )

    def export(self) -> ExportCommand:
        """No export while it costs; the connection's own limit otherwise."""
        costs = self.occasion.prices.export_per_kwh < 0
        same = np.flatnonzero(costs != costs[0])
        until = self.occasion.starts[int(same[0])] if len(same) else self.occasion.starts[-1] + self._step
        limit_kw = 0.0 if costs[0] else self.occasion.home.grid.export_limit_kw
        earns = f"{self.occasion.prices.export_per_kwh[0]:.3f} {self.occasion.home.currency}/kWh"
        reason = f"exporting would cost: a kWh earns {earns}." if costs[0] else f"a kWh earns {earns}."
        return ExportCommand(
            limit_kw=limit_kw,
            valid_until=until,
            reason_code="export_costs" if costs[0] else "export_earns",
            reason=reason,
            **self._common(),
        )

    def _common(self) -> _Common:
        return {"decision_id": self.occasion.decision_id, "valid_from": self.occasion.now}

    def _load_reason(self, device: AnyLoad, power_kw: Floats, state: DeviceState) -> str:
        by = "" if state.ready_by is None else f" by {state.ready_by.astimezone(self.occasion.home.tz):%H:%M}"
        need = f"needs {state.needed_kwh:.1f} kWh{by}" if state.needed_kwh else "needs nothing yet"
        if not power_kw.any():
            return f"{device.name} {need}."
        first = self.occasion.starts[int(np.argmax(power_kw > 0))].astimezone(self.occasion.home.tz)
        paid = float(power_kw @ self.occasion.prices.import_per_kwh / power_kw.sum())
        price = f"{paid:.3f} {self.occasion.home.currency}"
        return f"{device.name} {need}: it runs from {first:%H:%M}, when a kWh from the grid is {price} on average."


def _runs(
    starts: Sequence[datetime], step: timedelta, values: Sequence[float]
) -> list[tuple[datetime, datetime, float]]:
    """Stretches of equal value."""
    runs: list[tuple[datetime, datetime, float]] = []
    for start, value in zip(starts, values, strict=True):
        if runs and runs[-1][2] == value:
            runs[-1] = (runs[-1][0], start + step, value)
        else:
            runs.append((start, start + step, value))
    return runs
