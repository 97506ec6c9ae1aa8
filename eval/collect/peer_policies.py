"""EMHASS in the exam: it plans every slot on the one future that the plan on yesterday sees, and is obeyed."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from energy.commands import SELF_CONSUMPTION, Levels
from energy.errors import DataError
from energy.planning.planner import Ensemble, end_value_per_kwh
from eval.collect.closed_loop import Planner
from eval.collect.peers import Emhass, PeerPlan, as_levels, as_watts
from eval.collect.playing import Decider, DecisionCounters, Setpoint, Stretch
from ingest.history.table import History


@contextmanager
def emhass_decider(
    history: History,
    played: Stretch,
    planner: Planner,
    tally: DecisionCounters,
    *,
    as_it_publishes: bool,
) -> Iterator[Decider]:
    """EMHASS in a process of its own, planning each slot on the mean of what `planner` would plan with.

    It is obeyed as the mode that its plan means, or as it publishes: its battery power, held for the slot. Where it
    finds no plan the battery follows the house, and the slot is counted.
    """
    home = history.home
    with Emhass(home, history.step) as peer:

        def decide(at: int, stored_kwh: float) -> Levels | Setpoint:
            seen = planner.ensemble(played, at)
            try:
                found = _plan(peer, seen, history, stored_kwh)
            except DataError:
                if not peer.is_alive:
                    raise
                tally.verdicts["no plan"] += 1
                return SELF_CONSUMPTION
            if as_it_publishes:
                return Setpoint(as_watts(found.optimum))
            return as_levels(found.optimum, float(seen.load_kw[0, 0] - seen.pv_kw[0, 0]), home)

        yield decide


def _plan(peer: Emhass, seen: Ensemble, history: History, stored_kwh: float) -> PeerPlan:
    battery = history.home.battery
    return peer.plan(
        seen.load_kw.mean(axis=0),
        seen.pv_kw.mean(axis=0),
        prices=seen.prices,
        start_kwh=float(np.clip(stored_kwh, battery.min_kwh, battery.max_kwh)),
        end_value_per_kwh=end_value_per_kwh(seen.prices, history.home),
    )
