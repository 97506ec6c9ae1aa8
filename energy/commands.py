"""Commands: what the advisor may ask of a house, as schedules of levels that expire by themselves."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal, Self, assert_never

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from energy.devices import DeviceName
from energy.slots import Instant

Fraction = Annotated[float, Field(ge=0, le=1)]

# Two charges closer than this are the same charge: a thousandth, the resolution of inverters' own sensors.
SAME_SOC = 0.001


class Mode(StrEnum):
    """What the battery does now, in the words of users and inverters."""

    SELF_CONSUMPTION = "self_consumption"
    HOLD = "hold"
    CHARGE = "charge"
    DISCHARGE = "discharge"


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Levels(_Closed):
    """The two levels of a slot: charge from the grid up to one, never discharge below the other.

    Between them the battery follows the house. Where given, `surplus_to_soc` stops storing surplus at that charge
    (to keep room for a dearer surplus later), `export_to_soc` empties the battery into the grid down to that charge,
    and `max_charge_kw` bounds all charging. With `hold_for_car` the battery gives nothing while a car charges.
    """

    charge_to_soc: Fraction = 0.0
    reserve_soc: Fraction = 0.0
    max_charge_kw: float | None = Field(default=None, ge=0, le=500)
    export_to_soc: Fraction | None = None
    surplus_to_soc: Fraction | None = None
    hold_for_car: bool = False

    @model_validator(mode="after")
    def _levels_do_not_fight(self) -> "Levels":
        if self.charge_to_soc > self.reserve_soc + SAME_SOC:
            raise ValueError(
                f"charge_to_soc {self.charge_to_soc!r} is above reserve_soc {self.reserve_soc!r}: "
                "what is bought would be let go in the same slot; raise the reserve",
            )
        if self.export_to_soc is not None and self.export_to_soc < self.reserve_soc - SAME_SOC:
            raise ValueError(
                f"export_to_soc {self.export_to_soc!r} is below reserve_soc {self.reserve_soc!r}: "
                "raise it to the reserve",
            )
        return self

    @property
    def may_buy(self) -> bool:
        """Whether the battery may charge from the grid at any charge."""
        return self.charge_to_soc > 0

    def mode(self, soc: float, *, floor_soc: float = 0.0) -> Mode:
        """The mode that follows from the levels at a charge; a reserve at the battery's own floor holds nothing."""
        if soc < self.charge_to_soc - SAME_SOC:
            return Mode.CHARGE
        if self.export_to_soc is not None and soc > self.export_to_soc + SAME_SOC:
            return Mode.DISCHARGE
        if soc <= self.reserve_soc + SAME_SOC and self.reserve_soc > floor_soc + SAME_SOC:
            return Mode.HOLD
        return Mode.SELF_CONSUMPTION


SELF_CONSUMPTION = Levels()


class _Slot(_Closed):
    """The half-open time [start, end) in which something holds."""

    start: Instant
    end: Instant

    @model_validator(mode="after")
    def _time_runs_forward(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"slot ends at {self.end.isoformat()}, not after its start: give a later end")
        return self


class SlotLevels(Levels, _Slot):
    """Levels with the half-open time in which they hold."""

    def levels(self) -> Levels:
        """The levels alone."""
        return Levels.model_validate(self.model_dump(include=set(Levels.model_fields)))


class _Command(_Closed):
    decision_id: str = Field(min_length=1, max_length=64)
    valid_from: Instant
    valid_until: Instant
    reason_code: str = Field(min_length=1, max_length=48)
    reason: str = Field(max_length=1000)

    @model_validator(mode="after")
    def _expires_after_it_starts(self) -> "_Command":
        if self.valid_until <= self.valid_from:
            raise ValueError(
                f"valid_until {self.valid_until.isoformat()} is not after valid_from: every command expires",
            )
        return self


def _check_slots(slots: Sequence[_Slot], command: _Command) -> None:
    """Slots must follow each other without a gap from `valid_from` or before to `valid_until`."""
    for earlier, later in pairwise(slots):
        if earlier.end != later.start:
            raise ValueError(f"slot {later.start.isoformat()} does not start where the one before ends: close the gap")
    if slots[0].start > command.valid_from or slots[-1].end != command.valid_until:
        raise ValueError(
            f"slots cover {slots[0].start.isoformat()} to {slots[-1].end.isoformat()}, "
            "not valid_from to valid_until: make them agree",
        )


class BatteryCommand(_Command):
    """A schedule of levels for the battery, and the mode they mean now."""

    kind: Literal["battery"] = "battery"
    mode: Mode
    slots: tuple[SlotLevels, ...] = Field(min_length=1, max_length=600)

    @model_validator(mode="after")
    def _slots_are_consecutive(self) -> "BatteryCommand":
        _check_slots(self.slots, self)
        return self

    def levels_at(self, moment: datetime) -> Levels:
        """Levels in force at a moment; plain self-consumption before the first and after the last slot."""
        for slot in self.slots:
            if slot.start <= moment < slot.end:
                return slot.levels()
        return SELF_CONSUMPTION


class ReleaseCommand(_Command):
    """Return to plain self-consumption now, whatever schedule is in force."""

    kind: Literal["release"] = "release"


class PowerSlot(_Slot):
    """Power that a device may take in a half-open slot."""

    power_kw: float = Field(ge=0, le=1000)


class SetpointSlot(_Slot):
    """Temperature that a zone is to be kept at in a half-open slot."""

    setpoint_c: float = Field(ge=0, le=40)


class LoadCommand(_Command):
    """When a load that can wait, or a car, may run: `on` and `power_kw` say what holds now."""

    kind: Literal["load"] = "load"
    device: DeviceName
    on: bool
    power_kw: float = Field(ge=0, le=1000)
    slots: tuple[PowerSlot, ...] = Field(min_length=1, max_length=600)

    @model_validator(mode="after")
    def _slots_are_consecutive(self) -> "LoadCommand":
        _check_slots(self.slots, self)
        return self

    def power_at(self, moment: datetime) -> float | None:
        """Power allowed at a moment; None before the first and after the last slot."""
        return next((slot.power_kw for slot in self.slots if slot.start <= moment < slot.end), None)


class ClimateCommand(_Command):
    """What a zone is to be kept at: `setpoint_c` holds now, the slots say what follows."""

    kind: Literal["climate"] = "climate"
    zone: DeviceName
    setpoint_c: float = Field(ge=0, le=40)
    slots: tuple[SetpointSlot, ...] = Field(min_length=1, max_length=600)

    @model_validator(mode="after")
    def _slots_are_consecutive(self) -> "ClimateCommand":
        _check_slots(self.slots, self)
        return self

    def setpoint_at(self, moment: datetime) -> float | None:
        """Set-point at a moment; None before the first and after the last slot."""
        return next((slot.setpoint_c for slot in self.slots if slot.start <= moment < slot.end), None)


class ExportCommand(_Command):
    """The most that may be exported until the command expires."""

    kind: Literal["export"] = "export"
    limit_kw: float = Field(ge=0, le=1000)


AnyCommand = BatteryCommand | ReleaseCommand
DeviceCommand = LoadCommand | ClimateCommand | ExportCommand
# The connection's name among the devices.
GRID = "grid"

_COMMAND: TypeAdapter[AnyCommand] = TypeAdapter(Annotated[AnyCommand, Field(discriminator="kind")])


def addressed(command: DeviceCommand) -> str:
    """The name of the device that a command is for, which its topic must have; the connection is called `grid`."""
    match command:
        case LoadCommand():
            return command.device
        case ClimateCommand():
            return command.zone
        case ExportCommand():
            return GRID
        case _:
            assert_never(command)


def read_command(payload: bytes | str) -> AnyCommand:
    """Read a command as it travels.

    Raises:
        pydantic.ValidationError: it is not one.
    """
    return _COMMAND.validate_json(payload)


_DEVICE_COMMAND: TypeAdapter[DeviceCommand | ReleaseCommand] = TypeAdapter(
    Annotated[DeviceCommand | ReleaseCommand, Field(discriminator="kind")]
)


def read_device_command(payload: bytes | str) -> DeviceCommand | ReleaseCommand:
    """Read a command to a device as it travels.

    Raises:
        pydantic.ValidationError: it is none.
    """
    return _DEVICE_COMMAND.validate_json(payload)


def device_command_schema() -> dict[str, object]:
    """JSON schema of every command to a device."""
    return _DEVICE_COMMAND.json_schema()


def command_schema() -> dict[str, object]:
    """JSON schema of every command that is ever published."""
    return _COMMAND.json_schema()
