"""The bill that a household receives: of the month to date or of a month that is over, as it was metered."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from babel.numbers import get_currency_precision

from agent.queries.finding import Fact, Finding, unknown
from agent.queries.sources import Sources, Span
from energy.billing.bill import bills
from energy.billing.lines import BillLine, MonthBill
from energy.pricing.calendar import BillingPeriod, billing_period
from energy.pricing.contract import Contract
from energy.pricing.tariff import as_contract
from energy.slots import local_day
from ingest.live.meter_days import joined


@dataclass(frozen=True, slots=True)
class HouseholdBill:
    """The bill of a month, and on how many of its days the service, a file or nobody read the meter."""

    bill: MonthBill
    currency: str
    tariff: str
    computed_days: int = 0
    service_days: int = 0
    file_days: int = 0

    @property
    def decimals(self) -> int:
        """Decimals of an amount: two, and none where the currency has no cents."""
        return get_currency_precision(self.currency)

    @property
    def rounded(self) -> MonthBill:
        """The bill as it is printed."""
        return self.bill.rounded(self.decimals)


def billed_months(sources: Sources, now: datetime) -> list[BillingPeriod]:
    """The billing periods of which anything was metered, the newest first."""
    billing_day = as_contract(sources.billed_home.tariff).billing_day
    return sorted({billing_period(day, billing_day) for day in sources.metered_days(now)}, reverse=True)


def monthly_bill(sources: Sources, period: BillingPeriod, now: datetime) -> HouseholdBill | None:
    """The bill of a period as the meter was read up to `now`; None where nothing of it was.

    A wallet and a netting year are followed from the first metered day on.
    """
    home = sources.billed_home
    contract = as_contract(home.tariff)
    metered = sources.metered_days(now)
    first = min([period.first, *metered]) if _is_carried(contract) else period.first
    days = sources.meter(Span(first, period.last), now)
    made = bills(joined([day.readings for day in days.values()]), contract, home.tz) if days else []
    wanted = next((one for one in made if one.period == period), None)
    if wanted is None:
        return None
    of_file = [day.of_file for at, day in days.items() if period.first <= at <= period.last]
    return HouseholdBill(
        wanted, home.currency, contract.name, service_days=len(of_file) - sum(of_file), file_days=sum(of_file)
    )


def _is_carried(contract: Contract) -> bool:
    return contract.credit.wallet is not None or any(rule.interval == "year" for rule in contract.netting)


def bill(sources: Sources, day: date | None, *, now: datetime) -> Finding:
    """The bill of the month that holds a day, line by line to the cent; the month to date where none is named."""
    home = sources.billed_home
    period = billing_period(day or local_day(now, home.tz), as_contract(home.tariff).billing_day)
    found = monthly_bill(sources, period, now)
    if found is None:
        return unknown("bill", "no_bill", asked_first=period.first, asked_last=period.last)
    made = found.rounded
    facts: dict[str, Fact] = {
        "first_day": period.first,
        "last_day": period.last,
        "total_cost": made.total,
        "currency": found.currency,
        "import_kwh": made.import_kwh,
        "export_kwh": made.export_kwh,
        "days_billed": made.days_billed,
        "days_all": period.days,
    }
    counted = {
        "unpriced_hours": made.hours_without_price,
        "unread_hours": made.hours_without_meter,
        "expected_price_hours": made.expected_hours,
    }
    facts |= {name: value for name, value in counted.items() if value}
    phrase = "bill.month" if made.complete else "bill.to_date"
    return Finding("bill", phrase, facts, rows=(*(_row(line) for line in made.lines), *_doubts(made)))


def _doubts(made: MonthBill) -> Iterator[dict[str, Fact]]:
    """What the rates are not sure of, in rows without an amount."""
    for rate in made.nearest_known:
        day = "known_to_day" if rate.is_last else "known_from_day"
        yield {"kind": "fixed", "name": rate.name, "period": "", day: rate.day}
    for name in made.examples:
        yield {"kind": "fixed", "name": name, "period": "", "example_en": "an example", "example_es": "un ejemplo"}
    for doubt in made.unsure:
        yield {"unsure_en": doubt.en, "unsure_es": doubt.es}


def _row(line: BillLine) -> dict[str, Fact]:
    return {"kind": line.kind, "name": line.name, "period": line.period, "amount_cost": line.amount}
