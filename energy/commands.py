"""Commands: what the advisor may ask of a house, as schedules of levels that expire by themselves."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

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
    and `max_charge_kw` bounds all charging.
    """

    charge_to_soc: Fraction = 0.0
    reserve_soc: Fraction = 0.0
    max_charge_kw: float | None = Field(default=None, ge=0, le=500)
    export_to_soc: Fraction | None = None
    surplus_to_soc: Fraction | None = None

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

    def mode(self, soc: float) -> Mode:
        """The mode that follows from the levels at a charge."""
        if soc < self.charge_to_soc - SAME_SOC:
            return Mode.CHARGE
        if self.export_to_soc is not None and soc > self.export_to_soc + SAME_SOC:
            return Mode.DISCHARGE
        if soc <= self.reserve_soc + SAME_SOC and self.reserve_soc > SAME_SOC:
            return Mode.HOLD
        return Mode.SELF_CONSUMPTION


SELF_CONSUMPTION = Levels()


class SlotLevels(Levels):
    """Levels with the half-open time [start, end) in which they hold."""

    start: AwareDatetime
    end: AwareDatetime

    @model_validator(mode="after")
    def _time_runs_forward(self) -> "SlotLevels":
        if self.end <= self.start:
            raise ValueError(f"slot ends at {self.end.isoformat()}, not after its start: give a later end")
        return self

    def levels(self) -> Levels:
        """The levels alone."""
        return Levels.model_validate(self.model_dump(include=set(Levels.model_fields)))


class _Command(_Closed):
    decision_id: str = Field(min_length=1, max_length=64)
    valid_from: AwareDatetime
    valid_until: AwareDatetime
    reason_code: str = Field(min_length=1, max_length=48)
    reason: str = Field(max_length=1000)

    @model_validator(mode="after")
    def _expires_after_it_starts(self) -> "_Command":
        if self.valid_until <= self.valid_from:
            raise ValueError(
                f"valid_until {self.valid_until.isoformat()} is not after valid_from: every command expires",
            )
        return self


class BatteryCommand(_Command):
    """A schedule of levels for the battery, and the mode they mean now."""

    kind: Literal["battery"] = "battery"
    mode: Mode
    slots: tuple[SlotLevels, ...] = Field(min_length=1, max_length=600)

    @model_validator(mode="after")
    def _slots_are_consecutive(self) -> "BatteryCommand":
        for earlier, later in zip(self.slots, self.slots[1:], strict=False):
            if earlier.end != later.start:
                raise ValueError(
                    f"slot {later.start.isoformat()} does not start where the one before ends: close the gap",
                )
        if self.slots[0].start > self.valid_from or self.slots[-1].end != self.valid_until:
            raise ValueError(
                f"slots cover {self.slots[0].start.isoformat()} to {self.slots[-1].end.isoformat()}, "
                "not valid_from to valid_until: make them agree",
            )
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


AnyCommand = BatteryCommand | ReleaseCommand

_COMMAND: TypeAdapter[AnyCommand] = TypeAdapter(Annotated[AnyCommand, Field(discriminator="kind")])


def read_command(payload: bytes | str) -> AnyCommand:
    """Read a command as it travels.

    Raises:
        pydantic.ValidationError: it is not one.
    """
    return _COMMAND.validate_json(payload)


def command_schema() -> dict[str, object]:
    """JSON schema of every command that is ever published."""
    return _COMMAND.json_schema()
