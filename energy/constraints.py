"""What a household asks for a while, as typed constraints that the planner plans for and the guard enforces."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from energy.commands import SAME_SOC, Levels
from energy.home import Home
from energy.slots import Instant

Floats = NDArray[np.float64]

LONGEST = timedelta(days=62)


class _Constraint(BaseModel):
    """Something that holds in the half-open time [start, end), in UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    start: Instant
    end: Instant

    @field_validator("start", "end")
    @classmethod
    def _in_utc(cls, value: datetime) -> datetime:
        return value.astimezone(UTC)

    @model_validator(mode="after")
    def _lasts_a_while(self) -> "_Constraint":
        if self.end <= self.start:
            raise ValueError(f"ends at {self.end.isoformat()}, not after its start: give a later end")
        if self.end - self.start > LONGEST:
            raise ValueError(f"lasts {(self.end - self.start).days} days: at most {LONGEST.days} are taken")
        return self

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether any of [start, end) is covered."""
        return self.start < end and start < self.end


class Reserve(_Constraint):
    """At least `soc` in the battery all the time, bought ahead from the grid where that is allowed.

    One that is not `bought` is only never given away, as with the household's standing control.
    """

    kind: Literal["reserve"] = "reserve"
    soc: float = Field(ge=0, le=1)
    bought: bool = True


class NoGridCharge(_Constraint):
    """The battery takes nothing from the grid."""

    kind: Literal["no_grid_charge"] = "no_grid_charge"


class NoExport(_Constraint):
    """The battery sells nothing to the grid; surplus sun may still flow out."""

    kind: Literal["no_export"] = "no_export"


class NoDischargeIntoCar(_Constraint):
    """The battery gives nothing while a car charges."""

    kind: Literal["no_discharge_into_car"] = "no_discharge_into_car"


class CarCharges(NoDischargeIntoCar):
    """The part of such a time in which the plan has a car charge: the battery is held, whatever it holds."""


class ExtraLoad(_Constraint):
    """The house will need `power_kw` more than on days like this."""

    kind: Literal["extra_load"] = "extra_load"
    power_kw: float = Field(gt=0, le=50)


class Away(_Constraint):
    """Nobody is home: the load is `load_factor` of what days like this need."""

    kind: Literal["away"] = "away"
    load_factor: float = Field(default=0.5, ge=0, le=1)


class CarReady(_Constraint):
    """A car must take `energy_kwh` before `end`, at most at `charger_kw`."""

    kind: Literal["car_ready"] = "car_ready"
    energy_kwh: float = Field(gt=0, le=150)
    charger_kw: float = Field(default=3.7, gt=0, le=50)


Constraint = Annotated[
    Reserve | NoGridCharge | NoExport | NoDischargeIntoCar | ExtraLoad | Away | CarReady,
    Field(discriminator="kind"),
]

_Kind = TypeVar("_Kind", bound=_Constraint)


_SomeLevels = TypeVar("_SomeLevels", bound=Levels)


def obey(levels: _SomeLevels, asked: Sequence[Constraint], home: Home) -> _SomeLevels:
    """The nearest levels that satisfy every constraint of `asked`, all of which hold in their slot.

    A ban is stronger than a reserve: where grid charging is forbidden, a reserve is only not given away.
    """
    floor_soc = min(_floor_soc(asked), home.battery.max_soc)
    charge_to = 0.0
    if not _of(asked, NoGridCharge):
        bought_soc = min(_floor_soc([one for one in _of(asked, Reserve) if one.bought]), home.battery.max_soc)
        charge_to = _raised(levels.charge_to_soc, bought_soc if home.grid.allow_grid_charging else 0.0)
    held_soc = home.battery.max_soc if _of(asked, CarCharges) else 0.0
    reserve = max(_raised(levels.reserve_soc, floor_soc), charge_to, held_soc)
    export_to = None if held_soc or _of(asked, NoExport) else levels.export_to_soc
    if export_to is not None:
        export_to = _raised(export_to, reserve)
    surplus_to = levels.surplus_to_soc
    if surplus_to is not None:
        surplus_to = _raised(surplus_to, floor_soc)
    changed: dict[str, float | bool | None] = {
        "charge_to_soc": charge_to,
        "reserve_soc": reserve,
        "export_to_soc": export_to,
        "surplus_to_soc": surplus_to,
        "hold_for_car": levels.hold_for_car or bool(_of(asked, NoDischargeIntoCar)),
    }
    return levels if all(getattr(levels, name) == value for name, value in changed.items()) else _with(levels, changed)


def _with(levels: _SomeLevels, changed: dict[str, float | bool | None]) -> _SomeLevels:
    return type(levels).model_validate(levels.model_dump() | changed)


def _raised(soc: float, least_soc: float) -> float:
    """A level brought up to the least asked for; a rounding below it is left alone."""
    return least_soc if least_soc > soc + SAME_SOC else soc


def _floor_soc(asked: Sequence[Constraint]) -> float:
    return max((one.soc for one in _of(asked, Reserve)), default=0.0)


def _of(asked: Sequence[Constraint], kind: type[_Kind]) -> list[_Kind]:
    return [one for one in asked if isinstance(one, kind)]


@dataclass(frozen=True, slots=True)
class SlotWishes:
    """Constraints laid over the slots of a plan: those that touch each slot, and what they mean for the battery.

    `floor_kwh` is the energy above the battery's minimum to be kept at each slot's end, 0 where nothing is asked;
    `may_charge` and `may_export` say whether the battery may trade with the grid, `may_give` whether it may discharge.
    """

    touching: tuple[tuple[Constraint, ...], ...]
    floor_kwh: Floats
    may_charge: NDArray[np.bool_]
    may_export: NDArray[np.bool_]
    may_give: NDArray[np.bool_]

    def __bool__(self) -> bool:
        return any(self.touching)


def over_slots(asked: Sequence[Constraint], starts: Sequence[datetime], step: timedelta, home: Home) -> SlotWishes:
    """Lay constraints over consecutive slots; a slot that is touched at all is covered."""
    touching = tuple(tuple(one for one in asked if one.overlaps(start, start + step)) for start in starts)
    battery = home.battery
    floors = np.array([min(_floor_soc(here), battery.max_soc) for here in touching]) * battery.capacity_kwh
    # A reserve holds from its first moment: what the slot before it leaves behind must be enough.
    floors = np.maximum(floors, np.r_[floors[1:], 0.0])
    return SlotWishes(
        touching=touching,
        floor_kwh=np.maximum(floors - battery.min_kwh, 0.0),
        may_charge=np.array([not _of(here, NoGridCharge) for here in touching], dtype=bool),
        may_export=np.array([not _of(here, NoExport) for here in touching], dtype=bool),
        may_give=np.array([not _of(here, CarCharges) for here in touching], dtype=bool),
    )


def expected_load(
    load_kw: Floats,
    asked: Sequence[Constraint],
    *,
    starts: Sequence[datetime],
    step: timedelta,
    price_per_kwh: Floats,
) -> Floats:
    """Load of shape (scenarios, slots) as the household says it will be: away, guests, a car to be charged.

    A slot that is covered in part takes its share. A car is expected to charge in the cheapest slots before its time.
    """
    loads = load_kw
    for one in asked:
        share = np.array([_covered(one, start, step) for start in starts])
        match one:
            case Away():
                loads = loads * (1 - share * (1 - one.load_factor))
            case ExtraLoad():
                loads = loads + share * one.power_kw
            case CarReady():
                loads = loads + _car_kw(one, share, price_per_kwh, step)
            case _:
                pass
    return loads


def _covered(one: _Constraint, start: datetime, step: timedelta) -> float:
    """Share of a slot in which a constraint holds."""
    return max((min(one.end, start + step) - max(one.start, start)) / step, 0.0)


def _car_kw(car: CarReady, share: Floats, price_per_kwh: Floats, step: timedelta) -> Floats:
    hours = step / timedelta(hours=1)
    powers, left_kwh = np.zeros_like(share), car.energy_kwh
    for slot in np.argsort(np.where(share > 0, price_per_kwh, np.inf), kind="stable"):
        taken_kwh = min(share[slot] * car.charger_kw * hours, left_kwh)
        powers[slot] = taken_kwh / hours
        left_kwh -= taken_kwh
    return powers
