"""`python -m benchmarks likes`: whether days of homes alike tell more of a new home than a profile does."""

import json
import tempfile
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import typer

from energy.home import Home
from energy.slots import DAY
from eval.grade.crps import crps
from knowledge.days import Floats
from knowledge.default_profile import ENOUGH_DAYS, default_days
from knowledge.forecast import DayShape, shape_of
from knowledge.like_homes import LENDERS, home_vector, lately, lent_days
from knowledge.store import DayStore
from simulator.synthetic.home import synthetic_history
from simulator.synthetic.presets import LYON, MADRID, MUNICH, SEVILLE
from simulator.synthetic.spec import CarSpec, HomeSpec, HouseSpec, Life

_STEP, _MEMBERS = timedelta(hours=1), 12
_BEGINS = date(2025, 1, 5)
# Days that others have lived before a home is new, and days that it is new for.
_BEFORE, _NEW = 21, 14
_PLACES = ((MADRID, "Europe/Madrid"), (SEVILLE, "Europe/Madrid"), (LYON, "Europe/Paris"), (MUNICH, "Europe/Berlin"))


def bench(*, homes: int) -> None:
    """Measure and print."""
    typer.echo(json.dumps(measure(homes)))


def measure(homes: int) -> dict[str, object]:
    """Each home in turn is new, and the others are known; error of the load forecast made at midnight, in W.

    The error is the continuous ranked probability score of the hours, over days of an ordinary household beside its own
    (as at home), with days of homes alike, and with days of homes of the zone drawn by lot. Differences are means over
    homes with their 95 % interval.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = DayStore(Path(folder))
        for number in range(homes):
            history = synthetic_history(_spec(number), seed=number, days=_BEFORE + _NEW, step=_STEP)
            store.remember_home(history.home)
            store.append(history.home.name, history.days)
        homes_around = Neighbourhood(store)
        errors = np.array(
            [
                [_errors(homes_around, name, how) for how in (_nobody, homes_around.alike, homes_around.by_lot)]
                for name in homes_around.homes
            ]
        )
    alone, alike, lot = errors.mean(axis=2).T * 1000
    return {
        "homes": homes,
        "days": _NEW,
        "profile_w": round(float(alone.mean()), 1),
        "alike_w": round(float(alike.mean()), 1),
        "by_lot_w": round(float(lot.mean()), 1),
        "alike_less_profile_w": _interval(alike - alone),
        "alike_less_by_lot_w": _interval(alike - lot),
        "homes_better_than_profile": int((alike < alone).sum()),
        "by_day_profile_w": (errors[:, 0].mean(axis=0) * 1000).round().tolist(),
        "by_day_alike_w": (errors[:, 1].mean(axis=0) * 1000).round().tolist(),
    }


class Neighbourhood:
    """Homes that know of each other; their vectors are searched exactly, which the server does for many more."""

    def __init__(self, store: DayStore) -> None:
        self.store = store
        self.homes = {name: store.home(name) for name in store.homes()}
        self.shapes = {
            name: [shape_of(one, home.tz, _STEP) for one in store.days(name)] for name, home in self.homes.items()
        }
        self.today = _BEGINS

    def alike(self, home: Home, own: Sequence[DayShape]) -> list[str]:
        """The homes of the zone that are most like one."""
        wanted = home_vector(home, own)
        known = {
            name: home_vector(self.homes[name], lately(self.shapes[name], self.today)) for name in self._others(home)
        }
        return sorted(known, key=lambda name: float(((known[name] - wanted) ** 2).sum()))[:LENDERS]

    def by_lot(self, home: Home, _own: Sequence[DayShape]) -> list[str]:
        """Homes of the zone, drawn anew each day."""
        rng = np.random.default_rng([self.today.toordinal(), len(home.name), int(home.name.rpartition("-")[2])])
        return [str(name) for name in rng.permutation(self._others(home))[:LENDERS]]

    def _others(self, home: Home) -> list[str]:
        return [name for name, other in self.homes.items() if other.zone == home.zone and name != home.name]


def _nobody(_home: Home, _own: Sequence[DayShape]) -> list[str]:
    return []


def _errors(
    homes_around: Neighbourhood, name: str, lenders: Callable[[Home, Sequence[DayShape]], list[str]]
) -> list[float]:
    """Of each of a home's first days."""
    home, shapes, found = homes_around.homes[name], homes_around.shapes[name], []
    for at in range(_NEW):
        homes_around.today = _BEGINS + (_BEFORE + at) * DAY
        own = shapes[_BEFORE : _BEFORE + at][-_MEMBERS:]
        missing = _MEMBERS - len(own)
        lent = lent_days(home, homes_around.today, lenders(home, own), homes_around.store, count=missing, step=_STEP)
        members = [*own, *lent] if lent else _as_at_home(home, own)
        futures = np.array([one.hourly_load_kw for one in members])
        found.append(float(crps(futures, shapes[_BEFORE + at].hourly_load_kw).mean()))
    return found


def _as_at_home(home: Home, own: Sequence[DayShape]) -> list[DayShape]:
    if len(own) >= ENOUGH_DAYS:
        return list(own)
    usual = default_days(home, _STEP, {one.day: one for one in own})
    return [*own, *list(usual.values())[: _MEMBERS - len(own)]]


def _interval(differences: Floats) -> list[float]:
    half = 1.96 * differences.std(ddof=1) / np.sqrt(len(differences))
    middle = float(differences.mean())
    return [round(middle, 1), round(middle - half, 1), round(middle + half, 1)]


def _spec(number: int) -> HomeSpec:
    """A household drawn by lot: who lives there, what heats it, and whether there is a car."""
    rng = np.random.default_rng(number)
    place, zone = _PLACES[int(rng.integers(len(_PLACES)))]
    return HomeSpec(
        name=f"home-{number}",
        place=place,
        zone=zone,
        first_day=_BEGINS,
        life=Life(
            people=int(rng.integers(1, 6)),
            habits=("working", "at_home", "retired")[int(rng.integers(3))],
            dinner_hour=float(rng.uniform(18, 21.5)),
        ),
        house=HouseSpec(
            floor_m2=float(rng.uniform(60, 180)),
            heating="heat_pump" if rng.random() < 1 / 3 else "none",
            hot_water=("none", "resistive", "heat_pump")[int(rng.integers(3))],
        ),
        car=CarSpec() if rng.random() < 0.3 else None,
    )
