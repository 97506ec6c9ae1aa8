"""What is known when a decision is due, put together from the feed, the memory and the household."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

import numpy as np

from agent.decision.controls import ControlPanel
from agent.decision.decide import Situation
from agent.decision.device_plan import effective_prices
from agent.decision.journal import Journal
from agent.decision.recall import Recall, day_shape
from agent.decision.review_schedule import ReviewSchedule, something_to_decide
from agent.service.carbon import LiveCarbon
from agent.service.feed import Feed
from agent.service.household import NotesInForce
from agent.service.open_bill import OpenBill
from agent.service.prices import LivePrices
from agent.settings import Settings
from energy.constraints import CarReady, Constraint
from energy.errors import AdvisorError
from energy.home import Home
from energy.price_outlook import price_outlook
from energy.slots import day_bounds, floor_slot, local_day
from ingest.live.meter import MeteredSlot
from ingest.live.snapshot import NoSnapshot, Snapshot
from knowledge.fingerprint import Expected
from knowledge.forecast import NOTHING_RECENT, DayShape, Recent

_RECENT, _NO_JUMP = timedelta(hours=2), timedelta(days=2)


class MeasuredDays:
    """The slots that were metered: kept as they end, remembered as days after midnight.

    Decisions are forgotten once they are older than `kept`.
    """

    def __init__(self, home: Home, journal: Journal, recall: Recall, step: timedelta, kept: timedelta) -> None:
        self._home, self._journal, self._recall, self._step, self._kept = home, journal, recall, step, kept
        self._day: date | None = None

    def keep(self, slots: Sequence[MeteredSlot], now: datetime, notes: NotesInForce) -> None:
        """Keep the slots that are over; after midnight, yesterday goes into memory."""
        for slot in slots:
            self._journal.measure(self._home.name, slot)
        today = local_day(now, self._home.tz)
        if self._day is not None and today != self._day:
            # A day of which nothing was metered, as where a clock passed it by, is nothing to remember.
            if slots_of_day := self.on(self._day):
                self._recall.remember(self._day, slots_of_day, self._step, notes=notes.texts_about(self._day))
            if today - self._day <= _NO_JUMP:
                # After a clock that jumped years ahead everything would be old.
                self._journal.prune(now - self._kept)
        self._day = today

    def start_over(self) -> None:
        """Another house, or the same at another time: no day has begun yet."""
        self._day = None

    def on(self, day: date) -> list[MeteredSlot]:
        """The metered slots of a local day."""
        return self._journal.measured(self._home.name, *day_bounds(day, self._home.tz))

    def since(self, start: datetime, now: datetime) -> list[MeteredSlot]:
        """The metered slots from a moment on."""
        return self._journal.measured(self._home.name, start, now)

    def today(self, now: datetime) -> DayShape:
        """Today as far as it was measured."""
        today = local_day(now, self._home.tz)
        return day_shape(today, [slot for slot in self.on(today) if slot.start < now], self._home.tz, self._step)

    def recent(self, now: datetime) -> Recent:
        """The measured slots of the last two hours; nothing if they do not reach up to now."""
        rows = self.since(now - _RECENT, now)
        if not rows or rows[-1].start + self._step < floor_slot(now, self._step):
            return NOTHING_RECENT
        forecast_kw = [row.pv_forecast_kw if row.pv_nowcast_kw is None else row.pv_nowcast_kw for row in rows]
        foreseen_kw = [np.nan if one is None else one for one in forecast_kw]
        return Recent(
            np.array([row.load_kw for row in rows]), np.array([row.pv_kw for row in rows]), np.array(foreseen_kw)
        )


class Situations:
    """Makes the situation of each decision, and says when the model should be asked in it."""

    def __init__(
        self,
        settings: Settings,
        prices: LivePrices,
        panel: ControlPanel,
        recall: Recall,
        days: MeasuredDays,
        bill: OpenBill,
        carbon: LiveCarbon,
    ) -> None:
        self._settings, self._prices, self._panel, self._recall, self._days = settings, prices, panel, recall, days
        self._bill, self._carbon = bill, carbon
        self._step = timedelta(minutes=settings.service.slot_minutes)
        self._reach = timedelta(hours=settings.service.horizon_hours)

    def at(self, now: datetime, taken: Snapshot | NoSnapshot, feed: Feed, notes: NotesInForce) -> Situation:
        """All that is known now, but for what the service itself did last."""
        settings, home = self._settings.service, self._panel.controls.home(self._prices.home(now))
        home = home.with_only(feed.answering)
        today, first = local_day(now, home.tz), floor_slot(now, self._step)
        so_far = self._days.today(now)
        expected = Expected(
            pv_kwh=feed.pv_forecast.energy_kwh(today),
            temperature_c=feed.devices.outdoors.mean_c(today),
            notes=notes.texts_about(today),
        )
        neighbours, shapes = self._recall.neighbours(so_far, settings.members, expected), self._recall.shapes()
        return Situation(
            now=now,
            home=home,
            policy=self._panel.controls.policy(self._settings.policy),
            step=self._step,
            horizon_hours=settings.horizon_hours,
            snapshot=taken,
            neighbours=neighbours,
            shapes=shapes | {today: so_far},
            pv_forecast_kw=feed.pv_forecast.ahead(first, self._reach, self._step),
            recent=self._days.recent(now),
            notes=notes.texts,
            adjustable=bool(notes.remarks),
            asked=still_wanted(notes.constraints, feed.devices.charged_since_kwh),
            language=settings.language,
            devices=feed.devices.known(self._slots_ahead(first)),
            bill=self._bill.at(now, home, shapes),
            carbon=self._carbon.cost_per_kwh(self._slots_ahead(first), now),
        )

    def trigger(self, now: datetime, schedule: ReviewSchedule, notes: NotesInForce, *, wished: bool) -> str | None:
        """Why the model should be asked in this decision; None where it should not."""
        home, starts = self._prices.home(now), self._slots_ahead(floor_slot(now, self._step))
        try:
            seen = price_outlook(home.tariff, starts, home.tz, now=now, members=self._settings.service.members)
        except AdvisorError:
            # Without prices there is no plan to review: the decision itself says so.
            return None
        ahead = effective_prices(seen.prices, home)
        pairs = zip(ahead.import_per_kwh.tolist(), ahead.export_per_kwh.tolist(), strict=True)
        due = schedule.due(
            now,
            notes=notes.ids,
            # What is only expected is no news.
            prices=dict(list(zip(starts, pairs, strict=True))[: seen.known]),
            measured=self._days.since(now - self._reach, now),
            asked=wished,
        )
        needed = something_to_decide(notes.constraints, remarks=bool(notes.remarks))
        return due if needed or wished or self._settings.model.reviews == "always" else None

    def _slots_ahead(self, first: datetime) -> list[datetime]:
        return [first + at * self._step for at in range(self._reach // self._step)]


def still_wanted(asked: Sequence[Constraint], charged_since_kwh: Callable[[datetime], float]) -> tuple[Constraint, ...]:
    """The household's wishes without what the car has taken since they were made; a fulfilled one is left out."""
    return tuple(left for wish in asked if (left := _left(wish, charged_since_kwh)) is not None)


def _left(wish: Constraint, charged_since_kwh: Callable[[datetime], float]) -> Constraint | None:
    if not isinstance(wish, CarReady) or (taken_kwh := charged_since_kwh(wish.start)) <= 0:
        return wish
    left_kwh = round(wish.energy_kwh - taken_kwh, 3)
    return wish.model_copy(update={"energy_kwh": left_kwh}) if left_kwh > 0 else None
