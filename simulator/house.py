"""The house itself: it replays a recording through physics of its own and obeys the commands it finds sound."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import numpy as np
from pydantic import ValidationError

from energy.commands import SELF_CONSUMPTION, AnyCommand, BatteryCommand, Levels, Mode, read_command
from energy.errors import SettingsError
from energy.flows import Flows, step_house
from energy.slots import floor_slot, hours
from simulator.appliances import smooth_sun, spiky_load
from simulator.recording import Recording
from transport.payloads import CommandState, first_fault

MAX_COMMAND_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step as it went: mean powers from `start` on, the prices and levels in force, the charge at its end."""

    start: datetime
    flows: Flows
    soc: float
    import_price: float
    export_price: float
    mode: Mode
    decision_id: str | None


class House:
    """A home with a battery, at a moment of its recording."""

    def __init__(self, recording: Recording, *, step: timedelta, slot: timedelta, soc: float, seed: int) -> None:
        _check_steps(recording, step=step, slot=slot)
        battery = recording.home.battery
        if not battery.min_soc <= soc <= battery.max_soc:
            raise SettingsError(
                f"starting charge {soc!r} is outside the battery's band: "
                f"use {battery.min_soc!r} to {battery.max_soc!r}",
            )
        self.recording = recording
        self.seed = seed
        self.step_length = step
        self.slot_length = slot
        self.stored_kwh = soc * battery.capacity_kwh
        self._per_interval = recording.step // step
        self._load_kw = spiky_load(
            recording.load_kw, step, per_interval=self._per_interval, rng=np.random.default_rng(seed)
        )
        self._pv_kw = smooth_sun(recording.pv_kw, per_interval=self._per_interval, peak_kw=recording.home.pv_peak_kw)
        self._index = 0
        self._command: AnyCommand | None = None
        self._energy_kwh = dict.fromkeys(_ENERGIES, 0.0)
        # Before its first step the house shows the instant: what a meter reads while the battery follows the house.
        self._flows = self._flows_under(SELF_CONSUMPTION)

    @property
    def now(self) -> datetime:
        """The time of the house."""
        return self.recording.start + self._index * self.step_length

    @property
    def finished(self) -> bool:
        """Whether the recording is played to its end."""
        return self._index == len(self._load_kw)

    @property
    def at_slot_boundary(self) -> bool:
        """Whether a slot starts now."""
        return floor_slot(self.now, self.slot_length) == self.now

    @property
    def soc(self) -> float:
        """Charge as a fraction of the capacity."""
        capacity_kwh = self.recording.home.battery.capacity_kwh
        return self.stored_kwh / capacity_kwh if capacity_kwh else 0.0

    @property
    def levels(self) -> Levels:
        """Levels in force: those of the last command, or plain self-consumption."""
        return self._command.levels_at(self.now) if isinstance(self._command, BatteryCommand) else SELF_CONSUMPTION

    @property
    def decision_id(self) -> str | None:
        """The decision whose schedule is in force."""
        command = self._command
        return command.decision_id if isinstance(command, BatteryCommand) and self.now < command.valid_until else None

    def step(self) -> StepRecord:
        """Live through one step."""
        levels, prices = self.levels, self._prices()
        mode, decision_id, start = levels.mode(self.soc), self.decision_id, self.now
        self._flows = self._flows_under(levels)
        self.stored_kwh = float(self._flows.stored_kwh)
        for name, power_kw in _metered(self._flows).items():
            self._energy_kwh[name] += power_kw * hours(self.step_length)
        self._index += 1
        return StepRecord(start, self._flows, self.soc, *prices, mode=mode, decision_id=decision_id)

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
            "price_import": import_price,
            "price_export": export_price,
            **self._energy_kwh,
        }
        if self.recording.temperature_c is not None:
            readings["outdoor_temperature"] = float(self.recording.temperature_c[self._interval()])
        return readings

    def obey(self, payload: bytes, *, retained: bool) -> CommandState:
        """Put a command in force, or say why not; a repeated delivery changes nothing."""
        if len(payload) > MAX_COMMAND_BYTES:
            return self._answer(None, f"{len(payload)} bytes: commands end at {MAX_COMMAND_BYTES} bytes")
        try:
            command = read_command(payload)
        except ValidationError as err:
            return self._answer(None, first_fault(err))
        objection = self._objection(command, retained=retained)
        if objection is not None:
            return self._answer(command.decision_id, objection)
        self._command = command
        return self._answer(command.decision_id, f"in force until {command.valid_until.isoformat()}", accepted=True)

    def _objection(self, command: AnyCommand, *, retained: bool) -> str | None:
        if retained:
            return "retained, so it may be old: publish commands without the retain flag"
        if command.valid_until <= self.now:
            return f"expired at {command.valid_until.isoformat()}, it is {self.now.isoformat()}: decide again"
        if command.valid_from > self.now + self.slot_length:
            return f"starts at {command.valid_from.isoformat()}, it is {self.now.isoformat()}: send it when it starts"
        last = self._command
        return None if last is None or command == last else _conflict(command, last)

    def _answer(self, decision_id: str | None, detail: str, *, accepted: bool = False) -> CommandState:
        return CommandState(
            time=self.now,
            decision_id=decision_id,
            accepted=accepted,
            mode=self.levels.mode(self.soc),
            detail=detail,
        )

    def _flows_under(self, levels: Levels) -> Flows:
        flows = step_house(
            float(self._load_kw[self._index]),
            float(self._pv_kw[self._index]),
            self.stored_kwh,
            levels=levels,
            battery=self.recording.home.battery,
            grid=self.recording.home.grid,
            hours=hours(self.step_length),
        )
        return Flows(**{name: float(value) for name, value in asdict(flows).items()})

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


def _conflict(command: AnyCommand, last: AnyCommand) -> str | None:
    if command.valid_from < last.valid_from:
        return f"older than decision {last.decision_id!r} of {last.valid_from.isoformat()}: decide again"
    if command.decision_id == last.decision_id:
        return f"decision {last.decision_id!r} already said something else: give a new decision_id"
    return None
