"""The guard: the last, deterministic word on every command before it is published."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Literal, TypeVar, assert_never

from pydantic import BaseModel, ConfigDict, Field

from energy.battery import Battery
from energy.commands import SAME_SOC, BatteryCommand, Levels, SlotLevels
from energy.constraints import Constraint, obey
from energy.home import Home

_ROUNDING = 1e-6

_SomeLevels = TypeVar("_SomeLevels", bound=Levels)


class Policy(BaseModel):
    """What the household allows beyond physics."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    min_reserve_soc: float = Field(default=0.0, ge=0, le=1)
    max_regret_per_slot: float = Field(default=0.003, ge=0, le=1)
    max_horizon_hours: float = Field(default=48.0, gt=0, le=168)
    min_minutes_between_commands: float = Field(default=1.0, ge=0, le=60)
    max_snapshot_age_s: float = Field(default=120.0, gt=0, le=3600)
    discharge_into_car: bool = False


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the guard must know about the moment of publishing."""

    now: datetime
    snapshot_at: datetime
    last_command_at: datetime | None
    regret_per_slot: float


@dataclass(frozen=True, slots=True)
class Allowed:
    """The command may go out as it is."""

    command: BatteryCommand


@dataclass(frozen=True, slots=True)
class Clamped:
    """The command was narrowed to what is allowed; `reasons` say where."""

    command: BatteryCommand
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """Nothing may go out."""

    reasons: tuple[str, ...]


Verdict = Allowed | Clamped | Rejected


def review(
    command: BatteryCommand,
    home: Home,
    policy: Policy,
    moment: Circumstances,
    *,
    asked: Sequence[Constraint] = (),
) -> Verdict:
    """Check a command against time, freshness, rate, regret, physics, household policy and what was `asked` for.

    What can be narrowed without changing its meaning is clamped; all else is rejected.
    """
    refusals = (*_time_refusals(command, policy, moment), *_worth_refusals(policy, moment))
    if refusals:
        return Rejected(refusals)
    slots, reasons = _narrowed(command.slots, home, policy, asked)
    if not reasons:
        return Allowed(command)
    return Clamped(command.model_copy(update={"slots": slots}), reasons)


def verdict_name(verdict: Verdict) -> Literal["allowed", "clamped", "rejected"]:
    """One word for journals and counters."""
    match verdict:
        case Allowed():
            return "allowed"
        case Clamped():
            return "clamped"
        case Rejected():
            return "rejected"
        case _:
            assert_never(verdict)


def _time_refusals(command: BatteryCommand, policy: Policy, moment: Circumstances) -> tuple[str, ...]:
    refusals = []
    if command.valid_until <= moment.now:
        refusals.append(f"expired at {command.valid_until.isoformat()}")
    if command.valid_from > moment.now + timedelta(minutes=5):
        refusals.append(f"starts in the future, at {command.valid_from.isoformat()}")
    if command.valid_until - moment.now > timedelta(hours=policy.max_horizon_hours):
        refusals.append(f"reaches past {policy.max_horizon_hours:g} hours")
    age_s = (moment.now - moment.snapshot_at).total_seconds()
    if not 0 <= age_s <= policy.max_snapshot_age_s:
        refusals.append(f"rests on a snapshot {age_s:.0f} s old, limit {policy.max_snapshot_age_s:.0f} s")
    pause = timedelta(minutes=policy.min_minutes_between_commands)
    if moment.last_command_at is not None and moment.now - moment.last_command_at < pause:
        refusals.append(f"follows the last command within {policy.min_minutes_between_commands:g} min")
    return tuple(refusals)


def _worth_refusals(policy: Policy, moment: Circumstances) -> tuple[str, ...]:
    if moment.regret_per_slot <= policy.max_regret_per_slot:
        return ()
    cents, limit = moment.regret_per_slot * 100, policy.max_regret_per_slot * 100
    return (f"expected to cost {cents:.2f} cent a slot more than the best candidate, limit {limit:.2f}",)


def _narrowed(
    slots: tuple[SlotLevels, ...],
    home: Home,
    policy: Policy,
    asked: Sequence[Constraint],
) -> tuple[tuple[SlotLevels, ...], tuple[str, ...]]:
    reasons: dict[str, None] = {}
    narrowed: list[SlotLevels] = []
    for slot in slots:
        pieces = [_as_asked(piece, asked, home, reasons) for piece in _cut(slot, asked)]
        if all(piece.levels() == slot.levels() for piece in pieces):
            pieces = [slot]
        for piece in pieces:
            allowed = _within_policy(_within_band(piece, home, reasons), home, policy, reasons)
            narrowed.append(piece if allowed is piece else _consistent(allowed))
    return tuple(narrowed), tuple(reasons)


def _cut(slot: SlotLevels, asked: Sequence[Constraint]) -> list[SlotLevels]:
    """The slot in pieces in which the same constraints hold throughout."""
    inner = {edge for one in asked for edge in (one.start, one.end) if slot.start < edge < slot.end}
    edges = [slot.start, *sorted(inner), slot.end]
    return [slot.model_copy(update={"start": start, "end": end}) for start, end in pairwise(edges)]


def _as_asked(slot: SlotLevels, asked: Sequence[Constraint], home: Home, reasons: dict[str, None]) -> SlotLevels:
    here = [one for one in asked if one.overlaps(slot.start, slot.end)]
    wanted = obey(slot, here, home)
    if wanted is slot:
        return slot
    if wanted.charge_to_soc < slot.charge_to_soc:
        reasons["the household asked for no charging from the grid"] = None
    if wanted.reserve_soc > slot.reserve_soc:
        reasons[f"reserve raised to the {wanted.reserve_soc:.0%} that the household asked for"] = None
    if wanted.charge_to_soc > slot.charge_to_soc:
        reasons[f"charge target raised to the {wanted.charge_to_soc:.0%} that the household asked for"] = None
    if wanted.export_to_soc is None and slot.export_to_soc is not None:
        reasons["the household asked for no selling from the battery"] = None
    if wanted.hold_for_car and not slot.hold_for_car:
        reasons["the household asked for no discharging into the car"] = None
    if not reasons:
        reasons["levels raised to what the household asked for"] = None
    return SlotLevels.model_validate(wanted.model_dump())


def above_floor(levels: _SomeLevels, battery: Battery) -> _SomeLevels:
    """Levels of which none lets the battery go below the least charge that it may have, to a thousandth above it."""
    floor = least_soc(battery)
    low = {
        name: floor
        for name in ("reserve_soc", "export_to_soc", "surplus_to_soc")
        if (value := getattr(levels, name)) is not None and value < floor
    }
    return type(levels).model_validate(levels.model_dump() | low) if low else levels


def least_soc(battery: Battery) -> float:
    """The battery's least charge as commands say it: in thousandths, never below."""
    return ceil(battery.min_soc * 1000 - _ROUNDING) / 1000


def _within_band(slot: SlotLevels, home: Home, reasons: dict[str, None]) -> SlotLevels:
    battery = home.battery
    if (raised := above_floor(slot, battery)) is not slot:
        slot = raised
        reasons[f"levels raised to the battery's least charge, {battery.min_soc:.0%}"] = None
    if slot.charge_to_soc > battery.max_soc + SAME_SOC:
        slot = slot.model_copy(update={"charge_to_soc": battery.max_soc})
        reasons[f"charge target lowered to the battery's {battery.max_soc:.0%}"] = None
    if slot.max_charge_kw is not None and slot.max_charge_kw > battery.max_charge_kw:
        slot = slot.model_copy(update={"max_charge_kw": battery.max_charge_kw})
        reasons[f"charge power lowered to the battery's {battery.max_charge_kw:g} kW"] = None
    return slot


def _within_policy(slot: SlotLevels, home: Home, policy: Policy, reasons: dict[str, None]) -> SlotLevels:
    if slot.charge_to_soc > 0 and not home.grid.allow_grid_charging:
        slot = slot.model_copy(update={"charge_to_soc": 0.0})
        reasons["grid charging is not allowed here"] = None
    if slot.export_to_soc is not None and not home.grid.allow_battery_export:
        slot = slot.model_copy(update={"export_to_soc": None})
        reasons["selling from the battery is not allowed here"] = None
    if slot.reserve_soc < policy.min_reserve_soc:
        slot = slot.model_copy(update={"reserve_soc": policy.min_reserve_soc})
        reasons[f"reserve raised to the household's {policy.min_reserve_soc:.0%}"] = None
    return slot


def _consistent(slot: SlotLevels) -> SlotLevels:
    """Levels that still agree with each other after narrowing; validated again."""
    reserve = max(slot.reserve_soc, slot.charge_to_soc)
    export_to = None if slot.export_to_soc is None else max(slot.export_to_soc, reserve)
    fields = slot.model_dump() | {"reserve_soc": reserve, "export_to_soc": export_to}
    return SlotLevels.model_validate(fields)
