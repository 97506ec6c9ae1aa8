"""Who is at home and awake in each slot: people with habits, workdays and rest days, outings and guests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
import scipy
from numpy.typing import NDArray

from simulator.clock import LocalDays
from simulator.noise import Floats, remembering, stream
from simulator.synthetic.diary import DRIVE, Diary
from simulator.synthetic.spec import Life

Kind = Literal["worker", "part_timer", "child", "pensioner"]
_DAY = 24 * 60
# Someone who stays at home on a workday is ill, or works there.
_STAYS_HOME: dict[Kind, float] = {"worker": 0.08, "part_timer": 0.3, "child": 0.05, "pensioner": 1.0}
# Minutes of the day: leaves for work or school, comes back, each with its spread.
_WORK: dict[Kind, tuple[float, float, float, float]] = {
    "worker": (8 * 60, 15, 17.6 * 60, 40),
    "part_timer": (8.6 * 60, 20, 14 * 60, 45),
    "child": (8.1 * 60, 6, 15.6 * 60, 50),
    "pensioner": (10 * 60, 60, 12 * 60, 60),
}
# Phases: weeks in which somebody works from home or is on leave come together.
_PHASE_DAYS, _PHASE_SPREAD = 12.0, 0.9
# Children are at home in the ten warmest weeks and around the turn of the year.
_SUMMER_BREAK_DAYS = 35
_OUTING_CHANCE = {"workday": 0.25, "rest day": 0.6}


@dataclass(frozen=True, slots=True, eq=False)
class Occupancy:
    """Per slot, of shape (slots,): people in the house, people awake in it, and whether it is left for days.

    `out` holds, for each day, when the first person left and came back, in minutes, or None.
    """

    at_home: Floats
    awake: Floats
    empty: NDArray[np.bool_]
    out: tuple[tuple[float, float] | None, ...]


@dataclass(frozen=True, slots=True)
class _Routine:
    """When a person rises and goes to bed, in minutes, on workdays; rest days begin and end later."""

    kind: Kind
    rises: float
    retires: float


@dataclass(frozen=True, slots=True)
class _PersonDay:
    """One person's day in minutes of the wall clock; `retires` may lie past midnight."""

    rises: float
    retires: float
    out: tuple[tuple[float, float], ...]


def who_is_home(
    life: Life, local: LocalDays, diary: Diary, *, rest_days: Sequence[bool], warm_day: int, seed: int
) -> Occupancy:
    """Presence of the household and of its guests."""
    breaks, together = _school_breaks(local, warm_day), _outings(rest_days, stream(seed, "together"))
    routines = _routines(life, stream(seed, "routines"))
    at_home, awake = np.zeros(local.slots), np.zeros(local.slots)
    outs: list[tuple[float, float] | None] = [None] * local.count
    for number, routine in enumerate(routines):
        rng = stream(seed, "person", number)
        late, phases = 0.0, remembering(stream(seed, "phases", number), local.count, lasts_steps=_PHASE_DAYS)
        for day in range(local.count):
            rest = rest_days[day] or (routine.kind == "child" and breaks[day])
            lived = _live(routine, rest=rest, phase=float(phases[day]), rng=rng)
            lived = replace(lived, out=(DRIVE,) if diary.drive[day] else (*lived.out, *together[day]))
            part, minute = local.slice_of(day), local.minute[local.slice_of(day)]
            present = _present(minute, lived, diary, day)
            up = (minute >= lived.rises) & (minute < lived.retires) | (minute < late)
            at_home[part] += present
            awake[part] += present & up
            late = max(lived.retires - _DAY, 0.0)
            if number == 0 and lived.out and not diary.is_away(day):
                outs[day] = lived.out[0]
    _add_guests(at_home, awake, local, diary)
    empty = np.zeros(local.slots, dtype=bool)
    for day in np.flatnonzero(diary.empty_to > diary.empty_from).tolist():
        minute = local.minute[local.slice_of(day)]
        empty[local.slice_of(day)] = (minute >= diary.empty_from[day]) & (minute < diary.empty_to[day])
    return Occupancy(at_home, awake, empty, tuple(outs))


def _routines(life: Life, rng: np.random.Generator) -> list[_Routine]:
    """The household: earners first, then children; pensioners live in twos."""
    second: Kind = "worker" if rng.random() < 0.5 else "part_timer"
    adults: dict[str, tuple[Kind, Kind]] = {
        "working": ("worker", second),
        "at_home": ("part_timer", "pensioner"),
        "retired": ("pensioner", "pensioner"),
    }
    children: tuple[Kind, ...] = ("child",) * 8
    kinds = (*adults[life.habits], *children)[: life.people]
    return [
        _Routine(
            kind,
            rises=rng.normal({"child": 7.2, "pensioner": 7.8}.get(kind, 6.8) * 60, 25),
            retires=rng.normal({"child": 21.8}.get(kind, 23.3) * 60, 30),
        )
        for kind in kinds
    ]


def _outings(rest_days: Sequence[bool], rng: np.random.Generator) -> list[tuple[tuple[float, float], ...]]:
    """What all do together: a trip on a rest day, seldom an evening out on a workday."""
    outings: list[tuple[tuple[float, float], ...]] = []
    for rest in rest_days:
        chance, begins, lasts = rng.random(3)
        if rest and chance < 0.4:
            first = 60 * (9.5 + 6 * begins)
            outings.append(((first, first + 60 * (2.5 + 6 * lasts)),))
        elif not rest and chance < 0.07:
            first = 60 * (18 + 1.5 * begins)
            outings.append(((first, first + 60 * (1.5 + 2.5 * lasts)),))
        else:
            outings.append(())
    return outings


def _school_breaks(local: LocalDays, warm_day: int) -> list[bool]:
    def from_warmest(day: date) -> int:
        return abs((day.timetuple().tm_yday - warm_day + 182) % 365 - 182)

    return [
        from_warmest(day) <= _SUMMER_BREAK_DAYS or (day.month, day.day) >= (12, 23) or (day.month, day.day) <= (1, 6)
        for day in local.days
    ]


def _live(routine: _Routine, *, rest: bool, phase: float, rng: np.random.Generator) -> _PersonDay:
    """One day of a person; the same number of draws whatever happens, so that days stay comparable."""
    chance = rng.random(3)
    wobble = rng.normal(size=6)
    stays = scipy.special.ndtr(
        scipy.special.ndtri(_STAYS_HOME[routine.kind]) * np.hypot(1, _PHASE_SPREAD) + _PHASE_SPREAD * phase
    )
    works = not rest and chance[0] >= stays
    rises = routine.rises + (75 + 35 * wobble[0] if rest else 20 * wobble[0])
    retires = routine.retires + (45 + 45 * wobble[1] if rest else 35 * wobble[1])
    out: list[tuple[float, float]] = []
    if works:
        leaves, leaves_spread, returns, returns_spread = _WORK[routine.kind]
        leaves = max(leaves + leaves_spread * wobble[2], rises + 25)
        out.append((leaves, max(returns + returns_spread * wobble[3], leaves + 60)))
    if chance[1] < _OUTING_CHANCE["workday" if works else "rest day"]:
        begins = (19.2 * 60 if works else 10 * 60 + chance[2] * 8 * 60) + 40 * wobble[4]
        out.append((begins, begins + np.clip(120 + 60 * wobble[5], 30, 400)))
    return _PersonDay(rises, retires, tuple(out))


def _present(minute: NDArray[np.intp], lived: _PersonDay, diary: Diary, day: int) -> NDArray[np.bool_]:
    present = np.ones(len(minute), dtype=bool)
    for leaves, returns in (*lived.out, (float(diary.empty_from[day]), float(diary.empty_to[day]))):
        present &= (minute < leaves) | (minute >= returns)
    return present


def _add_guests(at_home: Floats, awake: Floats, local: LocalDays, diary: Diary) -> None:
    """Guests of an evening come at seven and leave near midnight; those who stay rise at half past eight."""
    for day in np.flatnonzero(diary.guests).tolist():
        part = local.slice_of(day)
        minute = local.minute[part]
        evening = (minute >= 19 * 60) & (minute < 23.5 * 60)
        up = evening | (diary.stay[day] & (minute >= 8.5 * 60) & (minute < 23.5 * 60))
        at_home[part] += diary.guests[day] * (up | diary.stay[day])
        awake[part] += diary.guests[day] * up
