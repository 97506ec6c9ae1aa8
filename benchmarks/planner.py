"""`python -m benchmarks planner`: time per decision of our planner and of a peer, and their bills with foresight."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from energy.billing.ledger import credit_per_kwh
from energy.home import Home
from energy.planning.oracle import optimise
from energy.planning.planner import Ensemble, best_levels, cost_to_go, end_value_per_kwh, plan
from energy.slots import day_slots, hours
from eval.collect.peers import EMHASS, EMHASS_FOLDER, Emhass
from ingest.history.recorded import shipped_history, shipped_homes
from ingest.history.table import History
from knowledge.forecast import futures, horizon, shape_of
from knowledge.similar import FingerprintTable

_MEMBERS = 12
_HORIZON = timedelta(hours=24)
_FIRST_DAY = date(2017, 1, 1)
_DAYS = 4
_FORESIGHT_DAYS = 28


@dataclass(frozen=True, slots=True)
class Foresight:
    """Bills less leftover credit of one period known in advance: our bound and the peer's exact plan."""

    days: int
    currency: str
    oracle: float
    peer: float

    @property
    def gap(self) -> float:
        """How far the peer is from the bound, as a share of the bill."""
        return abs(self.peer - self.oracle) / abs(self.oracle)


@dataclass(frozen=True, slots=True)
class PlannerBench:
    """Medians in milliseconds over the same decisions, taken in turn.

    `peer_ms` is the peer's optimisation of one forecast; `levels_ms` ours of all futures; `decision_ms` adds making the
    futures from similar days; `plan_ms` is a decision with the rival schedules that the running service wants.
    """

    decisions: int
    slots: int
    levels_ms: float
    decision_ms: float
    plan_ms: float
    peer_ms: float
    foresight: Foresight

    def text(self) -> str:
        """What a person reads."""
        known = self.foresight
        rows = {
            f"planner: {_MEMBERS} futures to levels": self.levels_ms,
            f"planner: similar days to {_MEMBERS} futures to levels": self.decision_ms,
            "planner: the same with rival schedules and their costs": self.plan_ms,
        }
        return (
            f"{self.decisions} decisions over {self.slots} slots; median, and how many times that the peer takes:\n"
            + "".join(f"  {name:<56}{ours:8.2f} ms   {self.peer_ms / ours:4.1f}\n" for name, ours in rows.items())
            + f"  {f'{EMHASS}: 1 forecast to its plan':<56}{self.peer_ms:8.2f} ms\n"
            + f"{known.days} days known in advance: oracle {known.oracle:.4f} {known.currency}, "
            + f"{EMHASS} {known.peer:.4f} {known.currency}, {known.gap:.4%} apart"
        )


def bench_planner(folder: Path = EMHASS_FOLDER, *, step: timedelta = timedelta(hours=1)) -> PlannerBench:
    """Measure on a shipped home in winter; the peer keeps its built problem from one decision to the next.

    Raises:
        SettingsError: EMHASS is not installed in `folder`.
    """
    history = shipped_history(shipped_homes()[0])
    with Emhass(history.home, step, folder=folder) as peer:
        rows = [_race(peer, history.home, *race) for race in _decisions(history, step)]
    # The first decision pays for building and loading.
    levels_ms, decision_ms, plan_ms, peer_ms = 1000 * np.median(rows[1:], axis=0)
    return PlannerBench(
        decisions=len(rows) - 1,
        slots=_HORIZON // step,
        levels_ms=float(levels_ms),
        decision_ms=float(decision_ms),
        plan_ms=float(plan_ms),
        peer_ms=float(peer_ms),
        foresight=foresight(history, _FIRST_DAY, _FORESIGHT_DAYS, folder=folder),
    )


def foresight(history: History, first_day: date, days: int, *, folder: Path = EMHASS_FOLDER) -> Foresight:
    """Give the whole of some days to both at once, from an empty battery; the days must be whole."""
    home, step = history.home, history.step
    known = [record for record in history.days if 0 <= (record.day - first_day).days < days]
    load_kw = np.concatenate([record.load_kw for record in known])
    pv_kw = np.concatenate([record.pv_kw for record in known])
    starts = [record.start + at * step for record in known for at in range(len(record.load_kw))]
    prices = home.tariff.prices(starts, home.tz)
    start_kwh, credit = home.battery.min_kwh, credit_per_kwh(prices, home.battery)
    ours = optimise(
        load_kw,
        pv_kw,
        prices=prices,
        home=home,
        hours=hours(step),
        start_kwh=start_kwh,
        end_value_per_kwh=credit,
    )
    with Emhass(home, step, exact=True, folder=folder) as peer:
        theirs = peer.plan(load_kw, pv_kw, prices=prices, start_kwh=start_kwh, end_value_per_kwh=credit)
    return Foresight(len(known), home.currency, ours.cost, theirs.optimum.cost)


def _decisions(history: History, step: timedelta) -> Iterator[tuple[Ensemble, float, float]]:
    """Ensembles at each slot of a few days, the seconds that each took, and a charge that goes through its band."""
    home = history.home
    table = FingerprintTable(home, history.days)
    shapes = {record.day: shape_of(record, home.tz, step) for record in history.days}
    for day in (_FIRST_DAY + timedelta(days=number) for number in range(_DAYS)):
        near = [neighbour.day for neighbour in table.rank(day, _MEMBERS)]
        known = {past: shapes[past] for past in shapes if past < day}
        for number, now in enumerate(day_slots(day, home.tz, step)):
            began = time.perf_counter()
            starts = [now + index * step for index in range(_HORIZON // step)]
            ahead = horizon(starts, home.tz, step)
            possible = futures(ahead, near, known, pv_forecast_kw=None, pv_peak_kw=home.pv_peak_kw)
            prices = home.tariff.prices(starts, home.tz)
            ensemble = Ensemble(possible.load_kw, possible.pv_kw, prices, hours(step))
            made_s = time.perf_counter() - began
            yield ensemble, made_s, home.battery.min_kwh + home.battery.usable_kwh * (number % 10) / 10


def _race(peer: Emhass, home: Home, ensemble: Ensemble, made_s: float, stored_kwh: float) -> list[float]:
    """Seconds of one decision, in the order of `PlannerBench`."""
    began = time.perf_counter()
    best_levels(ensemble, home, cost_to_go(ensemble, home))
    levels_s = time.perf_counter() - began
    plan(ensemble, home, stored_kwh)
    plan_s = time.perf_counter() - began - levels_s
    theirs = peer.plan(
        ensemble.load_kw.mean(axis=0),
        ensemble.pv_kw.mean(axis=0),
        prices=ensemble.prices,
        start_kwh=stored_kwh,
        end_value_per_kwh=end_value_per_kwh(ensemble.prices, home),
    )
    return [levels_s, made_s + levels_s, made_s + plan_s, theirs.seconds]
