"""Devices of a simulated house: they run on their own, obey the commands they can follow, and keep their deadlines."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, assert_never
from zoneinfo import ZoneInfo

import numpy as np

from energy.commands import ClimateCommand, DeviceCommand, LoadCommand
from energy.devices import AnyDevice, AnyLoad, Car, Deferrable, HeatPump, heat_pump_cop
from energy.home import Home
from energy.slots import hours
from simulator.house.thermal import Envelope, ThermalStep
from transport.payloads import DeviceState

# A day's need is drawn around the usual one: the logarithm's standard deviation.
_NEED_SPREAD = 0.25
_DONE_KWH = 1e-6
# Share of what a house uses that ends up as heat in its rooms.
HEAT_OF_LOAD = 0.6


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a device meets in a step: its time and length, the cold outside, and what the rest of the house uses."""

    now: datetime
    step: timedelta
    outdoor_c: float
    load_kw: float


class SimulatedDevice(ABC):
    """A device with a programme of its own."""

    def __init__(self, device: AnyDevice) -> None:
        self.name = device.name
        self.power_kw = 0.0
        self.energy_kwh = 0.0
        self._follows: Literal["command", "programme", "deadline"] = "programme"

    @abstractmethod
    def objection(self, command: DeviceCommand) -> str | None:
        """Why a command cannot be followed; None if it can."""

    @abstractmethod
    def obey(self, command: DeviceCommand) -> None:
        """Put a command in force that met no objection."""

    @abstractmethod
    def release(self) -> None:
        """Go back to its own programme."""

    @abstractmethod
    def live(self, around: Surroundings) -> None:
        """Live through a step; afterwards `power_kw` is its mean power."""

    @abstractmethod
    def state(self, now: datetime) -> DeviceState:
        """What it does and needs now."""

    def _count(self, power_kw: float, step: timedelta) -> None:
        self.power_kw = power_kw
        self.energy_kwh += power_kw * hours(step)


class WaitingLoad(SimulatedDevice):
    """A car, or a machine that runs once a day; on its own it starts as soon as it can."""

    def __init__(self, device: AnyLoad, zone: ZoneInfo, *, began: datetime, seed: int) -> None:
        super().__init__(device)
        self.device = device
        self._zone = zone
        self._seed = seed
        self._command: LoadCommand | None = None
        self._window = device.window_after(began, zone)
        self._needed_kwh = self._need(self._window)
        self.missed_kwh = 0.0

    def objection(self, command: DeviceCommand) -> str | None:
        """Loads take load commands within their power."""
        if not isinstance(command, LoadCommand):
            return f"{self.name} is a load: send it a load command, not {command.kind!r}"
        most = max(command.power_kw, *(slot.power_kw for slot in command.slots))
        if most > self.device.max_kw + 1e-6:
            return f"{most:g} kW is above the {self.device.max_kw:g} kW that {self.name} can take"
        return None

    def obey(self, command: DeviceCommand) -> None:
        """Follow a load command from now on."""
        if isinstance(command, LoadCommand):
            self._command = command

    def release(self) -> None:
        """Run as soon as it can again."""
        self._command = None

    def live(self, around: Surroundings) -> None:
        """Take what the command allows, or what the deadline asks."""
        self._roll(around.now)
        power_kw = 0.0
        if self._window[0] <= around.now and self._needed_kwh > _DONE_KWH:
            power_kw = min(self._wanted_kw(around), self._needed_kwh / hours(around.step))
        self._needed_kwh -= power_kw * hours(around.step)
        self._count(power_kw, around.step)

    def state(self, now: datetime) -> DeviceState:
        """What is still needed, and by when, while it is there to be charged or run."""
        self._roll(now)
        there = self._window[0] <= now
        return DeviceState(
            time=now,
            device=self.name,
            power_kw=self.power_kw,
            follows=self._follows,
            running=self._started(),
            needed_kwh=max(self._needed_kwh, 0.0) if there else 0.0,
            ready_by=self._window[1] if there else None,
        )

    def _roll(self, now: datetime) -> None:
        """When a window closes the next day's need begins."""
        if now >= self._window[1]:
            self.missed_kwh += self._needed_kwh
            self._window = self.device.window_after(now, self._zone)
            self._needed_kwh = self._need(self._window)

    def sessions(self, until: datetime) -> list[tuple[datetime, datetime, float]]:
        """What is needed in every window from the one that is open or next until a time, in kWh."""
        found, window = [], self._window
        while window[0] < until:
            found.append((*window, self._need(window)))
            window = self.device.window_after(window[1], self._zone)
        return found

    def _need(self, window: tuple[datetime, datetime]) -> float:
        if isinstance(self.device, Deferrable):
            return self.device.daily_kwh
        day = window[0].toordinal()
        spread = np.random.default_rng([self._seed, day, *self.name.encode()]).normal(0, _NEED_SPREAD)
        most_kwh = self.device.max_kw * hours(window[1] - window[0])
        return float(min(self.device.daily_kwh * np.exp(spread), most_kwh))

    def _started(self) -> bool:
        """Whether a machine that runs in one piece is in the middle of it."""
        return isinstance(self.device, Deferrable) and _DONE_KWH < self._needed_kwh < self.device.daily_kwh - _DONE_KWH

    def _wanted_kw(self, around: Surroundings) -> float:
        most = self.device.max_kw
        left = self._window[1] - around.now - around.step
        if self._started() or self._needed_kwh > most * hours(left):
            self._follows = "command" if self._started() and self._follows == "command" else "deadline"
            return most
        commanded_kw = self._command.power_at(around.now) if self._command else None
        self._follows = "programme" if commanded_kw is None else "command"
        if commanded_kw is None:
            return most
        if commanded_kw <= 0:
            return 0.0
        return max(commanded_kw, self.device.min_kw) if isinstance(self.device, Car) else most


class HeatedZone(SimulatedDevice):
    """A heat pump under its thermostat, and the air and walls that it warms."""

    def __init__(self, device: HeatPump) -> None:
        super().__init__(device)
        self.device = device
        self.air_c = self.mass_c = device.usual_c
        self._command: ClimateCommand | None = None
        self._setpoint_c = device.usual_c
        self._envelope = Envelope(
            air_kwh_per_k=device.air_kwh_per_k,
            mass_kwh_per_k=device.mass_kwh_per_k,
            couple_kw_per_k=device.couple_kw_per_k,
            vent_kw_per_k=device.vent_kw_per_k,
            wall_kw_per_k=device.wall_kw_per_k,
        )

    def objection(self, command: DeviceCommand) -> str | None:
        """Zones take set-points within their comfort band."""
        if not isinstance(command, ClimateCommand):
            return f"{self.name} is a heated zone: send it a climate command, not {command.kind!r}"
        for setpoint_c in (command.setpoint_c, *(slot.setpoint_c for slot in command.slots)):
            if not self.device.min_c - 1e-6 <= setpoint_c <= self.device.max_c + 1e-6:
                return f"{setpoint_c:g} °C is outside the band of {self.device.min_c:g} to {self.device.max_c:g} °C"
        return None

    def obey(self, command: DeviceCommand) -> None:
        """Follow set-points from now on."""
        if isinstance(command, ClimateCommand):
            self._command = command

    def release(self) -> None:
        """Hold its usual temperature again."""
        self._command = None

    def live(self, around: Surroundings) -> None:
        """Heat as much as brings the air to the set-point, within the pump's power."""
        commanded_c = self._command.setpoint_at(around.now) if self._command else None
        self._follows = "programme" if commanded_c is None else "command"
        self._setpoint_c = self.device.usual_c if commanded_c is None else commanded_c
        step = ThermalStep(self._envelope, hours(around.step))
        gain_kw = self.device.gain_kw + HEAT_OF_LOAD * around.load_kw
        resting_c, _ = step.advance(self.air_c, self.mass_c, outdoor_c=around.outdoor_c, air_kw=gain_kw)
        per_kwh = float(heat_pump_cop(np.array([around.outdoor_c]), self.device.supply_c)[0])
        wanted_kw = (self._setpoint_c - resting_c) / step.gains()[0] / per_kwh
        power_kw = min(max(wanted_kw, 0.0), self.device.max_kw)
        self.air_c, self.mass_c = step.advance(
            self.air_c, self.mass_c, outdoor_c=around.outdoor_c, air_kw=gain_kw + power_kw * per_kwh
        )
        self._count(power_kw, around.step)

    def state(self, now: datetime) -> DeviceState:
        """How warm it is and ought to be."""
        return DeviceState(
            time=now,
            device=self.name,
            power_kw=self.power_kw,
            follows=self._follows,
            running=self.power_kw > 0,
            temperature_c=round(self.air_c, 4),
            setpoint_c=self._setpoint_c,
        )


def simulated(home: Home, *, began: datetime, seed: int) -> tuple[SimulatedDevice, ...]:
    """The devices of a home, at the beginning of what is played."""

    def made(device: AnyDevice) -> SimulatedDevice:
        match device:
            case Deferrable() | Car():
                return WaitingLoad(device, home.tz, began=began, seed=seed)
            case HeatPump():
                return HeatedZone(device)
            case _:
                assert_never(device)

    return tuple(made(device) for device in home.devices)
