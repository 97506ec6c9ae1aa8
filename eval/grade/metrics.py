"""Finished cells priced, and measured against no battery and the bound on the same window."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from energy.battery import Battery
from energy.billing.ledger import Ledger, total
from energy.flows import Flows
from eval.grade.records import Cell, Record, Series

# Below this the bound saves too little in 28 days for a share of it to mean anything.
LEAST_SAVING = 5.0

Setting = tuple[str, int, float, str, str, int]
Window = tuple[Setting, str, date]


@dataclass(frozen=True, slots=True, eq=False)
class Graded:
    """A finished cell, its cost (bill less the worth of what was left in the battery), and how others did there.

    `share` is its saving over the bound's; `rivals` are the costs of all policies on the same window.
    """

    record: Record
    series: Series
    ledger: Ledger
    cost: float
    share: float | None = None
    rivals: Mapping[str, float] = field(default_factory=dict)

    @property
    def cell(self) -> Cell:
        """The cell that was graded."""
        return self.record.outcome.cell

    @property
    def cost_in_28_days(self) -> float:
        """Cost as if the window had been 28 days."""
        return self.cost * 28 / self.cell.days

    def regret(self, rival: str) -> float | None:
        """What it cost more than a rival on the same window, as if that had been 28 days; None without the rival."""
        return (self.cost - self.rivals[rival]) * 28 / self.cell.days if rival in self.rivals else None

    @property
    def mode_changes_a_day(self) -> float:
        """How often the mode changed from one slot to the next."""
        return int(np.count_nonzero(np.diff(self.series.mode))) / self.cell.days


def grade(records: Iterable[Record]) -> list[Graded]:
    """Price every finished cell and give it its share."""
    priced = [price(record, record.series) for record in records if record.series is not None]
    costs: dict[Window, dict[str, float]] = defaultdict(dict)
    for one in priced:
        costs[window(one.cell)][one.cell.policy] = one.cost
    return [_ranked(one, costs[window(one.cell)]) for one in priced]


def price(record: Record, series: Series) -> Graded:
    """The account of a finished record, without a share."""
    outcome = record.outcome
    battery = Battery(
        capacity_kwh=outcome.usable_kwh,
        max_charge_kw=0,
        max_discharge_kw=0,
        charge_efficiency=outcome.charge_efficiency,
        discharge_efficiency=outcome.discharge_efficiency,
    )
    flows = Flows(**{name: getattr(series, name) for name in Flows.__dataclass_fields__})
    ledger = total(
        flows, series.prices, battery=battery, hours=outcome.cell.step_minutes / 60, start_kwh=outcome.start_kwh
    )
    if outcome.bill is not None:
        ledger = replace(ledger, bill=outcome.bill)
    begun, left = np.interp([outcome.start_kwh, series.stored_kwh[-1]], outcome.left_kwh, outcome.left_value)
    return Graded(record, series, ledger, ledger.bill - float(left - begun))


def setting(cell: Cell) -> Setting:
    """What two cells must share to be compared at all."""
    return cell.suite, cell.days, cell.battery_kwh, cell.tariff, cell.forecast, cell.step_minutes


def window(cell: Cell) -> Window:
    """What two policies must share to be compared."""
    return setting(cell), cell.home, cell.first_day


def by_policy(graded: Iterable[Graded]) -> dict[str, list[Graded]]:
    """Cells of each policy, most expensive policy first."""
    groups: dict[str, list[Graded]] = defaultdict(list)
    for one in graded:
        groups[one.cell.policy].append(one)
    return dict(sorted(groups.items(), key=lambda item: -float(np.mean([one.cost_in_28_days for one in item[1]]))))


def paired(graded: Iterable[Graded]) -> list[Graded]:
    """Cells of the windows that every policy finished, so that means compare like with like."""
    cells = list(graded)
    groups = by_policy(cells)
    everywhere = set.intersection(*({window(one.cell) for one in group} for group in groups.values()))
    return [one for one in cells if window(one.cell) in everywhere]


def everywhere(graded: Iterable[Graded]) -> list[Graded]:
    """Cells of the policies that finished more than half of a setting's windows; a few samples do not belong there."""
    cells = list(graded)
    groups = by_policy(cells)
    most = max((len(group) for group in groups.values()), default=0)
    return [one for one in cells if len(groups[one.cell.policy]) > most / 2]


def shares(graded: Iterable[Graded]) -> list[float]:
    """Shares of the cells that have one."""
    return [one.share for one in graded if one.share is not None]


def _ranked(one: Graded, rivals: Mapping[str, float]) -> Graded:
    none, bound = rivals.get("none"), rivals.get("oracle")
    share = None
    if none is not None and bound is not None and none - bound >= LEAST_SAVING * one.cell.days / 28:
        share = (none - one.cost) / (none - bound)
    return replace(one, share=share, rivals=rivals)
