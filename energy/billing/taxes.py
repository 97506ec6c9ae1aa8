"""The taxes of a bill: each on its own amounts and on earlier taxes, by the rates of their days."""

from datetime import date
from typing import Protocol

import numpy as np

from energy.billing.lines import BillLine, LineKind
from energy.pricing.calendar import BillingPeriod
from energy.pricing.contract import CREDIT, WALLET, Contract
from energy.pricing.rules import Tax
from energy.pricing.series import Floats

# What a tax calls the lines that have no term's name.
_BASES: dict[LineKind, str] = {"credit": CREDIT, "cap": CREDIT, "wallet_fee": WALLET}


class Taxable(Protocol):
    """A bill in the making: its lines so far, and what each name amounts to on each of its days."""

    contract: Contract
    period: BillingPeriod
    days: list[date]
    lines: list[BillLine]
    amounts: dict[str, Floats]


def add_taxes(draft: Taxable, import_kwh: float) -> None:
    """One line for each tax and rate, in the order in which they are added; later ones may tax earlier ones."""
    for name in draft.contract.tax_names():
        draft.lines += _lines(draft, name, import_kwh)


def _lines(draft: Taxable, name: str, import_kwh: float) -> list[BillLine]:
    found = [draft.contract.tax_on(name, day, draft.period) for day in draft.days]
    added, lines = np.zeros(len(draft.days)), []
    for tax in dict.fromkeys(row for row in found if row is not None):
        here = np.array([row == tax for row in found])
        base = np.where(here, _base(draft, tax), 0.0)
        by_day = base * tax.percent / 100
        least = tax.least_per_kwh * import_kwh * here.mean()
        if (short := least - float(by_day.sum())) > 0:
            by_day = by_day + short * here / here.sum()
        added += by_day
        whole = _taxed(draft.lines, tax) if here.all() else ()
        lines.append(BillLine("tax", name, float(by_day.sum()), float(base.sum()), "%", tax.percent, of_lines=whole))
    draft.amounts[name] = added
    return lines


def _taxed(lines: list[BillLine], tax: Tax) -> tuple[int, ...]:
    """Places of the lines that a tax is added to."""
    return tuple(at for at, line in enumerate(lines) if tax.applies_to(_BASES.get(line.kind, line.name)))


def _base(draft: Taxable, tax: Tax) -> Floats:
    parts = [amount for name, amount in draft.amounts.items() if tax.applies_to(name)]
    return np.asarray(np.sum([np.zeros(len(draft.days)), *parts], axis=0), dtype=np.float64)
