"""A bill: its lines, what they add up to, and what must be said beside them."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from energy.pricing.calendar import BillingPeriod

# Less than the ninth decimal of an amount is binary rounding.
_NOTHING = 1e-9
# What the line of a cap is called where a wallet keeps what is beyond it.
KEPT = "kept in the wallet"
LineKind = Literal["energy", "netting", "credit", "cap", "wallet", "wallet_fee", "peak", "fixed", "tax"]


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line: its amount, and the quantity and price that make it where there are such.

    `of_lines` of a tax are the places of the lines that it taxes, where they are taxed whole.
    """

    kind: LineKind
    name: str
    amount: float
    quantity: float | None = None
    unit: Literal["", "kWh", "kW", "days", "%"] = ""
    per_unit: float | None = None
    period: str = ""
    of_lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Carried:
    """What goes from one bill to the next: the wallet, and the registers of a netting year.

    `registers` holds imported, exported and already netted energy by term and period of the year.
    """

    wallet: float = 0.0
    year: int | None = None
    registers: tuple[tuple[str, str, float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a contract is not sure of, in English and in Spanish."""

    en: str
    es: str


@dataclass(frozen=True, slots=True)
class NearestKnown:
    """A rate that some days of the bill take from other days: from the last that it is known for, or from the first."""

    name: str
    day: date
    is_last: bool


@dataclass(frozen=True, slots=True)
class MonthBill:
    """The bill of one billing period, exact; `rounded` gives it as it is printed.

    `cancelled_kwh` was imported and exported within one netting interval. `complete` is false while days are missing;
    hours without a price or a meter reading are counted and not billed. `unsure` repeats what the contract is not
    sure of, `nearest_known` names rates that no source covers on some of the days, `examples` the terms whose prices
    are examples.
    """

    period: BillingPeriod
    lines: tuple[BillLine, ...]
    import_kwh: float
    export_kwh: float
    cancelled_kwh: float
    days_billed: int
    complete: bool
    hours_without_price: float = 0.0
    hours_without_meter: float = 0.0
    expected_hours: float = 0.0
    unsure: tuple[Doubt, ...] = ()
    nearest_known: tuple[NearestKnown, ...] = ()
    examples: tuple[str, ...] = ()
    peak_kw: dict[str, float] = field(default_factory=dict)
    carried: Carried = Carried()

    @property
    def total(self) -> float:
        """What is to be paid; below zero it is owed to the household."""
        return round(sum(line.amount for line in self.lines), 9) + 0.0

    def of(self, *kinds: LineKind) -> float:
        """Sum of the lines of some kinds."""
        return sum(line.amount for line in self.lines if line.kind in kinds)

    def rounded(self, decimals: int = 2) -> "MonthBill":
        """The same bill with every line to the currency's decimals, and the total as their sum.

        A tax is one of the printed amounts, as on bills. A wallet that pays all pays what the lines above it add up to.
        """
        lines: list[BillLine] = []
        for line in self.lines:
            taxed = _of_printed(line, lines)
            lines.append(replace(taxed, amount=_rounded(taxed.amount, decimals)))
        if lines and lines[-1].kind == "wallet" and abs(self.total) < _NOTHING:
            lines[-1] = replace(lines[-1], amount=-_rounded(sum(line.amount for line in lines[:-1]), decimals))
        return replace(self, lines=tuple(lines))


def _of_printed(line: BillLine, printed: list[BillLine]) -> BillLine:
    """A tax by the printed amounts of the lines that it taxes; every other line, and a lower limit, as it is."""
    if not line.of_lines or line.per_unit is None or line.quantity is None:
        return line
    base, exact = sum(printed[at].amount for at in line.of_lines), line.quantity * line.per_unit / 100
    amount = base * line.per_unit / 100 if abs(line.amount - exact) < _NOTHING else line.amount
    return replace(line, quantity=base, amount=amount)


def _rounded(amount: float, decimals: int) -> float:
    """Half a cent is rounded up, as on bills; binary rounding of the ninth place does not count."""
    coin = Decimal(1).scaleb(-decimals)
    return float(Decimal(f"{amount:.9f}").quantize(coin, ROUND_HALF_UP)) + 0.0
