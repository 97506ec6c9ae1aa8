"""Bills of a home's own past: as it was metered, and as its load and sun would have been billed otherwise."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from agent.decision.journal import open_journal
from agent.queries.bills import HouseholdBill
from energy.billing.bill import bills
from energy.billing.lines import Carried, MonthBill
from energy.errors import DataError, SettingsError
from energy.home import Home
from energy.pricing.calendar import BillingPeriod, billing_period
from energy.pricing.metering import MeterReadings
from energy.pricing.tariff import AnyTariff, as_contract
from energy.slots import DAY, day_bounds
from eval.collect.billed_planner import by_the_bill
from eval.collect.closed_loop import Planner
from eval.collect.homes import with_battery
from eval.collect.playing import play, self_consumption, stretch
from ingest.history.table import History
from ingest.live.metered import meter_readings
from knowledge.days import is_complete

# How the battery was run: as metered, not at all, by plain self-consumption, by the planner.
WAYS = ("no battery", "self-consumption", "advisor")


@dataclass(frozen=True, slots=True)
class TariffTotal:
    """What a tariff would have cost over whole months, by how the battery is run."""

    tariff: str
    months: int
    totals: dict[str, float]
    hours_without_price: float


def month_of(history: History, month: str | None, tariff: AnyTariff) -> BillingPeriod:
    """The billing period that a month (2026-03) names; without one the last that the history holds whole.

    Raises:
        SettingsError: it is no month, or the history has no day of it.
    """
    billing_day = as_contract(tariff).billing_day
    known = [record.day for record in history.days]
    if month is None:
        whole = [one for one in dict.fromkeys(billing_period(day, billing_day) for day in known) if _whole(one, known)]
        return whole[-1] if whole else billing_period(known[-1], billing_day)
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError as err:
        raise SettingsError(f"month {month!r} is not a month: write it as 2026-03") from err
    period = billing_period(first.replace(day=billing_day), billing_day)
    if not any(period.first <= day <= period.last for day in known):
        raise SettingsError(f"nothing is stored of {month}: days from {known[0]} to {known[-1]} are")
    return period


def _whole(period: BillingPeriod, known: Sequence[date]) -> bool:
    return len({day for day in known if period.first <= day <= period.last}) == period.days


def check_currency(name: str, tariff: AnyTariff, home: Home) -> None:
    """Hold a tariff's currency against the home's.

    Raises:
        SettingsError: they differ.
    """
    currency = as_contract(tariff).currency
    if currency not in {None, home.currency}:
        raise SettingsError(
            f"tariff {name!r} is in {currency}, the home in {home.currency}: name one in {home.currency}"
        )


def household_bill(history: History, period: BillingPeriod, tariff: AnyTariff, journal: Path) -> HouseholdBill:
    """The bill of a period: by the meter where the journal has it, else as the battery follows the house.

    A wallet and a netting year are followed from the first stored day on.

    Raises:
        DataError: no day of the period is complete.
        SettingsError: the tariff is in another currency.
    """
    home = history.home
    check_currency(as_contract(tariff).name, tariff, home)
    metered = _metered(history, period, journal)
    readings = metered or readings_of(history, period, "self-consumption")
    carried = Carried() if metered else _carried(history, period, tariff)
    [bill] = bills(readings, tariff, home.tz, carried=carried)
    return HouseholdBill(bill, home.currency, as_contract(tariff).name, metered is not None)


def _carried(history: History, period: BillingPeriod, tariff: AnyTariff) -> Carried:
    contract = as_contract(tariff)
    year = any(rule.interval == "year" for rule in contract.netting)
    earlier = BillingPeriod(history.days[0].day, period.first - DAY)
    if not (contract.credit.wallet or year) or earlier.last < earlier.first:
        return Carried()
    try:
        made = bills(readings_of(history, earlier, "self-consumption"), tariff, history.home.tz)
    except DataError:
        return Carried()
    return made[-1].carried if made else Carried()


def _metered(history: History, period: BillingPeriod, journal: Path) -> MeterReadings | None:
    """What the service measured at the meter; None unless it did for some of the period."""
    if not journal.is_file():
        return None
    start, end = day_bounds(period.first, history.home.tz)[0], day_bounds(period.last, history.home.tz)[1]
    with open_journal(journal, read_only=True) as opened:
        slots = [slot for slot in opened.measured(history.home.name, start, end) if slot.grid_import_kw is not None]
    if not slots:
        return None
    gaps = [later.start - earlier.start for earlier, later in pairwise(slots)]
    step = min(gaps, default=history.step)
    return meter_readings(slots, history.home, step)


def readings_of(history: History, period: BillingPeriod, way: str) -> MeterReadings:
    """What the meter would have read with the battery run in some way.

    Raises:
        DataError: no day of the period is complete.
    """
    days = tuple(day for day in history.days if period.first <= day.day <= period.last and is_complete(day))
    if not days:
        raise DataError(f"no complete day from {period.first} to {period.last}: ingest the home's history first")
    sized = history if way != "no battery" else with_battery(history, 0.0)
    played = stretch(sized.home, days)
    flows = play(
        sized.home, played, by_the_bill(sized, played, Planner(sized)) if way == "advisor" else self_consumption
    ).flows
    hours = played.hours
    return MeterReadings(
        played.starts, np.asarray(flows.grid_import_kw) * hours, np.asarray(flows.grid_export_kw) * hours, history.step
    )


def compare(history: History, tariffs: dict[str, AnyTariff], *, ways: Sequence[str] = WAYS[:2]) -> list[TariffTotal]:
    """What each tariff would have cost over the whole months of the history, cheapest first by the last way.

    Raises:
        DataError: the history holds no whole month.
        SettingsError: a tariff is in another currency.
    """
    months = _whole_months(history)
    if not months:
        raise DataError(f"{history.home.name!r} has no whole month stored: ingest more days")
    for name, tariff in tariffs.items():
        check_currency(name, tariff, history.home)
    totals = [_total(history, name, tariff, months, ways) for name, tariff in tariffs.items()]
    return sorted(totals, key=lambda one: one.totals[ways[-1]])


def _whole_months(history: History) -> list[BillingPeriod]:
    known = [record.day for record in history.days if is_complete(record)]
    return [one for one in dict.fromkeys(billing_period(day) for day in known) if _whole(one, known)]


def _total(
    history: History, name: str, tariff: AnyTariff, months: Iterable[BillingPeriod], ways: Sequence[str]
) -> TariffTotal:
    home = history.home.model_copy(update={"tariff": tariff})
    priced = History(home, history.step, history.days)
    wanted = list(months)
    totals, missing = {}, 0.0
    for way in ways:
        made = _bills(priced, wanted, way)
        totals[way] = sum(bill.total for bill in made) - (made[-1].carried.wallet if made else 0.0)
        missing = max(missing, sum(bill.hours_without_price for bill in made))
    return TariffTotal(name, len(wanted), totals, missing)


def _bills(history: History, months: Sequence[BillingPeriod], way: str) -> list[MonthBill]:
    made: list[MonthBill] = []
    read = partial(readings_of, history, way=way)
    for month in months:
        carried = made[-1].carried if made else Carried()
        made += bills(read(month), history.home.tariff, history.home.tz, carried=carried)
    return made
