"""When the model is asked again: every few hours, or when something has changed that it should know of."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Literal

from agent.decision.record import Decision
from energy.constraints import Constraint
from energy.home import Home
from ingest.live.meter import MeteredSlot

Trigger = Literal["first", "pace", "note", "prices", "departure", "asked"]

# The day departs from its forecast when the energy that the house took differs from it by this share of the battery,
# counted from the last review: less would not change a choice.
_DEPARTURE_OF_BATTERY = 0.2
# Wishes that a ban on charging from the grid may stand against.
_NEEDS_ENERGY = frozenset({"reserve", "car_ready"})


def something_to_decide(wishes: Sequence[Constraint], *, remarks: bool) -> bool:
    """Whether the household said what the plan cannot hold: a remark that is no constraint, or wishes that clash."""
    bans = [one for one in wishes if one.kind == "no_grid_charge"]
    needs = [one for one in wishes if one.kind in _NEEDS_ENERGY]
    return remarks or any(ban.start < need.end and need.start < ban.end for ban, need in product(bans, needs))


class ReviewSchedule:
    """Remembers what the last review knew, and says when another is due and why."""

    def __init__(self, home: Home, every: timedelta) -> None:
        self._every = every
        self._departure_kwh = max(_DEPARTURE_OF_BATTERY * home.battery.capacity_kwh, 0.5)
        self.forget()

    def forget(self) -> None:
        """Begin anew: what was reviewed was about another time."""
        self._at: datetime | None = None
        self._notes: frozenset[str] = frozenset()
        self._prices: dict[datetime, tuple[float, float]] = {}
        self._net_kwh: dict[datetime, float] = {}

    def due(
        self,
        now: datetime,
        *,
        notes: Collection[str],
        prices: Mapping[datetime, tuple[float, float]],
        measured: Collection[MeteredSlot],
        asked: bool = False,
    ) -> Trigger | None:
        """Why the model should be asked now; `prices` are those of the horizon, `measured` the slots just finished."""
        if self._at is None:
            return "first"
        if frozenset(notes) != self._notes:
            return "note"
        if asked:
            return "asked"
        if any(prices[start] != known for start, known in self._prices.items() if start in prices):
            return "prices"
        if abs(self._departure(measured)) > self._departure_kwh:
            return "departure"
        return "pace" if now - self._at >= self._every else None

    def reviewed(self, decision: Decision, *, notes: Collection[str]) -> None:
        """A review was made with this decision."""
        self._at, self._notes = decision.at, frozenset(notes)
        made = decision.ensemble
        if made is None:
            return
        step = timedelta(minutes=made.step_minutes)
        starts = [made.start + index * step for index in range(len(made.import_prices))]
        self._prices = dict(zip(starts, zip(made.import_prices, made.export_prices, strict=True), strict=True))
        hours, members = step / timedelta(hours=1), len(made.load_w)
        self._net_kwh = {
            start: sum(load[index] - pv[index] for load, pv in zip(made.load_w, made.pv_w, strict=True))
            / members
            / 1000
            * hours
            for index, start in enumerate(starts)
        }

    def _departure(self, measured: Collection[MeteredSlot]) -> float:
        """Energy that the house needed more than was expected at the last review, in kWh."""
        known = [slot for slot in measured if slot.start in self._net_kwh]
        starts = sorted(self._net_kwh)
        if len(known) == 0 or len(starts) < 2:
            return 0.0
        hours = (starts[1] - starts[0]) / timedelta(hours=1)
        return sum((slot.load_kw - slot.pv_kw) * hours - self._net_kwh[slot.start] for slot in known)
