"""What turns metered energy into a bill beside the prices: netting, credit, peaks, fixed terms and taxes."""

from datetime import date
from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from energy.pricing.periods import Holidays, When
from energy.pricing.series import Fact
from energy.pricing.terms import Dated

Interval = Literal["none", "quarter_hour", "hour", "month", "year"]
INTERVAL_SECONDS: dict[Interval, int] = {"quarter_hour": 900, "hour": 3600}


class Netting(Dated):
    """Imports and exports of one interval cancel first.

    Within a quarter-hour or an hour the energies themselves cancel. Within a month or a year the terms in `terms`
    (all import terms if empty) are given back on what was exported, as far as as much was imported in the same period
    of the term, as meters with registers do; `keeps_credit` says whether such exports earn the surplus price as well.
    Source of the hour: Real Decreto 244/2019, article 14; of the year: Dutch Elektriciteitswet 1998, article 31c.
    """

    interval: Interval = "none"
    terms: tuple[str, ...] = ()
    keeps_credit: bool = False


class Wallet(Fact):
    """Keeps credit beyond the cap for later bills ("batería virtual"), for a fee; it pays whole bills, taxes included.

    A product of suppliers, not of the law: each contract has its own fee and price.
    """

    fee_per_month: float = Field(default=0.0, ge=0)


class Credit(Fact):
    """What surplus earns: the export terms, up to the cost of the energy bought in the same billing month.

    `cap_on` names the import terms whose cost is the cap (all if empty). Source: Real Decreto 244/2019, article 14.
    """

    cap: Literal["none", "energy_bought"] = "none"
    cap_on: tuple[str, ...] = ()
    wallet: Wallet | None = None

    @model_validator(mode="after")
    def _wallet_has_a_cap(self) -> Self:
        if self.wallet and self.cap == "none":
            raise ValueError('a wallet keeps what a cap cuts off: set cap = "energy_bought", or leave the wallet out')
        return self


class Step(Fact):
    """A price a month for a peak up to some power."""

    up_to_kw: float = Field(gt=0)
    per_month: float


class Peak(Dated):
    """A charge on the month's highest import: per kW, or by steps.

    The peak is the mean of the `mean_of_days` highest days' highest quarter-hours or hours, within `windows` if there
    are any, and never below `floor_kw`. Flanders: a quarter-hour, floor 2.5 kW, averaged over twelve months, which
    costs each month a twelfth of its own peak. Norway: three days' hours and steps.
    """

    name: str = "peak"
    per_kw_month: float = Field(default=0.0, ge=0)
    interval: Literal["quarter_hour", "hour"] = "quarter_hour"
    mean_of_days: int = Field(default=1, ge=1, le=31)
    floor_kw: float = Field(default=0.0, ge=0)
    steps: tuple[Step, ...] = ()
    windows: tuple[When, ...] = ()
    holidays: Holidays = frozenset()

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if bool(self.steps) == bool(self.per_kw_month):
            raise ValueError("give either per_kw_month or steps")
        for lower, upper in pairwise(self.steps):
            if upper.up_to_kw <= lower.up_to_kw:
                raise ValueError(f"step up to {upper.up_to_kw:g} kW follows one up to {lower.up_to_kw:g} kW: sort them")
        return self

    def cost(self, peak_kw: float) -> float:
        """What a month of this peak costs; beyond the last step, the last one's price."""
        counted = max(peak_kw, self.floor_kw)
        if not self.steps:
            return counted * self.per_kw_month
        return next(
            (step.per_month for step in self.steps if counted <= step.up_to_kw + 1e-9), self.steps[-1].per_month
        )


class Fixed(Dated):
    """An amount for time, and for each contracted kW where `contracted` names which; a year counts 365 days."""

    name: str = Field(min_length=1, max_length=48)
    amount: float
    per: Literal["day", "month", "year"] = "month"
    contracted: str | None = None

    def per_day(self, days_in_period: int) -> float:
        """The amount of one day of a billing period."""
        return self.amount / {"day": 1, "month": days_in_period, "year": 365}[self.per]


class Tax(Dated):
    """A percentage of some amounts of the bill; rows of one name follow each other in time.

    `on` names terms, fixed terms, peaks, `credit`, `wallet` and earlier taxes, or is `all` without `but`. `accrues`
    says which day's rate holds: each day's own, or for the whole bill that of the period's last day, as for taxes that
    are due with the payment (Spain: Ley 37/1992, article 75.Uno.7; Ley 38/1992, article 95). `least_per_kwh` is a lower
    limit.
    """

    name: str = Field(min_length=1, max_length=48)
    percent: float = Field(ge=0, le=200)
    on: tuple[str, ...] = Field(min_length=1)
    but: tuple[str, ...] = ()
    accrues: Literal["daily", "period_end"] = "daily"
    least_per_kwh: float = Field(default=0.0, ge=0)

    def applies_to(self, name: str) -> bool:
        """Whether an amount of some name is taxed."""
        return (name in self.on or "all" in self.on) and name not in self.but


class Source(Fact):
    """Where figures of a tariff come from, and when that was looked up."""

    what: str
    where: str
    looked_up: date | None = None
