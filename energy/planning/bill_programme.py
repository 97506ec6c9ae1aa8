"""A contract's rules as columns and rows of a linear programme over the powers of a whole stretch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import scipy
from numpy.typing import NDArray

from energy.planning.account import counts
from energy.pricing.calendar import BillingPeriod, billing_period
from energy.pricing.contract import CREDIT, Contract
from energy.pricing.metering import MeterReadings, Netted, groups, netted
from energy.pricing.rules import INTERVAL_SECONDS, Peak
from energy.pricing.series import Floats
from energy.pricing.terms import TermPrices

Ints = NDArray[np.int64]
# Columns, and what each counts for in a row or in the cost.
Part = tuple[int | Ints, float | Floats]
_ENDLESS = 1e6


@dataclass(slots=True)
class Programme:
    """Columns with their cost and bounds, and rows over them; the first columns belong to the caller."""

    columns: int
    cost: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    entries: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)

    def column(self, cost: float = 0.0, *, lower: float = 0.0, upper: float = np.inf, whole: bool = False) -> int:
        """One more variable."""
        self.cost.append(cost)
        self.lower.append(lower)
        self.upper.append(upper)
        self.whole.append(whole)
        return self.columns + len(self.cost) - 1

    def row(self, parts: Sequence[Part], *, low: float = -np.inf, high: float = np.inf) -> None:
        """One more row: the sum of columns times factors lies between two numbers."""
        at = len(self.low)
        for columns, factors in parts:
            where = np.atleast_1d(np.asarray(columns, dtype=np.int64))
            values = np.broadcast_to(np.asarray(factors, dtype=np.float64), where.shape)
            self.entries.append((np.full(len(where), at), where, np.array(values)))
        self.low.append(low)
        self.high.append(high)

    def matrix(self) -> "scipy.sparse.csr_array":
        """All rows."""
        rows, columns, values = (np.concatenate(part) for part in zip(*self.entries, strict=True))
        shape = (len(self.low), self.columns + len(self.cost))
        return scipy.sparse.csr_array((values, (rows, columns)), shape=shape)


@dataclass(frozen=True, slots=True, eq=False)
class Metering:
    """Where the caller's import and export columns (kW) are, and which slots they belong to."""

    starts: Sequence[datetime]
    step: timedelta
    zone: ZoneInfo
    imports: Ints
    exports: Ints

    @property
    def hours(self) -> float:
        """Length of a slot."""
        return self.step / timedelta(hours=1)


@dataclass(frozen=True, slots=True, eq=False)
class _Energy:
    """Net energy columns, one for each netting interval, with their days and prices."""

    found: Netted
    days: list[date]
    periods: list[BillingPeriod]
    imports: Ints
    exports: Ints


def add_bill(programme: Programme, contract: Contract, metering: Metering, *, wallet_value: float = 1.0) -> None:
    """Add everything that the contract bills; the programme's cost then is the sum of its bills but for constants."""
    energy = _net_energy(programme, contract, metering)
    due: dict[BillingPeriod, list[Part]] = {}
    for period in dict.fromkeys(energy.periods):
        here = np.array([one == period for one in energy.periods])
        due[period] = [_energy_cost(programme, contract, energy, here)]
    earned = _credits(programme, contract, energy, due, wallet_value)
    _least_taxes(programme, contract, energy, earned)
    for peak in contract.peaks:
        _peaks(programme, contract, peak, metering, due)
    _registers(programme, contract, energy)


def _net_energy(programme: Programme, contract: Contract, metering: Metering) -> _Energy:
    """Net import and export of each netting interval: their difference is that of the slots."""
    count, zone = len(metering.starts), metering.zone
    nothing = MeterReadings(metering.starts, np.zeros(count), np.zeros(count), metering.step)
    found = netted(nothing, contract, zone)
    days = [start.astimezone(zone).date() for start in metering.starts]
    group = groups(metering.starts, contract, days)
    entries = len(found.days)
    imports = np.array([programme.column() for _ in range(entries)], dtype=np.int64)
    exports = np.array([programme.column() for _ in range(entries)], dtype=np.int64)
    single = entries == count
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(entries + 1))
    for at in range(entries):
        slots = order[bounds[at] : bounds[at + 1]]
        h = metering.hours
        if single:
            programme.row([(int(imports[at]), 1.0), (metering.imports[slots], -h)], low=0, high=0)
            programme.row([(int(exports[at]), 1.0), (metering.exports[slots], -h)], low=0, high=0)
            continue
        flows: list[Part] = [(metering.imports[slots], -h), (metering.exports[slots], h)]
        programme.row([(int(imports[at]), 1.0), (int(exports[at]), -1.0), *flows], low=0, high=0)
    return _Energy(
        found, found.days, [billing_period(day, contract.billing_day) for day in found.days], imports, exports
    )


def _energy_cost(programme: Programme, contract: Contract, energy: _Energy, here: NDArray[np.bool_]) -> Part:
    """Price the imports of a billing period, taxes included."""
    price = np.zeros(len(energy.days))
    for term in energy.found.imports:
        factors = {day: contract.multiplier(term.name, day) for day in set(energy.days)}
        price += np.nan_to_num(term.per_kwh) * np.array([factors[day] for day in energy.days])
    columns = energy.imports[here]
    for column, value in zip(columns, price[here], strict=True):
        programme.cost[column - programme.columns] += float(value)
    return columns, price[here]


def _sum_of(terms: Sequence[Floats], count: int) -> Floats:
    return np.asarray(np.sum([np.zeros(count), *(np.nan_to_num(one) for one in terms)], axis=0))


def _credits(
    programme: Programme,
    contract: Contract,
    energy: _Energy,
    due: dict[BillingPeriod, list[Part]],
    wallet_value: float,
) -> dict[BillingPeriod, int]:
    """Surplus credit of each billing period, its cap, and the wallet; returns the columns of the credit."""
    count = len(energy.days)
    each = _sum_of([term.per_kwh for term in energy.found.exports], count)
    cap_on = contract.credit.cap_on or tuple(term.name for term in energy.found.imports)
    capped = _sum_of([term.per_kwh for term in energy.found.imports if term.name in cap_on], count)
    made: dict[BillingPeriod, int] = {}
    wallet: int | None = None
    for period, parts in due.items():
        here = np.array([one == period for one in energy.periods])
        taxed = contract.multiplier(CREDIT, max(day for day, one in zip(energy.days, here, strict=True) if one))
        credit = made[period] = programme.column(-taxed, lower=-np.inf)
        parts.append((credit, -taxed))
        earned: list[Part] = [(energy.exports[here], each[here])]
        if contract.credit.cap == "none":
            programme.row([(credit, 1.0), (energy.exports[here], -each[here])], low=0, high=0)
            continue
        programme.row([(credit, 1.0), (energy.exports[here], -each[here])], high=0)
        programme.row([(credit, 1.0), (energy.imports[here], -capped[here])], high=0)
        if contract.credit.wallet:
            wallet = _wallet(programme, contract, period, parts, (credit, earned, wallet))
    if wallet is not None:
        programme.cost[wallet - programme.columns] -= wallet_value
    return made


def _wallet(
    programme: Programme,
    contract: Contract,
    period: BillingPeriod,
    due: Sequence[Part],
    now: tuple[int, list[Part], int | None],
) -> int:
    """What is kept of this period's credit, and what the balance before pays of its bill."""
    credit, earned, before = now
    kept, pays = programme.column(), programme.column(-1.0, upper=np.inf if before is not None else 0.0)
    held: list[Part] = [] if before is None else [(before, -1.0)]
    minus = [(columns, -np.asarray(factors)) for columns, factors in earned]
    programme.row([(kept, 1.0), (pays, 1.0), (credit, 1.0), *minus, *held], low=0, high=0)
    if before is not None:
        programme.row([(pays, 1.0), (before, -1.0)], high=0)
    others = [(columns, -np.asarray(factors)) for columns, factors in due]
    programme.row([(pays, 1.0), *others], high=max(fixed_cost(contract, period), 0.0))
    return kept


def fixed_cost(contract: Contract, period: BillingPeriod) -> float:
    """Fixed terms and the wallet's fee of a whole billing period, with their taxes."""
    total = 0.0
    for term in contract.fixed:
        power = contract.contracted_kw[term.contracted] if term.contracted else 1.0
        if term.holds(period.last):
            per_day = term.per_day(period.days) * power
            total += per_day * period.days * contract.multiplier(term.name, period.last)
    return total


def _least_taxes(programme: Programme, contract: Contract, energy: _Energy, earned: dict[BillingPeriod, int]) -> None:
    """What a tax with a lower limit per kWh adds where its percentage comes to less."""
    for at, name in enumerate(contract.tax_names()):
        later = contract.tax_names()[at:]
        for period, credit in earned.items():
            tax = contract.tax_on(name, period.last, period)
            if tax is None or not tax.least_per_kwh:
                continue
            here = np.array([one == period for one in energy.periods])
            base = np.zeros(int(here.sum()))
            for term in energy.found.imports:
                if tax.applies_to(term.name):
                    base += np.nan_to_num(term.per_kwh[here]) * contract.multiplier(term.name, period.last, skip=later)
            after = contract.multiplier(name, period.last, skip=contract.tax_names()[: at + 1])
            extra = programme.column(after)
            share = tax.percent / 100
            factors = base * share - tax.least_per_kwh
            on_credit = -share * contract.multiplier(CREDIT, period.last, skip=later) * tax.applies_to(CREDIT)
            parts: list[Part] = [(extra, 1.0), (energy.imports[here], factors)]
            programme.row([*parts, (credit, on_credit)], low=-share * _taxed_fixed(contract, name, period))


def _taxed_fixed(contract: Contract, name: str, period: BillingPeriod) -> float:
    tax = contract.tax_on(name, period.last, period)
    kept = [term for term in contract.fixed if tax and tax.applies_to(term.name) and term.holds(period.last)]
    powers = [contract.contracted_kw[term.contracted] if term.contracted else 1.0 for term in kept]
    return sum(term.per_day(period.days) * period.days * power for term, power in zip(kept, powers, strict=True))


def _peaks(
    programme: Programme,
    contract: Contract,
    peak: Peak,
    metering: Metering,
    due: dict[BillingPeriod, list[Part]],
) -> None:
    """The peak of each billing period, by the highest days, and its price or step."""
    local = [start.astimezone(metering.zone) for start in metering.starts]
    inside = np.array(counts(peak, local))
    per = max(INTERVAL_SECONDS[peak.interval] // int(metering.step.total_seconds()), 1)
    block = np.array([int(moment.timestamp()) for moment in local]) // max(
        INTERVAL_SECONDS[peak.interval], int(metering.step.total_seconds())
    )
    for period, parts in due.items():
        days: dict[date, int] = {}
        for at, moment in enumerate(local):
            day = moment.date()
            first = at == 0 or block[at] != block[at - 1]
            if billing_period(day, contract.billing_day) != period or not inside[at] or not first:
                continue
            slots = np.flatnonzero(block[at : at + per] == block[at]) + at
            day_peak = days.setdefault(day if peak.mean_of_days > 1 else period.first, -1)
            if day_peak < 0:
                day_peak = days[day if peak.mean_of_days > 1 else period.first] = programme.column()
            programme.row([(day_peak, 1.0), (metering.imports[slots], -1.0 / per)], low=0)
        if days:
            price = contract.multiplier(peak.name, period.last)
            parts.append(_month_peak(programme, peak, list(days.values()), price))


def _month_peak(programme: Programme, peak: Peak, days: list[int], taxed: float) -> Part:
    """The mean of the highest days (Rockafellar and Uryasev 2000: a sum of largest values as a linear programme)."""
    month = programme.column(lower=peak.floor_kw)
    if peak.mean_of_days == 1:
        programme.row([(month, 1.0), (days[0], -1.0)], low=0)
    else:
        above = programme.column(lower=-np.inf)
        over = [programme.column() for _ in days]
        for day, more in zip(days, over, strict=True):
            programme.row([(more, 1.0), (day, -1.0), (above, 1.0)], low=0)
        highest = min(peak.mean_of_days, len(days))
        programme.row([(month, 1.0), (above, -1.0), (np.array(over), -1.0 / highest)], low=0)
    if not peak.steps:
        programme.cost[month - programme.columns] += peak.per_kw_month * taxed
        return month, peak.per_kw_month * taxed
    taken = np.array([programme.column(step.per_month * taxed, upper=1.0, whole=True) for step in peak.steps])
    limits = np.array([*(step.up_to_kw for step in peak.steps[:-1]), _ENDLESS])
    programme.row([(taken, 1.0)], low=1, high=1)
    programme.row([(month, 1.0), (taken, -limits)], high=0)
    return taken, np.array([step.per_month * taxed for step in peak.steps])


def _registers(programme: Programme, contract: Contract, energy: _Energy) -> None:
    """Netting over a month or a year: what comes back of each register, no more than was bought or sold in it."""
    rules = [contract.netting_on(day) for day in energy.days]
    spans = [
        (period if rule.interval == "month" else day.year) if rule.interval in {"month", "year"} else None
        for day, period, rule in zip(energy.days, energy.periods, rules, strict=True)
    ]
    for span in dict.fromkeys(one for one in spans if one is not None):
        inside = np.array([one == span for one in spans])
        rule = next(rule for rule, here in zip(rules, inside, strict=True) if here)
        last = max(day for day, here in zip(energy.days, inside, strict=True) if here)
        lost = 0.0 if rule.keeps_credit else _mean_credit(energy, inside) * contract.multiplier(CREDIT, last)
        forgone = programme.column(lost)
        for term in energy.found.imports:
            if not rule.terms or term.name in rule.terms:
                given = [
                    _register(programme, contract, energy, term, inside & (term.period == name), last)
                    for name in dict.fromkeys(term.period[inside].tolist())
                ]
                # What was given back of a term loses its surplus credit, once for all terms.
                programme.row([(forgone, 1.0), (np.array(given), -1.0)], low=0)


def _mean_credit(energy: _Energy, here: NDArray[np.bool_]) -> float:
    return float(_sum_of([one.per_kwh[here] for one in energy.found.exports], int(here.sum())).mean())


def _register(
    programme: Programme, contract: Contract, energy: _Energy, term: TermPrices, here: NDArray[np.bool_], last: date
) -> int:
    """What comes back of one register: no more than was bought or sold on it."""
    price = float(np.nan_to_num(term.per_kwh[here]).mean())
    back = programme.column(-price * contract.multiplier(term.name, last))
    programme.row([(back, 1.0), (energy.imports[here], -1.0)], high=0)
    programme.row([(back, 1.0), (energy.exports[here], -1.0)], high=0)
    return back
