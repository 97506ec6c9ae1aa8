"""The bill as it is really billed: metered energy under all rules of a contract, one billing period after another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from energy.billing.lines import KEPT, BillLine, Carried, Doubt, MonthBill, NearestKnown
from energy.billing.registers import net_registers
from energy.billing.taxes import add_taxes
from energy.pricing.calendar import BillingPeriod, billing_period
from energy.pricing.contract import CREDIT, WALLET, Contract
from energy.pricing.metering import MeterReadings, Netted, day_peaks, month_peak, netted
from energy.pricing.rules import Fixed, Peak, Tax
from energy.pricing.series import Floats
from energy.pricing.tariff import AnyTariff, as_contract
from energy.pricing.terms import Dated, EnergyTerm
from energy.slots import day_bounds, hours


@dataclass(slots=True)
class Draft:
    """A bill being written: its lines, and what each name amounts to on each day, which taxes need."""

    contract: Contract
    period: BillingPeriod
    days: list[date]
    lines: list[BillLine]
    amounts: dict[str, Floats]

    def add(self, line: BillLine, base: str, by_day: Floats) -> None:
        """One more line, and its amount by day."""
        self.lines.append(line)
        self.amounts[base] = self.amounts.get(base, np.zeros(len(self.days))) + by_day

    def at(self, days: Sequence[date], values: Floats) -> Floats:
        """Values of some days summed into the days of the bill."""
        place = {day: index for index, day in enumerate(self.days)}
        return np.asarray(np.bincount([place[day] for day in days], values, len(self.days)), dtype=np.float64)

    def spread(self, amount: float, share: Floats | None = None) -> Floats:
        """An amount laid over the days evenly, or in the proportion of `share`."""
        weights = np.ones(len(self.days)) if share is None or not share.sum() else share
        return np.asarray(amount * weights / weights.sum(), dtype=np.float64)


def bills(
    metered: MeterReadings,
    tariff: AnyTariff,
    zone: ZoneInfo,
    *,
    carried: Carried = Carried(),  # noqa: B008 (frozen)
) -> list[MonthBill]:
    """Bills of the billing periods that a stretch of metered slots touches, in order."""
    contract = as_contract(tariff)
    periods = [billing_period(start.astimezone(zone).date(), contract.billing_day) for start in metered.starts]
    made: list[MonthBill] = []
    for period in sorted(set(periods)):
        here = np.array([one == period for one in periods])
        made.append(_bill(metered.part(here), contract, zone, period, made[-1].carried if made else carried))
    return made


def total_of(
    metered: MeterReadings,
    tariff: AnyTariff,
    zone: ZoneInfo,
    *,
    wallet_value: float = 1.0,
) -> float:
    """All bills together; what is left in a wallet at the end counts `wallet_value` of its money."""
    made = bills(metered, tariff, zone)
    return sum(bill.total for bill in made) - wallet_value * (made[-1].carried.wallet if made else 0.0)


def _bill(
    metered: MeterReadings, contract: Contract, zone: ZoneInfo, period: BillingPeriod, carried: Carried
) -> MonthBill:
    read = ~(np.isnan(metered.import_kwh) | np.isnan(metered.export_kwh))
    known = metered.part(read)
    days = sorted({start.astimezone(zone).date() for start in known.starts})
    energy = netted(known, contract, zone)
    priced = _priced(energy)
    draft = Draft(contract, period, days, [], {})
    _energy_lines(draft, energy, priced)
    carried = net_registers(draft, energy, priced, carried)
    kept = _credit_lines(draft, energy, priced)
    peaks = _peak_lines(draft, known, zone)
    _fixed_lines(draft)
    add_taxes(draft, float(energy.import_kwh[priced].sum()))
    wallet = _spent(draft, carried.wallet) + kept
    used = energy.import_kwh + energy.export_kwh > 0
    per_entry = hours(metered.step) * len(known.starts) / max(len(priced), 1)
    return MonthBill(
        period=period,
        lines=tuple(draft.lines),
        import_kwh=float(known.import_kwh.sum()),
        export_kwh=float(known.export_kwh.sum()),
        cancelled_kwh=float(energy.cancelled_kwh.sum()),
        days_billed=len(days),
        complete=_complete(metered, known, period, zone),
        hours_without_price=float((~priced & used).sum() * per_entry),
        hours_without_meter=float((~read).sum() * hours(metered.step)),
        expected_hours=float(_expected(energy).sum() * per_entry),
        unsure=tuple(dict.fromkeys(_doubts(contract, days))),
        nearest_known=tuple(dict.fromkeys(_nearest_known(contract, days))),
        examples=tuple(dict.fromkeys(_examples(contract, days))),
        peak_kw=peaks,
        carried=Carried(wallet, carried.year, carried.registers),
    )


def _priced(energy: Netted) -> NDArray[np.bool_]:
    """Entries with a price wherever there is energy to price."""
    lacks = np.zeros(len(energy.days), dtype=bool)
    for terms, amount in ((energy.imports, energy.import_kwh), (energy.exports, energy.export_kwh)):
        for term in terms:
            lacks |= np.isnan(term.per_kwh) & (amount > 0)
    return np.asarray(~lacks)


def _expected(energy: Netted) -> NDArray[np.bool_]:
    found = np.zeros(len(energy.days), dtype=bool)
    for terms, amount in ((energy.imports, energy.import_kwh), (energy.exports, energy.export_kwh)):
        for term in terms:
            found |= term.expected & (amount > 0)
    return found


def _complete(metered: MeterReadings, known: MeterReadings, period: BillingPeriod, zone: ZoneInfo) -> bool:
    start, end = day_bounds(period.first, zone)[0], day_bounds(period.last, zone)[1]
    return len(known.starts) * metered.step >= end - start


def _energy_lines(draft: Draft, energy: Netted, priced: NDArray[np.bool_]) -> None:
    """One line for each import term and period of it."""
    for term in energy.imports:
        amounts = np.where(priced, energy.import_kwh * np.nan_to_num(term.per_kwh), 0.0)
        for period in sorted(set(term.period[priced].tolist())):
            here = priced & (term.period == period) & (energy.import_kwh > 0)
            if not here.any():
                continue
            kwh, amount = float(energy.import_kwh[here].sum()), float(amounts[here].sum())
            line = BillLine("energy", term.name, amount, kwh, "kWh", amount / kwh, period)
            draft.add(line, term.name, draft.at(energy.days, np.where(here, amounts, 0.0)))


def _credit_lines(draft: Draft, energy: Netted, priced: NDArray[np.bool_]) -> float:
    """What surplus earns, what the cap cuts off, and what of that a wallet keeps for later bills; returns that."""
    rule, kwh = draft.contract.credit, np.where(priced, energy.export_kwh, 0.0)
    if not energy.exports:
        return 0.0
    each = sum((np.nan_to_num(term.per_kwh) for term in energy.exports), np.zeros(len(kwh)))
    by_day = draft.at(energy.days, kwh * each)
    gross, sold = float(by_day.sum()), float(kwh.sum())
    lost = max(gross - cap(draft.contract, draft.amounts), 0.0) if rule.cap != "none" else 0.0
    earned = draft.spread(lost - gross, by_day)
    if sold > 0:
        name = ", ".join(term.name for term in energy.exports)
        draft.lines.append(BillLine("credit", name, -gross, sold, "kWh", gross / sold))
    if lost > 0:
        draft.lines.append(BillLine("cap", KEPT if rule.wallet else "beyond the cap", lost))
    draft.amounts[CREDIT] = earned
    if rule.wallet is None:
        return 0.0
    fee = rule.wallet.fee_per_month * len(draft.days) / draft.period.days
    draft.add(BillLine("wallet_fee", "wallet fee", fee), WALLET, draft.spread(fee))
    return lost


def cap(contract: Contract, amounts: dict[str, Floats]) -> float:
    """The most that surplus may earn in a billing period: what the energy bought in it cost."""
    names = contract.credit.cap_on or tuple(term.name for term in contract.import_terms)
    return max(sum(float(amounts[name].sum()) for name in dict.fromkeys(names) if name in amounts), 0.0)


def _peak_lines(draft: Draft, known: MeterReadings, zone: ZoneInfo) -> dict[str, float]:
    found: dict[str, float] = {}
    for peak in draft.contract.peaks:
        if not draft.days or not peak.holds(draft.days[-1]):
            continue
        found[peak.name] = month_peak(day_peaks(known, peak, zone), peak)
        amount = peak.cost(found[peak.name])
        counted = max(found[peak.name], peak.floor_kw)
        line = BillLine("peak", peak.name, amount, counted, "kW", peak.per_kw_month or None)
        by_day = np.zeros(len(draft.days))
        by_day[-1] = amount
        draft.add(line, peak.name, by_day)
    return found


def _fixed_lines(draft: Draft) -> None:
    for term in draft.contract.fixed:
        held = np.array([term.holds(day) for day in draft.days], dtype=np.float64)
        if not held.any():
            continue
        power = draft.contract.contracted_kw[term.contracted] if term.contracted else 1.0
        by_day = held * term.per_day(draft.period.days) * power
        line = BillLine("fixed", term.name, float(by_day.sum()), float(held.sum()), "days", float(by_day.max()))
        draft.add(line, term.name, by_day)


def _spent(draft: Draft, wallet: float) -> float:
    """What the wallet pays of this bill; returns what is left in it."""
    due = sum(line.amount for line in draft.lines)
    pays = min(wallet, max(due, 0.0))
    if pays > 0:
        draft.lines.append(BillLine("wallet", "paid from the wallet", -pays))
    return wallet - pays


def _doubts(contract: Contract, days: Sequence[date]) -> Iterator[Doubt]:
    rows: tuple[Dated, ...] = (*_named(contract), *contract.netting)
    for row in rows:
        if row.unsure and any(row.holds(day) for day in days):
            yield Doubt(row.unsure, row.unsure_es or row.unsure)


def _nearest_known(contract: Contract, days: Sequence[date]) -> Iterator[NearestKnown]:
    for row in _named(contract):
        held = [day for day in days if row.holds(day)]
        if held and row.known_to and held[-1] > row.known_to:
            yield NearestKnown(row.name, row.known_to, is_last=True)
        if held and row.known_from and held[0] < row.known_from:
            yield NearestKnown(row.name, row.known_from, is_last=False)


def _named(contract: Contract) -> tuple[EnergyTerm | Fixed | Tax | Peak, ...]:
    return (*contract.import_terms, *contract.export_terms, *contract.fixed, *contract.taxes, *contract.peaks)


def _examples(contract: Contract, days: Sequence[date]) -> Iterator[str]:
    for row in _named(contract):
        if row.example and any(row.holds(day) for day in days):
            yield row.name
