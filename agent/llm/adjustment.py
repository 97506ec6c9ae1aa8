"""What a model may ask of the planner for what the household said: one wish that it plans with, between two times."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from energy.constraints import Constraint, NoExport, NoGridCharge, Reserve

_BANS: dict[str, type[NoGridCharge | NoExport]] = {"no_grid_charge": NoGridCharge, "no_export": NoExport}


class Adjustment(BaseModel):
    """A wish that begins and ends at times that the brief allows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hold: str
    start: str
    until: str


class ReserveAdjustment(Adjustment):
    """At least so much in the battery."""

    hold: Literal["reserve"]
    percent: Literal[10, 20, 30, 40, 50, 60, 70, 80, 90, 100]


class BanAdjustment(Adjustment):
    """Nothing from the grid into the battery, or nothing sold out of it."""

    hold: Literal["no_grid_charge", "no_export"]


def adjustment_schemas(times: Sequence[str]) -> tuple[type[Adjustment], ...]:
    """The schemas of wishes between times that are named so, the first of them being now."""
    start: Any = Literal[tuple(times[:-1])]
    until: Any = Literal[tuple(times[1:])]
    return tuple(
        create_model(base.__name__, __base__=base, start=(start, ...), until=(until, ...))
        for base in (ReserveAdjustment, BanAdjustment)
    )


def as_constraint(wanted: Adjustment, times: Mapping[str, datetime]) -> Constraint:
    """A wish as the planner and the guard know it.

    Raises:
        ValueError: it ends before it begins.
    """
    start, end = times[wanted.start], times[wanted.until]
    try:
        if isinstance(wanted, ReserveAdjustment):
            return Reserve(start=start, end=end, soc=wanted.percent / 100)
        return _BANS[wanted.hold](start=start, end=end)
    except ValidationError as err:
        raise ValueError(f"until {wanted.until} is not after start {wanted.start}") from err
