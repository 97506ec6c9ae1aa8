"""Group `plan`: when a home's slot begins, decide for it, by the same `decide` as at home."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from agent.decision.decide import Situation, decide
from agent.decision.recall import Recall, day_shape
from agent.decision.record import Decision
from energy.guard import Policy
from energy.home import Home
from energy.slots import floor_slot, local_day
from fleet.addresses import FleetHome
from fleet.home_state import STEP, HomeState, unpack_slot
from fleet.streams import Changes, Shard
from fleet.worker import Slots
from ingest.live.meter import MeteredSlot
from knowledge.fingerprint import Expected
from knowledge.forecast import NOTHING_RECENT, DayShape, Recent
from knowledge.home_index import HomeIndex
from knowledge.like_homes import LENDERS, as_neighbours, home_vector, lately, lent_days
from knowledge.store import DayStore

_HORIZON_HOURS, _MEMBERS = 24, 12
_RECENT = timedelta(hours=2)
_SLOTS_KEPT = timedelta(days=1, hours=2) // STEP
# Homes whose past is held ready; others read it again from disk, which takes milliseconds.
_MOST_PASTS = 2000


@dataclass(frozen=True, slots=True)
class Past:
    """What a home's decisions of one day look back on."""

    home: Home
    today: date
    recall: Recall
    lent: list[DayShape]


class Planning:
    """Decides for the homes of a shard; their past days are what the archive stored under `days`."""

    group = "plan"

    def __init__(self, shard: Shard, days: Path, *, likes: HomeIndex | None = None) -> None:
        self._shard, self._days, self._likes, self._policy = shard, days, likes, Policy()
        self._pasts: dict[str, Past] = {}
        self._slots: dict[str, list[MeteredSlot]] = {}

    def start_over(self) -> None:
        """Somebody else may have decided meanwhile."""
        self._slots.clear()

    def slot_began(self, home: FleetHome, state: HomeState, now: datetime, ended: Slots, changes: Changes) -> None:
        """Decide; the decision goes out with the state that it was made from, or not at all."""
        name = home.home.name
        if name not in self._slots:
            self._slots[name] = [unpack_slot(one) for one in self._shard.slots(self.group, name)]
        metered = self._slots[name] = [*self._slots[name], *ended][-_SLOTS_KEPT:]
        changes.kept[name] = len(metered)
        decision = decide(self._situation(home, state, now, metered))
        sent = home.act and decision.outcome == "published" and decision.command is not None
        if sent:
            state.command_at = decision.at
        changes.decisions.append(_entry(home, floor_slot(now, STEP), decision, sent=sent))

    def _situation(self, fleet_home: FleetHome, state: HomeState, now: datetime, slots: Slots) -> Situation:
        home = fleet_home.home
        today = local_day(now, home.tz)
        of_today = [one for one in slots if local_day(one.start, home.tz) == today]
        so_far = day_shape(today, of_today, home.tz, STEP)
        past = self._past(home, today)
        expected = Expected(pv_kwh=state.pv_forecast.energy_kwh(today))
        neighbours = past.recall.neighbours(so_far, _MEMBERS, expected)
        if past.lent:
            own = [one for one in neighbours if one.source != "prior"]
            neighbours = [*own, *as_neighbours(past.lent), *neighbours[len(own) :]][:_MEMBERS]
        return Situation(
            now=now,
            home=home,
            policy=self._policy,
            step=STEP,
            horizon_hours=_HORIZON_HOURS,
            snapshot=state.snapshot(now, self._policy.max_snapshot_age_s),
            neighbours=neighbours,
            shapes=past.recall.shapes() | {one.day: one for one in past.lent} | {today: so_far},
            pv_forecast_kw=state.pv_forecast.ahead(floor_slot(now, STEP), timedelta(hours=_HORIZON_HOURS), STEP),
            recent=_recent(slots, now),
            last_command_at=state.command_at,
        )

    def _past(self, home: Home, today: date) -> Past:
        """The home's days and those it is lent, read once a day."""
        known = self._pasts.get(home.name)
        if known is None or known.today != today or known.home != home:
            while len(self._pasts) >= _MOST_PASTS:
                self._pasts.pop(next(iter(self._pasts)))
            store = DayStore(self._days, read_only=True)
            recall = Recall(home, store, None, STEP)
            known = self._pasts[home.name] = Past(home, today, recall, self._lent(home, today, recall, store))
        return known

    def _lent(self, home: Home, today: date, recall: Recall, store: DayStore) -> list[DayShape]:
        """Days of homes like this one, for as long as it has too few of its own."""
        missing = _MEMBERS - recall.known_days(today)
        if self._likes is None or missing <= 0:
            return []
        own = [shape for day, shape in recall.shapes().items() if day.year > 1]
        lenders = self._likes.near(home, home_vector(home, lately(own, today)), LENDERS)
        stored = set(store.homes())
        return lent_days(home, today, [one for one in lenders if one in stored], store, count=missing, step=STEP)


def _recent(slots: Slots, now: datetime) -> Recent:
    """The slots of the last two hours; nothing if they do not reach up to now."""
    rows = [one for one in slots if now - _RECENT <= one.start < now]
    if not rows or rows[-1].start + STEP < floor_slot(now, STEP):
        return NOTHING_RECENT
    foreseen = [one.pv_forecast_kw if one.pv_nowcast_kw is None else one.pv_nowcast_kw for one in rows]
    return Recent(
        np.array([one.load_kw for one in rows]),
        np.array([one.pv_kw for one in rows]),
        np.array([np.nan if one is None else one for one in foreseen]),
    )


def _entry(home: FleetHome, slot: datetime, decision: Decision, *, sent: bool) -> dict[str, bytes | str]:
    """What is kept of a decision: enough to send its command, and to say what was decided and why."""
    command = decision.command.model_dump_json() if sent and decision.command is not None else ""
    return {
        "home": home.home.name,
        "slot": slot.isoformat(),
        "id": decision.decision_id,
        "outcome": decision.outcome if home.act or decision.outcome == "no_command" else "advised",
        "reason": decision.reason or "; ".join(decision.problems),
        "command": command,
    }
