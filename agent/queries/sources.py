"""What inquiries read: the home, its remembered days, the journal of its decisions, and the totals of each day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from threading import RLock

from agent.decision.journal import Journal
from agent.decision.record import Decision
from agent.queries.past import DayTotals, Metered, metered, run_starts, totals_of
from energy.commands import Mode
from energy.home import Home
from energy.slots import DAY, day_bounds, local_day
from ingest.live.meter import MeteredSlot
from ingest.live.meter_days import MeterDay, meter_days
from ingest.live.metered import step_of
from knowledge.days import DayRecord
from knowledge.similar import FingerprintTable, SimilarDay
from knowledge.store import DayStore

# Who owns the index ranks through it; who does not ranks over all days, which is as exact and slower with decades.
Similar = Callable[[date, int], list[SimilarDay]]


@dataclass(frozen=True, slots=True)
class Span:
    """Whole local days, from `first` up to and including `last`."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1


class Sources:
    """A home's past as inquiries see it; it only reads, and may be used from several threads."""

    def __init__(
        self,
        home: Home,
        store: DayStore,
        journal: Journal,
        *,
        similar: Similar | None = None,
        billed_home: Callable[[], Home] | None = None,
    ) -> None:
        self._home: Callable[[], Home] = lambda: home
        self._billed_home = billed_home or (lambda: self.home)
        self._store = store
        self._journal = journal
        self._similar = similar
        self._table: FingerprintTable | None = None
        self._totals: dict[date, DayTotals] = {}
        self._lock = RLock()

    @property
    def home(self) -> Home:
        """The home, with the prices that are known now where they come in while the service runs."""
        return self._home()

    @property
    def billed_home(self) -> Home:
        """The home with the prices that were published, and none where none was: what its past is billed by."""
        return self._billed_home()

    def follow(self, home_now: Callable[[], Home]) -> None:
        """From now on the home is the one that the running service knows."""
        self._home = home_now

    def decision(self, at: datetime | None = None) -> Decision | None:
        """The decision in force at a moment, or the newest."""
        with self._lock:
            return self._journal.last(self.home.name, at=at)

    def decision_of_mode(self, mode: Mode, start: datetime, end: datetime) -> Decision | None:
        """The newest decision of a stretch whose command was of a mode."""
        with self._lock:
            return self._journal.last_of_mode(self.home.name, mode, start, end)

    def modes(self, start: datetime, end: datetime) -> list[tuple[str, datetime, str, float]]:
        """Id, time, mode and charge of the decisions of a stretch that gave a command, oldest first."""
        with self._lock:
            return self._journal.modes(self.home.name, start, end)

    def answers(self, decision_id: str) -> list[tuple[bool, str]]:
        """What the house answered to a command."""
        with self._lock:
            return self._journal.confirmations(decision_id)

    def faults(self, start: datetime, end: datetime) -> tuple[dict[str, int], list[Decision], int]:
        """Of the decisions of a stretch: how many had each outcome, those without a command, how many were refused."""
        with self._lock:
            stretch = (self.home.name, start, end)
            return (
                self._journal.outcomes(*stretch),
                self._journal.without_command(*stretch),
                self._journal.refused(*stretch),
            )

    def known_span(self, now: datetime) -> Span | None:
        """From the first to the last day of which anything is known."""
        today = local_day(now, self.home.tz)
        with self._lock:
            days = [record.day for record in self._store.days(self.home.name)]
            days += [local_day(slot.start, self.home.tz) for slot in self._journal.ends(self.home.name)]
        known = [day for day in days if day <= today]
        return Span(min(known), max(known)) if known else None

    def day_totals(self, span: Span, now: datetime) -> list[DayTotals]:
        """Totals of each day of a span of which anything is known by `now`, oldest first.

        A day that has long been over is worked out once.
        """
        today = local_day(now, self.home.tz)
        last = min(span.last, today)
        with self._lock:
            wanted = [span.first + n * DAY for n in range((last - span.first).days + 1)]
            # The last slot of yesterday may still be on its way.
            missing = [day for day in wanted if day >= today - DAY or day not in self._totals]
            if missing:
                self._totals |= self._work_out(Span(missing[0], missing[-1]), now)
            return [self._totals[day] for day in wanted if day in self._totals]

    def records(self, span: Span) -> list[DayRecord]:
        """The remembered days of a span, oldest first."""
        with self._lock:
            return [one for one in self._store.days(self.home.name) if span.first <= one.day <= span.last]

    def metered(self, span: Span, now: datetime) -> Metered | None:
        """What was metered in a span up to `now`; None if nothing was."""
        slots = self._slots(span, now)
        return metered(slots, self.billed_home, step_of(slots)) if slots else None

    def metered_days(self, now: datetime) -> list[date]:
        """Days of which a file has the meter, and all from the first to the last that the service measured by `now`."""
        today = local_day(now, self.home.tz)
        with self._lock:
            ends = [local_day(slot.start, self.home.tz) for slot in self._journal.ends(self.home.name)]
            days = {one.day for one in self._store.days(self.home.name) if one.grid_import_kw is not None}
        if ends:
            days |= {ends[0] + at * DAY for at in range((ends[-1] - ends[0]).days + 1)}
        return sorted(day for day in days if day <= today)

    def meter(self, span: Span, now: datetime) -> dict[date, MeterDay]:
        """What the meter counted on each day of a span up to `now`, as far as anybody read it."""
        last = min(span.last, local_day(now, self.home.tz))
        return meter_days(self.home, self.records(Span(span.first, last)), self._slots(span, now))

    def similar(self, day: date, count: int) -> list[SimilarDay]:
        """The days before `day` that were most like it, nearest first."""
        if self._similar is not None:
            return self._similar(day, count)
        with self._lock:
            if self._table is None:
                self._table = FingerprintTable(self.home)
            self._table.add(self._store.days(self.home.name))
            return self._table.rank(day, count)

    def _slots(self, span: Span, now: datetime) -> list[MeteredSlot]:
        start, end = day_bounds(span.first, self.home.tz)[0], day_bounds(span.last, self.home.tz)[1]
        with self._lock:
            return self._journal.measured(self.home.name, start, min(end, now))

    def _work_out(self, span: Span, now: datetime) -> dict[date, DayTotals]:
        records: dict[date, DayRecord] = {
            record.day: record
            for record in self._store.days(self.home.name)
            if span.first <= record.day <= span.last and record.day <= local_day(now, self.home.tz)
        }
        whole = self.metered(span, now)
        home = self.billed_home
        seen = _by_day(whole, home) if whole else {}
        return {
            day: totals_of(day, home, record=records.get(day), seen=seen.get(day), now=now) for day in {*records, *seen}
        }


def _by_day(whole: Metered, home: Home) -> dict[date, Metered]:
    """Metered slots split into local days."""
    days = [local_day(start, home.tz) for start in whole.starts]
    edges = run_starts(days)
    return {
        days[first]: whole.part(slice(first, end)) for first, end in zip(edges, [*edges[1:], len(days)], strict=True)
    }
