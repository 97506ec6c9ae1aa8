"""What the day has cost so far and is expected to, beside plain self-consumption of the same load and sun."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from agent.decision.record import Decision
from agent.views.status import ensemble_of
from energy.billing.bills import greedy_flows
from energy.billing.ledger import credit_per_kwh
from energy.commands import SELF_CONSUMPTION, Levels
from energy.errors import DataError
from energy.home import Home
from energy.planning.planner import Ensemble, follow
from energy.pricing.tariff import Prices
from energy.slots import day_bounds, hours, local_day
from ingest.live.meter import MeteredSlot
from ingest.live.metered import measured_flows, without_gaps


@dataclass(frozen=True, slots=True)
class DailyBill:
    """The metered slots of one day: money at the meter, and stored energy, as it went and under self-consumption.

    `credit_per_kwh` prices what one battery holds more than the other: the day's cheapest import, so that leaving more
    behind is not flattered. From slot means; a gap is in neither account.
    """

    paid: float = 0.0
    greedy: float = 0.0
    stored_kwh: float = 0.0
    greedy_kwh: float = 0.0
    credit_per_kwh: float = 0.0
    hours: float = 0.0

    @property
    def greedy_alike(self) -> float:
        """What self-consumption would have cost, put right for what it left in the battery less or more."""
        return self.greedy + self.credit_per_kwh * (self.stored_kwh - self.greedy_kwh)

    @property
    def saved(self) -> float:
        """Money saved against self-consumption; negative where it would have been cheaper."""
        return self.greedy_alike - self.paid

    def plus(self, later: "DailyBill") -> "DailyBill":
        """This stretch and one that begins after a gap, where both batteries are as the real one is."""
        return DailyBill(
            paid=self.paid + later.paid,
            greedy=self.greedy_alike + later.greedy,
            stored_kwh=later.stored_kwh,
            greedy_kwh=later.greedy_kwh,
            credit_per_kwh=later.credit_per_kwh,
            hours=self.hours + later.hours,
        )


def daily_bill(
    slots: Sequence[MeteredSlot], home: Home, step: timedelta, *, before: MeteredSlot | None = None
) -> DailyBill:
    """Account of a day's finished slots, those without a price left out; `before` is the one just before the first."""
    try:
        return _account(slots, home, step, before)
    except DataError:
        return _account([slot for slot in slots if _has_price(slot, home)], home, step, before)


def _account(slots: Sequence[MeteredSlot], home: Home, step: timedelta, before: MeteredSlot | None) -> DailyBill:
    total = DailyBill()
    for stretch in without_gaps(slots, step):
        prior = before if before is not None and before.start + step == stretch[0].start else None
        total = total.plus(_stretch(stretch, home, step, prior))
    return total


def _has_price(slot: MeteredSlot, home: Home) -> bool:
    """Whether the tariff has a price for a slot: prices may come late, or never."""
    try:
        home.tariff.prices([slot.start], home.tz)
    except DataError:
        return False
    return True


def _stretch(slots: Sequence[MeteredSlot], home: Home, step: timedelta, before: MeteredSlot | None) -> DailyBill:
    prices = home.tariff.prices([slot.start for slot in slots], home.tz)
    flows, start_kwh = measured_flows(slots, home, step=step, before=before)
    day = Ensemble(np.asarray(flows.load_kw)[None], np.asarray(flows.pv_kw)[None], prices, hours(step))
    idle = greedy_flows(day, home, start_kwh)
    return DailyBill(
        paid=_cost(flows.grid_import_kw, flows.grid_export_kw, prices, hours(step)),
        greedy=_cost(idle.grid_import_kw, idle.grid_export_kw, prices, hours(step)),
        stored_kwh=float(np.asarray(flows.stored_kwh)[-1]),
        greedy_kwh=float(np.asarray(idle.stored_kwh)[-1]),
        credit_per_kwh=credit_per_kwh(prices, home.battery),
        hours=len(slots) * hours(step),
    )


def _cost(imported_kw: object, exported_kw: object, prices: Prices, slot_hours: float) -> float:
    bought = np.asarray(imported_kw) * prices.import_per_kwh - np.asarray(exported_kw) * prices.export_per_kwh
    return float(bought.sum()) * slot_hours


def to_day_end(so_far: DailyBill, decision: Decision, home: Home) -> DailyBill | None:
    """The day's account at its end as the decision expects it; None where the decision could not look ahead."""
    if decision.ensemble is None or decision.snapshot is None or decision.command is None:
        return None
    step = timedelta(minutes=decision.ensemble.step_minutes)
    first, (_, midnight) = decision.ensemble.start, day_bounds(local_day(decision.at, home.tz), home.tz)
    # On the day that has 25 hours, a horizon of 24 ends before the day does.
    count = min((midnight - first) // step, len(decision.ensemble.import_prices))
    starts = [first + index * step for index in range(count)]
    ahead = _head(ensemble_of(decision.ensemble), count)
    command = decision.command
    levels = [command.levels_at(max(start, command.valid_from)) for start in starts]
    stored_kwh = decision.snapshot.soc * home.battery.capacity_kwh
    idle_kwh = so_far.greedy_kwh if so_far.hours else stored_kwh
    paid, left_kwh = _expected(levels, ahead, home, stored_kwh)
    greedy, idle_left_kwh = _expected([SELF_CONSUMPTION] * len(starts), ahead, home, idle_kwh)
    credit = credit_per_kwh(ahead.prices, home.battery)
    return DailyBill(
        paid=so_far.paid + paid,
        greedy=so_far.greedy + greedy,
        stored_kwh=left_kwh,
        greedy_kwh=idle_left_kwh,
        credit_per_kwh=min(credit, so_far.credit_per_kwh) if so_far.hours else credit,
        hours=so_far.hours + len(starts) * ahead.hours,
    )


def _head(ensemble: Ensemble, count: int) -> Ensemble:
    prices = Prices(ensemble.prices.import_per_kwh[:count], ensemble.prices.export_per_kwh[:count])
    return Ensemble(ensemble.load_kw[:, :count], ensemble.pv_kw[:, :count], prices, ensemble.hours)


def _expected(levels: Sequence[Levels], ahead: Ensemble, home: Home, stored_kwh: float) -> tuple[float, float]:
    """Expected money at the meter of following levels, and the energy expected at their end."""
    cost, left_kwh = 0.0, stored_kwh
    for slot, flow in enumerate(follow(levels, ahead, home, stored_kwh)):
        bought = np.mean(flow.grid_import_kw) * ahead.prices.import_per_kwh[slot]
        cost += float(bought - np.mean(flow.grid_export_kw) * ahead.prices.export_per_kwh[slot]) * ahead.hours
        left_kwh = float(np.mean(flow.stored_kwh))
    return cost, left_kwh


class BillHistory:
    """Accounts of a month: finished days are worked out once.

    `home_at` is the home with the prices known at a moment, where those come while the service runs.
    """

    def __init__(self, home: Home, step: timedelta, home_at: Callable[[datetime], Home] | None = None) -> None:
        self._home = home
        self._step = step
        self._home_at = home_at or (lambda _: home)
        self._closed: dict[date, DailyBill] = {}

    def today(self, slots: Sequence[MeteredSlot], now: datetime) -> DailyBill:
        """The day's account; `slots` may begin earlier."""
        return self._day(local_day(now, self._home.tz), [slot for slot in slots if slot.start < now], now)

    def month(self, slots: Sequence[MeteredSlot], now: datetime) -> dict[date, DailyBill]:
        """The account of each metered day of this month so far, today included."""
        today = local_day(now, self._home.tz)
        days = sorted({local_day(slot.start, self._home.tz) for slot in slots if slot.start < now})
        accounts = {day: self._closed_day(day, slots, now) for day in days if day < today and day.month == today.month}
        self._closed = {day: bill for day, bill in self._closed.items() if day in accounts}
        return accounts | {today: self.today(slots, now)}

    def _closed_day(self, day: date, slots: Sequence[MeteredSlot], now: datetime) -> DailyBill:
        if day in self._closed:
            return self._closed[day]
        start, end = day_bounds(day, self._home.tz)
        bill = self._day(day, slots, now)
        # A price may still come for a slot that had none.
        if bill.hours >= hours(self._step) * sum(start <= slot.start < end for slot in slots) - 1e-9:
            self._closed[day] = bill
        return bill

    def _day(self, day: date, slots: Sequence[MeteredSlot], now: datetime) -> DailyBill:
        start, end = day_bounds(day, self._home.tz)
        before = next((slot for slot in slots if slot.start == start - self._step), None)
        home = self._home_at(now)
        return daily_bill([slot for slot in slots if start <= slot.start < end], home, self._step, before=before)
