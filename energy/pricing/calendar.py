"""Billing periods: months that begin on a day of the contract's choice."""

from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class BillingPeriod:
    """Local days of one bill, both of them included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


def billing_period(day: date, billing_day: int = 1) -> BillingPeriod:
    """The billing period that holds a local day."""
    first = day.replace(day=billing_day)
    if day.day < billing_day:
        first = (day.replace(day=1) - _DAY).replace(day=billing_day)
    following = (first.replace(day=28) + 4 * _DAY).replace(day=billing_day)
    return BillingPeriod(first, following - _DAY)
