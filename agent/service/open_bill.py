"""The month's bill as it stands, counted from the journal's metered slots, so that plans know what a kWh changes."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

import numpy as np

from agent.decision.journal import Journal
from agent.service.feed import Problems
from energy.home import Home
from energy.planning.account import Account, counted_all
from energy.planning.under_rules import BillSoFar, UsualDay
from energy.planning.usual import SEASON_DAYS, PastDay, Season
from energy.pricing.calendar import billing_period
from energy.pricing.contract import Contract
from energy.slots import DAY, clock_index, day_bounds, day_slots, floor_slot, local_day
from ingest.live.metered import meter_readings
from knowledge.forecast import DayShape

PROBLEM = "bill"
# What the first minutes of a bill lack says nothing of it.
_SOON = timedelta(hours=1)


class OpenBill:
    """Counts each metered slot once; a restart, or a clock that was set back, counts the open bill anew."""

    def __init__(self, home: Home, journal: Journal, step: timedelta, problems: Problems) -> None:
        self._name, self._journal, self._step, self._problems = home.name, journal, step, problems
        self._season = Season(home)
        self._usual: tuple[date, tuple[UsualDay, ...]] | None = None
        self._account = Account()
        self._counted_to: datetime | None = None
        self._known_from: datetime | None = None

    def start_over(self) -> None:
        """Another house, or the same at another time."""
        self._account, self._counted_to, self._known_from, self._usual = Account(), None, None, None

    def at(self, now: datetime, home: Home, shapes: Mapping[date, DayShape]) -> BillSoFar | None:
        """The bill when the slot of `now` begins; None where the tariff has no rules that need it."""
        contract = home.tariff
        if not isinstance(contract, Contract) or not contract.has_rules:
            self._problems.clear(PROBLEM)
            return None
        first, begin = floor_slot(now, self._step), _begin(contract, home, now)
        self._count(begin, first, home, contract)
        known_from = self._late_start(begin, first, home)
        return BillSoFar(self._account, self._usual_days(local_day(now, home.tz), shapes, home), known_from)

    def _count(self, begin: datetime, first: datetime, home: Home, contract: Contract) -> None:
        if self._counted_to is None or self._counted_to > first:
            self.start_over()
        since = begin if self._counted_to is None else self._counted_to
        slots = self._journal.measured(self._name, since, first)
        if slots and self._known_from is None:
            self._known_from = slots[0].start
        self._account = counted_all(self._account, meter_readings(slots, home, self._step), contract, home.tz)
        self._counted_to = first

    def _late_start(self, begin: datetime, first: datetime, home: Home) -> datetime | None:
        """From when on the bill is known, where that is later than it began, which becomes a problem to show."""
        known_from = self._known_from or first
        if known_from - begin <= _SOON:
            self._problems.clear(PROBLEM, "the bill is known from its beginning")
            return None
        text = f"{known_from.astimezone(home.tz):%Y-%m-%d %H:%M}"
        self._problems.report(
            PROBLEM,
            f"the month's bill is unknown before {text}: plans take it that nothing was bought or sold until then",
        )
        return known_from

    def _usual_days(self, today: date, shapes: Mapping[date, DayShape], home: Home) -> tuple[UsualDay, ...]:
        if self._usual is None or self._usual[0] != today:
            self._usual = (today, self._season.before(today, _past_days(today, shapes, home, self._step), home))
        return self._usual[1]


def _begin(contract: Contract, home: Home, now: datetime) -> datetime:
    """When what the rules look back to began: the bill, or the year where a year is netted."""
    today = local_day(now, home.tz)
    first = billing_period(today, contract.billing_day).first
    if contract.netting_on(today).interval == "year":
        first = min(first, today.replace(month=1, day=1))
    return day_bounds(first, home.tz)[0]


def _past_days(today: date, shapes: Mapping[date, DayShape], home: Home, step: timedelta) -> Iterator[PastDay]:
    """The weeks before today, as far as days were measured whole."""
    for day in (today - back * DAY for back in range(SEASON_DAYS, 0, -1)):
        shape = shapes.get(day)
        if shape is None:
            continue
        starts = day_slots(day, home.tz, step)
        at = [clock_index(start, home.tz, step) for start in starts]
        load_kw, pv_kw = shape.load_kw[at], shape.pv_kw[at]
        if not (np.isnan(load_kw).any() or np.isnan(pv_kw).any()):
            yield PastDay(day, starts, load_kw, pv_kw)
