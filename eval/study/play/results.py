"""What the pieces of a study answer, as it is kept on disk: flows of slots and bills of months."""

from datetime import date

import numpy as np
from pydantic import BaseModel, ConfigDict

from agent.language.answers.bill_words import doubts
from energy.billing.lines import LineKind, MonthBill
from knowledge.days import Floats


class _CachedResult(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LivedYear(_CachedResult):
    """Where a year's days are kept, and what was used and what a kWp gave in the year itself."""

    home: str
    load_kwh: float
    pv_kwh_per_kwp: float


class Line(_CachedResult):
    """One line of a bill."""

    kind: LineKind
    name: str
    period: str
    amount: float
    quantity: float | None
    unit: str
    per_unit: float | None


class KeptDoubt(_CachedResult):
    """What a tariff is not sure of, in each language."""

    en: str
    es: str


class KeptBill(_CachedResult):
    """The bill of one billing period."""

    first: date
    last: date
    lines: tuple[Line, ...]
    unsure: tuple[KeptDoubt, ...] = ()
    kept_in_wallet: float = 0.0

    @property
    def total(self) -> float:
        """What is to be paid."""
        return sum(line.amount for line in self.lines)

    def of(self, *kinds: LineKind) -> float:
        """Sum of the lines of some kinds."""
        return sum(line.amount for line in self.lines if line.kind in kinds)


class PlayedSlots(_CachedResult):
    """Mean powers of consecutive slots in kW, the energy stored at each one's end in kWh, and bills of whole months."""

    grid_import_kw: tuple[float, ...]
    grid_export_kw: tuple[float, ...]
    charge_kw: tuple[float, ...]
    discharge_kw: tuple[float, ...]
    stored_kwh: tuple[float, ...]
    bills: tuple[KeptBill, ...] = ()

    @property
    def flows(self) -> dict[str, Floats]:
        """Everything but the bills as arrays, by name."""
        return {name: np.asarray(getattr(self, name), dtype=np.float64) for name in FLOWS}


FLOWS = ("grid_import_kw", "grid_export_kw", "charge_kw", "discharge_kw", "stored_kwh")


def kept_bill(bill: MonthBill) -> KeptBill:
    """A bill of the ledger as it is kept."""
    lines = tuple(
        Line(
            kind=line.kind,
            name=line.name,
            period=line.period,
            amount=line.amount,
            quantity=line.quantity,
            unit=line.unit,
            per_unit=line.per_unit,
        )
        for line in bill.lines
    )
    return KeptBill(
        first=bill.period.first,
        last=bill.period.last,
        lines=lines,
        unsure=tuple(KeptDoubt(en=en, es=es) for en, es in zip(doubts(bill, "en"), doubts(bill, "es"), strict=True)),
        kept_in_wallet=bill.carried.wallet,
    )
