"""The open bill: what a billing period has come to when a slot begins, slot by slot, in what later flows depend on."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from energy.pricing.calendar import BillingPeriod, billing_period
from energy.pricing.contract import Contract
from energy.pricing.metering import MeterReadings, month_peak
from energy.pricing.periods import places, table
from energy.pricing.rules import INTERVAL_SECONDS, Peak
from energy.pricing.series import Floats
from energy.pricing.terms import TermPrices
from energy.slots import hours


@dataclass(frozen=True, slots=True, eq=False)
class BarePrices:
    """Prices of consecutive slots before taxes, as the rules read them; arrays of shape (slots,).

    `credit` is what surplus earns, `capped` the part of the import price that the cap counts, `registers` the terms
    that netting over a month or year gives back.
    """

    credit: Floats
    capped: Floats
    registers: tuple[TermPrices, ...] = ()

    def names(self, slot: int) -> tuple[str, ...]:
        """The registers on which a slot counts."""
        return tuple(register_name(term, slot) for term in self.registers)


def register_name(term: TermPrices, slot: int) -> str:
    """A register is a term and a period of it."""
    return f"{term.name}: {term.period[slot]}"


def bare_prices(contract: Contract, starts: Sequence[datetime], zone: ZoneInfo) -> BarePrices:
    """Prices of slots before taxes; where a series has none yet, the mean of those that it has."""
    found, count = contract.slot_prices(starts, zone), len(starts)
    cap_on = contract.credit.cap_on
    rule = contract.netting_on(starts[0].astimezone(zone).date())
    long = rule.interval in {"month", "year"}
    credit, capped = np.zeros(count), np.zeros(count)
    for term in found.exports:
        credit += _filled(term.per_kwh)
    for term in found.imports:
        if not cap_on or term.name in cap_on:
            capped += _filled(term.per_kwh)
    netted = (term for term in found.imports if long and (not rule.terms or term.name in rule.terms))
    return BarePrices(credit, capped, tuple(netted))


def _filled(per_kwh: Floats) -> Floats:
    known = per_kwh[~np.isnan(per_kwh)]
    return np.where(np.isnan(per_kwh), known.mean() if len(known) else 0.0, per_kwh)


@dataclass(frozen=True, slots=True)
class Account:
    """What was metered since the billing period began: credit earned, cost that caps it, and each day's peaks.

    `registers` holds import less export by register of the netting month or year.
    `open_import_kwh` and `open_export_kwh` belong to the netting interval that has begun, `interval` says which one.
    """

    period: BillingPeriod | None = None
    year: int | None = None
    earned: float = 0.0
    cap: float = 0.0
    registers: dict[str, float] = field(default_factory=dict)
    interval: int | None = None
    open_import_kwh: float = 0.0
    open_export_kwh: float = 0.0
    open_credit: float = 0.0
    open_capped: float = 0.0
    peaks: dict[str, dict[date, float]] = field(default_factory=dict)

    @property
    def balance_kwh(self) -> float:
        """Import less export of the netting interval that has begun."""
        return self.open_import_kwh - self.open_export_kwh

    def peak_kw(self, peak: Peak) -> float:
        """The month's peak so far."""
        return month_peak(self.peaks.get(peak.name, {}), peak)


@dataclass(frozen=True, slots=True)
class BilledSlot:
    """One slot of a meter, with its bare prices."""

    start: datetime
    step: timedelta
    import_kwh: float
    export_kwh: float
    credit: float
    capped: float
    registers: tuple[str, ...] = ()


def opened(account: Account, contract: Contract, now: datetime, zone: ZoneInfo) -> Account:
    """The account as it stands when a slot begins: a new month, year or interval starts from nothing."""
    local = now.astimezone(zone).date()
    period = billing_period(local, contract.billing_day)
    if account.interval is not None and account.interval != _interval(contract, now, local):
        account = _closed(account)
    if account.period == period:
        return account
    rule = contract.netting_on(local)
    kept = rule.interval == "year" and account.year == local.year
    return replace(
        account,
        period=period,
        year=local.year,
        earned=0.0,
        cap=0.0,
        registers=account.registers if kept else {},
        peaks={},
    )


def counted(account: Account, slot: BilledSlot, contract: Contract, zone: ZoneInfo) -> Account:
    """The account after a slot of the meter."""
    account = opened(account, contract, slot.start, zone)
    local = slot.start.astimezone(zone)
    account = replace(
        account,
        interval=_interval(contract, slot.start, local.date()),
        registers=_with_registers(account, slot),
        open_import_kwh=account.open_import_kwh + slot.import_kwh,
        open_export_kwh=account.open_export_kwh + slot.export_kwh,
        open_credit=slot.credit,
        open_capped=slot.capped,
        peaks={peak.name: _with_peak(account, peak, local, slot) for peak in contract.peaks},
    )
    return _closed(account) if account.interval is None else account


def counted_all(account: Account, metered: MeterReadings, contract: Contract, zone: ZoneInfo) -> Account:
    """The account after consecutive slots of a meter; one that was not read counts nothing."""
    if not len(metered.starts):
        return account
    bare = bare_prices(contract, metered.starts, zone)
    for at, start in enumerate(metered.starts):
        slot = BilledSlot(
            start,
            metered.step,
            float(np.nan_to_num(metered.import_kwh[at])),
            float(np.nan_to_num(metered.export_kwh[at])),
            float(bare.credit[at]),
            float(bare.capped[at]),
            bare.names(at),
        )
        account = counted(account, slot, contract, zone)
    return account


def _closed(account: Account) -> Account:
    """The interval that has begun is over: what is left of it is priced."""
    net = account.balance_kwh
    return replace(
        account,
        earned=account.earned + max(-net, 0.0) * account.open_credit,
        cap=account.cap + max(net, 0.0) * account.open_capped,
        interval=None,
        open_import_kwh=0.0,
        open_export_kwh=0.0,
    )


def _interval(contract: Contract, moment: datetime, local: date) -> int | None:
    length = INTERVAL_SECONDS.get(contract.netting_on(local).interval)
    return None if length is None else int(moment.timestamp()) // length


def _with_registers(account: Account, slot: BilledSlot) -> dict[str, float]:
    net = slot.import_kwh - slot.export_kwh
    return account.registers | {name: account.registers.get(name, 0.0) + net for name in slot.registers}


def _with_peak(account: Account, peak: Peak, local: datetime, slot: BilledSlot) -> dict[date, float]:
    """Highest import of each day; slots shorter than the peak's interval count by their own power, which is no less."""
    days = account.peaks.get(peak.name, {})
    if not counts(peak, [local])[0]:
        return days
    day, power = local.date(), slot.import_kwh / hours(slot.step)
    return days | {day: max(days.get(day, 0.0), power)}


def counts(peak: Peak, local: Sequence[datetime]) -> list[bool]:
    """Whether each local time lies in the windows of a peak charge."""
    if not peak.windows:
        return [True] * len(local)
    return [bool(found) for found in table(peak.windows)[places(local, peak.holidays)] >= 0]
