"""Bills of a home's own past: as it was metered, and as its load and sun would have been billed otherwise."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from agent.language.answers.bill_words import doubts
from agent.language.text import Language
from agent.queries.bills import HouseholdBill
from energy.billing.bill import bills
from energy.billing.lines import Carried, MonthBill
from energy.errors import DataError, SettingsError
from energy.home import Home
from energy.pricing.calendar import BillingPeriod, billing_period
from energy.pricing.contract import Contract
from energy.pricing.tariff import AnyTariff, as_contract
from energy.slots import DAY
from eval.bills.meter import meter_of, readings_of
from ingest.history.table import History
from knowledge.days import is_complete

# How the battery was run: as metered, not at all, by plain self-consumption, by the planner.
WAYS = ("no battery", "self-consumption", "advisor")
# What the planner must have seen of a home before a month counts.
_PAST = timedelta(weeks=4)


@dataclass(frozen=True, slots=True)
class TariffTotal:
    """What a tariff would have cost over whole months, by how the battery is run; `unsure` as its bills say it."""

    tariff: str
    months: int
    totals: dict[str, float]
    hours_without_price: float
    examples: tuple[str, ...]
    unsure: dict[Language, tuple[str, ...]]


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
    """The bill of a period: by the meter where it is known, else as the battery follows the house.

    A wallet and a netting year are followed from the first stored day on.

    Raises:
        DataError: no day of the period is complete.
        SettingsError: the tariff is in another currency.
    """
    home, contract = history.home, as_contract(tariff)
    check_currency(contract.name, tariff, home)
    read = meter_of(history, period, journal)
    carried = _carried(history, period, contract, journal)
    [bill] = bills(read.readings, contract, home.tz, carried=carried)
    return HouseholdBill(
        bill, home.currency, contract.name, read.computed_days, service_days=read.service_days, file_days=read.file_days
    )


def _carried(history: History, period: BillingPeriod, contract: Contract, journal: Path) -> Carried:
    year = any(rule.interval == "year" for rule in contract.netting)
    earlier = BillingPeriod(history.days[0].day, period.first - DAY)
    if not (contract.credit.wallet or year) or earlier.last < earlier.first:
        return Carried()
    try:
        made = bills(meter_of(history, earlier, journal).readings, contract, history.home.tz)
    except DataError:
        return Carried()
    return made[-1].carried if made else Carried()


def compare(history: History, tariffs: dict[str, AnyTariff], *, ways: Sequence[str] = WAYS[:2]) -> list[TariffTotal]:
    """What each tariff would have cost over the whole months of the history, cheapest first by the last way.

    One that has no price for some of the hours comes last, whatever the others cost. With the advisor, months count
    that have four weeks before them to plan with.

    Raises:
        DataError: the history holds no such month.
        SettingsError: a tariff is in another currency.
    """
    past = _PAST if "advisor" in ways else timedelta()
    months = [month for month in _whole_months(history) if month.first >= history.days[0].day + past]
    if not months:
        after = " after four weeks to plan with" if past else ""
        raise DataError(f"{history.home.name!r} has no whole month stored{after}: ingest more days")
    for name, tariff in tariffs.items():
        check_currency(name, tariff, history.home)
    totals = [_total(history, name, tariff, months, ways) for name, tariff in tariffs.items()]
    return sorted(totals, key=lambda one: (one.hours_without_price > 0, one.totals[ways[-1]]))


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
    made: list[MonthBill] = []
    for way in ways:
        made = _bills(priced, wanted, way)
        totals[way] = sum(bill.total for bill in made) - (made[-1].carried.wallet if made else 0.0)
        missing = max(missing, sum(bill.hours_without_price for bill in made))
    examples = tuple(dict.fromkeys(one for bill in made for one in bill.examples))
    languages: tuple[Language, ...] = ("en", "es")
    unsure = {one: tuple(dict.fromkeys(text for bill in made for text in doubts(bill, one))) for one in languages}
    return TariffTotal(name, len(wanted), totals, missing, examples, unsure)


def _bills(history: History, months: Sequence[BillingPeriod], way: str) -> list[MonthBill]:
    made: list[MonthBill] = []
    read = partial(readings_of, history, way=way)
    for month in months:
        carried = made[-1].carried if made else Carried()
        made += bills(read(month), history.home.tariff, history.home.tz, carried=carried)
    return made
