"""Netting over a month or a year: what was exported gives back the terms that were paid on as much import."""

from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from energy.billing.lines import BillLine, Carried
from energy.pricing.contract import Contract
from energy.pricing.metering import Netted
from energy.pricing.series import Floats

_Key = tuple[str, str]


class Draftable(Protocol):
    """A bill in the making that takes lines."""

    contract: Contract
    days: list[date]

    def add(self, line: BillLine, base: str, by_day: Floats) -> None:
        """One more line, and its amount by day."""

    def spread(self, amount: float, share: Floats | None = None) -> Floats:
        """An amount laid over the days."""


def net_registers(draft: Draftable, energy: Netted, priced: NDArray[np.bool_], carried: Carried) -> Carried:
    """Give back what the netting of this month or year allows, term by term and period by period of the term.

    Exports that were given back earn no surplus price unless the rule lets them: `energy.export_kwh` is lessened.
    """
    if not draft.days:
        return carried
    rule = draft.contract.netting_on(draft.days[-1])
    if rule.interval not in {"month", "year"}:
        return Carried(carried.wallet)
    year = draft.days[-1].year if rule.interval == "year" else None
    before = carried.registers if carried.year == year and year is not None else ()
    registers: dict[_Key, tuple[float, float, float]] = {(name, part): rest for name, part, *rest in before}  # type: ignore[misc]  # mypy loses the lengths of unpacked tuples
    wanted = rule.terms or tuple(term.name for term in energy.imports)
    returned = np.zeros(len(energy.days))
    for term in energy.imports:
        if term.name not in wanted:
            continue
        for period in dict.fromkeys(term.period[priced].tolist()):
            here = priced & (term.period == period)
            bought, sold, given = registers.get((term.name, period), (0.0, 0.0, 0.0))
            bought, sold = bought + energy.import_kwh[here].sum(), sold + energy.export_kwh[here].sum()
            now = max(min(bought, sold) - given, 0.0)
            registers[term.name, period] = (bought, sold, given + now)
            price = _mean_price(term.per_kwh, energy, here)
            if now > 0:
                line = BillLine("netting", term.name, -now * price, now, "kWh", price, period)
                draft.add(line, term.name, draft.spread(-now * price))
            share = now / energy.export_kwh[here].sum() if energy.export_kwh[here].sum() else 0.0
            returned[here] = np.maximum(returned[here], energy.export_kwh[here] * min(share, 1.0))
    if not rule.keeps_credit:
        energy.export_kwh[:] = energy.export_kwh - returned
    return Carried(carried.wallet, year, tuple((*key, *value) for key, value in registers.items()))


def _mean_price(per_kwh: Floats, energy: Netted, here: NDArray[np.bool_]) -> float:
    """The register's price; where it varies, the mean over what was exported."""
    weights = energy.export_kwh[here]
    if not weights.sum():
        weights = np.ones(int(here.sum()))
    return float(np.average(np.nan_to_num(per_kwh[here]), weights=weights))
