"""A contract: every rule by which a supplier and a grid bill a home, and the marginal prices that follow."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from energy.errors import DataError
from energy.pricing.calendar import BillingPeriod, billing_period
from energy.pricing.periods import Holidays
from energy.pricing.rules import Credit, Fixed, Netting, Peak, Source, Tax
from energy.pricing.series import Fact, Floats, Prices, PriceSeries, seconds
from energy.pricing.terms import ByPeriod, Dated, EnergyTerm, Indexed, TermPrices, rule_prices
from energy.slots import DAY, day_bounds

# Longest slot that is priced by its start alone; an hour takes the mean of its quarters.
_QUARTER, _HOUR = timedelta(minutes=15), timedelta(hours=1)
CREDIT = "credit"
WALLET = "wallet"
ALL = "all"


@dataclass(frozen=True, slots=True, eq=False)
class SlotPrices:
    """Bare prices of slots, before taxes: each import term, each export term."""

    imports: tuple[TermPrices, ...]
    exports: tuple[TermPrices, ...]


class Contract(Fact):
    """The rules of one contract; each is optional but the import price.

    Import terms add up to the price of a kWh, export terms to what surplus earns; taxes come on top of both.
    """

    kind: Literal["contract"] = "contract"
    name: str = "contract"
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    import_terms: tuple[EnergyTerm, ...] = Field(min_length=1)
    export_terms: tuple[EnergyTerm, ...] = ()
    netting: tuple[Netting, ...] = ()
    credit: Credit = Credit()
    peaks: tuple[Peak, ...] = ()
    fixed: tuple[Fixed, ...] = ()
    taxes: tuple[Tax, ...] = ()
    series: dict[str, PriceSeries] = Field(default_factory=dict)
    # Terms and taxes that the published values of a series hold, where the series itself does not say so.
    holds: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    # The series that prices which come while the service runs are, where nobody says another.
    live: str | None = None
    contracted_kw: dict[str, Annotated[float, Field(ge=0, le=10_000)]] = Field(default_factory=dict)
    billing_day: int = Field(default=1, ge=1, le=28)
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        self._check_dates()
        self._check_tax_bases()
        terms = {term.name for term in self.import_terms}
        _check_known(self.credit.cap_on, terms, "credit.cap_on")
        for rule in self.netting:
            _check_known(rule.terms, terms, "netting.terms")
        contracted = {one.contracted for one in self.fixed if one.contracted}
        _check_known(contracted, set(self.contracted_kw), "contracted_kw")
        _check_known(self.contracted_kw, contracted, "contracted_kw")
        return self

    def _check_dates(self) -> None:
        for kind in ("import_terms", "export_terms", "fixed", "taxes", "peaks", "netting"):
            rows: dict[str, list[Dated]] = {}
            for row in getattr(self, kind):
                rows.setdefault(getattr(row, "name", "netting"), []).append(row)
            for title, same in rows.items():
                _check_successive(f"{kind} {title!r}", same)

    def _check_tax_bases(self) -> None:
        named: tuple[EnergyTerm | Fixed | Peak, ...] = (*self.import_terms, *self.fixed, *self.peaks)
        known = {CREDIT, WALLET, ALL} | {row.name for row in named}
        for tax in self.taxes:
            _check_known(tax.on, known, f"taxes {tax.name!r}: on")
            _check_known(tax.but, known, f"taxes {tax.name!r}: but")
            known.add(tax.name)
        for name, series in self.series.items():
            _check_known(series.includes, known - {CREDIT, WALLET, ALL}, f"series {name!r}: includes")
        for name, held in self.holds.items():
            _check_known(held, known - {CREDIT, WALLET, ALL}, f"holds {name!r}")

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of series that its prices read."""
        rules = [term.price for term in (*self.import_terms, *self.export_terms)]
        return tuple(dict.fromkeys(name for rule in rules if isinstance(rule, Indexed) for name in rule.needs))

    @property
    def holidays(self) -> Holidays:
        """Holidays that any of its prices names."""
        rules = [term.price for term in self.import_terms]
        return frozenset[tuple[int, int]]().union(*(rule.holidays for rule in rules if isinstance(rule, ByPeriod)))

    def named_prices(self) -> list[float]:
        """Every price per kWh that it names, series included."""
        named = [0.0]
        for term in (*self.import_terms, *self.export_terms):
            rule = term.price.plus if isinstance(term.price, Indexed) else term.price
            named += [period.price for period in rule.periods] if isinstance(rule, ByPeriod) else [float(rule)]
        for series in self.series.values():
            named += [value for run in series.runs for value in run.per_kwh if value is not None]
        return named

    @property
    def has_rules(self) -> bool:
        """Whether a flow's worth depends on other flows: netting, a cap, a peak."""
        return bool(self.peaks) or self.credit.cap != "none" or any(one.interval != "none" for one in self.netting)

    def netting_on(self, day: date) -> Netting:
        """The netting that holds on a local day."""
        return next((one for one in self.netting if one.holds(day)), Netting())

    def tax_names(self) -> tuple[str, ...]:
        """Taxes in the order in which they are added."""
        return tuple(dict.fromkeys(tax.name for tax in self.taxes))

    def tax_on(self, name: str, day: date, period: BillingPeriod) -> Tax | None:
        """The row of a tax that holds for a day of a billing period."""
        rows = [tax for tax in self.taxes if tax.name == name]
        return next((tax for tax in rows if tax.holds(period.last if tax.accrues == "period_end" else day)), None)

    def multiplier(self, name: str, day: date, *, skip: Sequence[str] = ()) -> float:
        """What one unit of a term costs with its taxes, but for those in `skip`."""
        added, period = {name: 1.0}, billing_period(day, self.billing_day)
        for tax_name in self.tax_names():
            if tax_name not in skip and (tax := self.tax_on(tax_name, day, period)):
                base = sum(amount for key, amount in added.items() if tax.applies_to(key))
                added[tax_name] = base * tax.percent / 100
        return sum(added.values())

    def known_at(self, now: datetime, zone: ZoneInfo) -> Self:
        """The contract as it was known at a moment: series without the days that were not published."""
        known = {name: _published(series, now, zone) for name, series in self.series.items()}
        return self.model_copy(update={"series": {name: series for name, series in known.items() if series}})

    def slot_prices(self, starts: Sequence[datetime], zone: ZoneInfo) -> SlotPrices:
        """Bare price of every term at each start, without taxes; NaN where a series has none."""
        local = [start.astimezone(zone) for start in starts]
        days = [moment.date() for moment in local]
        imports = tuple(self._term(name, self.import_terms, local, days) for name in _names(self.import_terms))
        exports = tuple(self._term(name, self.export_terms, local, days) for name in _names(self.export_terms))
        return SlotPrices(imports, exports)

    def prices(self, starts: Sequence[datetime], zone: ZoneInfo) -> Prices:
        """Marginal price of a kWh with all taxes, while no cap binds and nothing is netted.

        Raises:
            DataError: a series has no price for a slot; a price is never invented.
        """
        found = self.known(starts, zone)
        for start, value in zip(starts, found.import_per_kwh + found.export_per_kwh, strict=True):
            if np.isnan(value):
                wanted = ", ".join(name for name in self.needs) or "the contract"
                raise DataError(f"no price for {start.isoformat()} in {self.name}: extend the series ({wanted})")
        return found

    def known(self, starts: Sequence[datetime], zone: ZoneInfo) -> Prices:
        """The same prices, NaN where a series has none."""
        step = _step(starts)
        pieces = max(step // _QUARTER, 1) if step and step <= _HOUR else 1
        fine = [start + piece * _QUARTER for start in starts for piece in range(pieces)]
        bare = self.slot_prices(fine, zone)
        days = [moment.astimezone(zone).date() for moment in fine]
        imports, exports = self._taxed_import(bare, days), self._taxed(bare.exports, days, CREDIT)
        return Prices(imports.reshape(-1, pieces).mean(axis=1), exports.reshape(-1, pieces).mean(axis=1))

    def _taxed(self, terms: Sequence[TermPrices], days: Sequence[date], base: str | None = None) -> Floats:
        total = np.zeros(len(days))
        for term in terms:
            factors = {day: self.multiplier(base or term.name, day) for day in set(days)}
            total = total + term.per_kwh * np.array([factors[day] for day in days])
        return total

    def _taxed_import(self, bare: SlotPrices, days: Sequence[date]) -> Floats:
        """Import price with taxes, and with what a tax's lower limit per kWh adds."""
        total = self._taxed(bare.imports, days)
        if not any(tax.least_per_kwh for tax in self.taxes):
            return total
        for day in set(days):
            here = np.array([one == day for one in days])
            total[here] += self._below_least(bare, here, day)
        return total

    def _below_least(self, bare: SlotPrices, here: NDArray[np.bool_], day: date) -> Floats:
        period, lacking = billing_period(day, self.billing_day), np.zeros(int(here.sum()))
        for at, name in enumerate(self.tax_names()):
            tax = self.tax_on(name, day, period)
            if tax is None or not tax.least_per_kwh:
                continue
            later = self.tax_names()[at + 1 :]
            skip = [name, *later]
            base = np.zeros_like(lacking)
            for term in bare.imports:
                if tax.applies_to(term.name):
                    base = base + term.per_kwh[here] * self.multiplier(term.name, day, skip=skip)
            short = np.maximum(tax.least_per_kwh - base * tax.percent / 100, 0)
            lacking = lacking + short * self._from(name, day)
        return lacking

    def _from(self, name: str, day: date) -> float:
        """What a unit of a tax costs with the taxes that come on it."""
        return self.multiplier(name, day, skip=self.tax_names()[: self.tax_names().index(name) + 1])

    def _term(
        self,
        name: str,
        rows: Sequence[EnergyTerm],
        local: Sequence[datetime],
        days: Sequence[date],
    ) -> TermPrices:
        """A term's rows laid over the slots; where none holds, nothing is charged."""
        value, period = np.zeros(len(local)), np.full(len(local), "", dtype="U48")
        expected = np.zeros(len(local), dtype=bool)
        for row in rows:
            if row.name != name:
                continue
            holds = np.array([row.holds(day) for day in days])
            if holds.any():
                there = [moment for moment, kept in zip(local, holds, strict=True) if kept]
                there_days = [moment.date() for moment in there]
                value[holds], period[holds], expected[holds] = rule_prices(
                    row.price, there, partial(self._read, row, there, there_days)
                )
        return TermPrices(name, value, period, expected)

    def _read(self, row: EnergyTerm, local: Sequence[datetime], days: Sequence[date], name: str) -> Floats:
        """A series at local times, without the terms and taxes that its published values hold."""
        if name not in self.series:
            return np.full(len(local), np.nan)
        series = self.series[name]
        values = series.at(seconds(local))
        included = series.includes or self.holds.get(name, ())
        if not included:
            return values
        outside = [tax for tax in self.tax_names() if tax not in included]
        factors = {day: self.multiplier(row.name, day, skip=outside) for day in set(days)}
        for other in _names(self.import_terms):
            if other in included:
                theirs = {day: self.multiplier(other, day, skip=outside) for day in set(days)}
                held = self._term(other, self.import_terms, local, days).per_kwh
                values = values - held * np.array([theirs[day] for day in days])
        return np.asarray(values / np.array([factors[day] for day in days]))


def _names(rows: Sequence[EnergyTerm]) -> Iterator[str]:
    return iter(dict.fromkeys(row.name for row in rows))


def _published(series: PriceSeries, now: datetime, zone: ZoneInfo) -> PriceSeries | None:
    if series.published_at_hour is None:
        return series
    local = now.astimezone(zone)
    last = local.date() + (DAY if local.hour >= series.published_at_hour else timedelta())
    return series.until(day_bounds(last, zone)[1])


def _step(starts: Sequence[datetime]) -> timedelta | None:
    return min((later - earlier for earlier, later in pairwise(starts)), default=None)


def _check_known(names: Iterable[str], known: set[str], where: str) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"{where} {name!r} is not known: use {', '.join(sorted(known)) or 'none'}")


def _check_successive(what: str, rows: Sequence[Dated]) -> None:
    """No two rows hold on one day, and no day between two rows is without one."""
    for one, two in pairwise(sorted(rows, key=lambda row: row.first or date.min)):
        if one.last is None or two.first is None or two.first <= one.last:
            until = one.last.isoformat() if one.last else "without end"
            since = two.first.isoformat() if two.first else "without beginning"
            raise ValueError(f"{what}: one row holds {until}, the next from {since}: let none overlap")
        if two.first - one.last > DAY:
            raise ValueError(
                f"{what}: no row holds from {one.last + DAY} to {two.first - DAY}: set the earlier row's "
                f"last to {two.first - DAY}, or add a row of 0 for those days"
            )
