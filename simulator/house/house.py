"""The house itself: it replays a recording through physics of its own and obeys the commands it finds sound."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from energy.commands import (
    GRID,
    SELF_CONSUMPTION,
    AnyCommand,
    DeviceCommand,
    ExportCommand,
    Levels,
    Mode,
    ReleaseCommand,
    addressed,
    read_command,
    read_device_command,
)
from energy.errors import SettingsError
from energy.flows import Flows
from energy.home import Grid
from energy.slots import floor_slot, hours
from simulator.house.appliances import smooth_sun, spiky_load
from simulator.house.batteries import ONLY, batteries_of, flows_of, together
from simulator.house.devices import HeatedZone, Surroundings, simulated
from simulator.house.inverter import inverter_objection
from simulator.house.recording import Recording
from simulator.house.rooms import room_readings
from transport.payloads import CommandState, DeviceAnswer, DeviceState, first_fault

HOUSE_SEED = 7
MAX_COMMAND_BYTES = 128 * 1024
# Outdoors where a recording knows no weather.
_MILD_C = 10.0


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step as it went: mean powers from `start` on, the prices and levels in force, the charge at its end.

    `batteries` says of each of several its charge and its power, discharge positive; mode and decision are the first's.
    """

    start: datetime
    flows: Flows
    soc: float
    import_price: float
    export_price: float
    mode: Mode
    decision_id: str | None
    devices_kw: dict[str, float]
    zones_c: dict[str, tuple[float, float]]
    batteries: dict[str, tuple[float, float]] = field(default_factory=dict)


class House:
    """A home with a battery, or several, at a moment of its recording."""

    def __init__(
        self, recording: Recording, *, step: timedelta, slot: timedelta, soc: float | Mapping[str, float], seed: int
    ) -> None:
        _check_steps(recording, step=step, slot=slot)
        self.batteries = batteries_of(recording.home, soc)
        self.recording = recording
        self.seed = seed
        self.step_length = step
        self.slot_length = slot
        self._per_interval = recording.step // step
        self.base_load_kw = spiky_load(
            recording.load_kw, step, per_interval=self._per_interval, rng=np.random.default_rng(seed)
        )
        self.sun_kw = smooth_sun(recording.pv_kw, per_interval=self._per_interval, peak_kw=recording.home.pv_peak_kw)
        self._index = 0
        self._export: ExportCommand | None = None
        self._device_commands: dict[str, DeviceCommand | ReleaseCommand] = {}
        self.devices = {device.name: device for device in simulated(recording.home, began=self.now, seed=seed)}
        self._energy_kwh = dict.fromkeys(_ENERGIES, 0.0)
        # Before its first step the house shows the instant: what a meter reads while the battery follows the house.
        self._flows, self._parts = self._flows_under(dict.fromkeys(self.batteries, SELF_CONSUMPTION))

    @property
    def now(self) -> datetime:
        """The time of the house."""
        return self.recording.start + self._index * self.step_length

    @property
    def finished(self) -> bool:
        """Whether the recording is played to its end."""
        return self._index == len(self.base_load_kw)

    @property
    def at_slot_boundary(self) -> bool:
        """Whether a slot starts now."""
        return floor_slot(self.now, self.slot_length) == self.now

    @property
    def stored_kwh(self) -> float:
        """Energy in all batteries."""
        return sum(one.stored_kwh for one in self.batteries.values())

    @property
    def soc(self) -> float:
        """Charge as a fraction of the capacity."""
        capacity_kwh = self.recording.home.battery.capacity_kwh
        return self.stored_kwh / capacity_kwh if capacity_kwh else 0.0

    @property
    def outdoor_c(self) -> NDArray[np.float64]:
        """Outdoor temperature of every step."""
        celsius = self.recording.temperature_c
        hourly = np.full(len(self.recording.load_kw), _MILD_C) if celsius is None else celsius
        return np.repeat(hourly, self._per_interval)

    @property
    def levels(self) -> Levels:
        """Levels in force; of several batteries, the first's."""
        return next(iter(self.batteries.values())).levels_at(self.now)

    def step(self) -> StepRecord:
        """Live through one step."""
        start, prices, first = self.now, self._prices(), next(iter(self.batteries.values()))
        mode, decision_id = first.mode_at(start), first.decision_at(start)
        self._live_devices()
        levels = {name: one.levels_at(start) for name, one in self.batteries.items()}
        self._flows, self._parts = self._flows_under(levels)
        for name, part in self._parts.items():
            self.batteries[name].stored_kwh = float(part.stored_kwh)
        step_h = hours(self.step_length)
        for name, power_kw in _metered(self._flows).items():
            self._energy_kwh[name] += power_kw * step_h
        self._index += 1
        devices_kw = {name: device.power_kw for name, device in self.devices.items()}
        zones_c = {name: (zone.air_c, zone.mass_c) for name, zone in self._zones().items()}
        return StepRecord(
            start,
            self._flows,
            self.soc,
            *prices,
            mode=mode,
            decision_id=decision_id,
            devices_kw=devices_kw,
            zones_c=zones_c,
            batteries={name: (self.batteries[name].soc, power_kw) for name, power_kw in self._battery_powers().items()},
        )

    def _battery_powers(self) -> dict[str, float]:
        """Power of each of several batteries, discharge positive."""
        parts = self._parts.items() if self.recording.home.batteries else ()
        return {name: float(part.discharge_kw) - float(part.charge_kw) for name, part in parts}

    def _zones(self) -> dict[str, HeatedZone]:
        return {name: device for name, device in self.devices.items() if isinstance(device, HeatedZone)}

    def _live_devices(self) -> None:
        around = Surroundings(self.now, self.step_length, self._outdoor_c(), float(self.base_load_kw[self._index]))
        for device in self.devices.values():
            device.live(around)

    def readings(self) -> dict[str, float]:
        """Every sensor by name: mean powers of the step behind us, charge, prices and temperature of this moment.

        Grid power is positive on import, battery power on discharge; PV is what came out after curtailment.
        """
        metered = _metered(self._flows)
        import_price, export_price = self._prices()
        readings = {
            "load_power": metered["load_energy"],
            "pv_power": metered["pv_energy"],
            "grid_power": metered["grid_import_energy"] - metered["grid_export_energy"],
            "battery_power": metered["battery_discharge_energy"] - metered["battery_charge_energy"],
            "battery_soc": self.soc * 100,
            "battery_capacity": self.recording.home.battery.capacity_kwh,
            "price_import": import_price,
            "price_export": export_price,
            **self._energy_kwh,
        }
        if self.recording.temperature_c is not None:
            readings["outdoor_temperature"] = self._outdoor_c()
            air_c = next((zone.air_c for zone in self._zones().values()), None)
            readings |= room_readings(self._outdoor_c(), air_c)
        for name, power_kw in self._battery_powers().items():
            readings |= {f"battery_soc_{name}": self.batteries[name].soc * 100, f"battery_power_{name}": power_kw}
        for name, device in self.devices.items():
            readings |= {f"{name}_power": device.power_kw, f"{name}_energy": device.energy_kwh}
        return readings

    def device_states(self) -> list[DeviceState]:
        """What every device does and needs now."""
        return [device.state(self.now) for device in self.devices.values()]

    def obey_device(self, name: str, payload: bytes, *, retained: bool) -> DeviceAnswer:
        """Give a device its command, or say why not; a repeated delivery changes nothing."""

        def answer(decision_id: str | None, detail: str, *, accepted: bool = False) -> DeviceAnswer:
            return DeviceAnswer(time=self.now, device=name, decision_id=decision_id, accepted=accepted, detail=detail)

        if len(payload) > MAX_COMMAND_BYTES:
            return answer(None, f"{len(payload)} bytes: commands end at {MAX_COMMAND_BYTES} bytes")
        try:
            command = read_device_command(payload)
        except ValidationError as err:
            return answer(None, first_fault(err))
        last = self._device_commands.get(name)
        objection = self._time_objection(command, last, retained=retained) or self._device_objection(name, command)
        if objection is not None:
            return answer(command.decision_id, objection)
        self._device_commands[name] = command
        self._give(name, command)
        return answer(command.decision_id, f"in force until {command.valid_until.isoformat()}", accepted=True)

    def _give(self, name: str, command: DeviceCommand | ReleaseCommand) -> None:
        match command:
            case ReleaseCommand() if name == GRID:
                self._export = None
            case ReleaseCommand():
                self.devices[name].release()
            case ExportCommand():
                self._export = command
            case _:
                self.devices[name].obey(command)

    def _device_objection(self, name: str, command: DeviceCommand | ReleaseCommand) -> str | None:
        if isinstance(command, ReleaseCommand):
            return None if name in {GRID, *self.devices} else self._unknown(name)
        if addressed(command) != name:
            return f"is for {addressed(command)!r} and came to {name!r}: use its own topic"
        if isinstance(command, ExportCommand):
            most = self.recording.home.grid.export_limit_kw
            too_much = command.limit_kw > most + 1e-6
            return f"{command.limit_kw:g} kW is above the connection's {most:g} kW" if too_much else None
        return self.devices[name].objection(command) if name in self.devices else self._unknown(name)

    def _unknown(self, name: str) -> str:
        return f"no device is called {name!r}: there are {', '.join(self.devices) or 'none'}"

    def obey(self, payload: bytes, *, retained: bool, battery: str = ONLY) -> CommandState:
        """Put a battery's command in force, or say why not; a repeated delivery changes nothing."""
        one = self.batteries.get(battery)
        if one is None:
            known = ", ".join(self.batteries)
            return self._answer(battery, None, f"no battery is called {battery!r}: there are {known}")
        if len(payload) > MAX_COMMAND_BYTES:
            return self._answer(battery, None, f"{len(payload)} bytes: commands end at {MAX_COMMAND_BYTES} bytes")
        try:
            command = read_command(payload)
        except ValidationError as err:
            return self._answer(battery, None, first_fault(err))
        objection = self._time_objection(command, one.command, retained=retained)
        objection = objection or inverter_objection(command, one.battery, self.recording.home.grid)
        if objection is not None:
            return self._answer(battery, command.decision_id, objection)
        one.command = command
        until = f"in force until {command.valid_until.isoformat()}"
        return self._answer(battery, command.decision_id, until, accepted=True)

    def _time_objection(
        self, command: AnyCommand | DeviceCommand, last: AnyCommand | DeviceCommand | None, *, retained: bool
    ) -> str | None:
        if retained:
            return "retained, so it may be old: publish commands without the retain flag"
        if command.valid_until <= self.now:
            return f"expired at {command.valid_until.isoformat()}, it is {self.now.isoformat()}: decide again"
        if command.valid_from > self.now + self.slot_length:
            return f"starts at {command.valid_from.isoformat()}, it is {self.now.isoformat()}: send it when it starts"
        return None if last is None or command == last else _conflict(command, last)

    def _answer(self, battery: str, decision_id: str | None, detail: str, *, accepted: bool = False) -> CommandState:
        mode = self.batteries[battery].mode_at(self.now) if battery in self.batteries else None
        return CommandState(time=self.now, decision_id=decision_id, accepted=accepted, mode=mode, detail=detail)

    def _flows_under(self, levels: Mapping[str, Levels]) -> tuple[Flows, dict[str, Flows]]:
        """The flows of the house, and of each battery, while each follows its own levels."""
        load_kw = float(self.base_load_kw[self._index]) + sum(device.power_kw for device in self.devices.values())
        pv_kw = float(self.sun_kw[self._index])
        under = [(one, levels[name]) for name, one in self.batteries.items()]
        parts = flows_of(load_kw, pv_kw, under, grid=self._grid(), hours=hours(self.step_length))
        return together(load_kw, pv_kw, parts), dict(zip(self.batteries, parts, strict=True))

    def _grid(self) -> Grid:
        """The connection, with the export limit in force."""
        grid = self.recording.home.grid
        if self._export is None or not self._export.valid_from <= self.now < self._export.valid_until:
            return grid
        return grid.model_copy(update={"export_limit_kw": min(grid.export_limit_kw, self._export.limit_kw)})

    def _outdoor_c(self) -> float:
        celsius = self.recording.temperature_c
        return _MILD_C if celsius is None else float(celsius[self._interval()])

    def _interval(self) -> int:
        """Index into the recording; at its end, the last interval."""
        return min(self._index // self._per_interval, len(self.recording.load_kw) - 1)

    def _prices(self) -> tuple[float, float]:
        interval = self._interval()
        return float(self.recording.import_price[interval]), float(self.recording.export_price[interval])


_ENERGIES = (
    "load_energy",
    "pv_energy",
    "grid_import_energy",
    "grid_export_energy",
    "battery_charge_energy",
    "battery_discharge_energy",
)


def _metered(flows: Flows) -> dict[str, float]:
    """Power in kW that each energy meter counts."""
    powers = (
        flows.load_kw,
        flows.pv_kw - flows.curtailed_kw,
        flows.grid_import_kw,
        flows.grid_export_kw,
        flows.charge_kw,
        flows.discharge_kw,
    )
    return dict(zip(_ENERGIES, map(float, powers), strict=True))


def _check_steps(recording: Recording, *, step: timedelta, slot: timedelta) -> None:
    for name, longer in (("recording's step", recording.step), ("slot", slot)):
        if step <= timedelta() or longer % step:
            raise SettingsError(
                f"a step of {step / timedelta(minutes=1):g} minutes does not divide the {name} of "
                f"{longer / timedelta(minutes=1):g} minutes: choose one that does",
            )


def _conflict(command: AnyCommand | DeviceCommand, last: AnyCommand | DeviceCommand) -> str | None:
    if command.valid_from < last.valid_from:
        return f"older than decision {last.decision_id!r} of {last.valid_from.isoformat()}: decide again"
    # One of several batteries is told its part of a decision again and again, each time with a later beginning.
    if command.decision_id == last.decision_id and command.valid_from == last.valid_from:
        return f"decision {last.decision_id!r} already said something else: give a new decision_id"
    return None
