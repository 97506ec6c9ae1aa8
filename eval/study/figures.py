"""Figures of a study: energy and bill of each option by month, and of the whole year."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from eval.study.play.days import kept_days
from eval.study.play.household import PAST_DAYS
from eval.study.play.jobs import Foresight, YearJob
from eval.study.play.results import KeptBill, Line, PlayedSlots
from knowledge.days import Floats

SELF_CONSUMPTION, ADVISOR = "self-consumption", "advisor"


@dataclass(frozen=True, slots=True)
class Option:
    """What may be bought, under one tariff."""

    tariff: str
    kwp: float
    battery_kwh: float


@dataclass(frozen=True, slots=True)
class MonthEnergy:
    """Energy of a month in kWh; what is used came from the panels, the battery or the grid."""

    month: date
    used: float
    pv: float
    from_pv: float
    from_battery: float
    bought: float
    sold: float


@dataclass(frozen=True, slots=True, eq=False)
class YearFigures:
    """A year of one option, run in one way: hours, months and bills."""

    option: Option
    way: str
    flows: dict[str, Floats]
    months: tuple[MonthEnergy, ...]
    bills: tuple[KeptBill, ...]

    @property
    def cost(self) -> float:
        """All bills of the year, less what is left in a wallet at its end."""
        return sum(bill.total for bill in self.bills) - (self.bills[-1].kept_in_wallet if self.bills else 0.0)

    def total(self, name: str) -> float:
        """Energy of the year in kWh: used, pv, from_pv, from_battery, bought, sold."""
        return sum(float(getattr(month, name)) for month in self.months)

    @property
    def credit_lost(self) -> float:
        """Surplus credit that the months' caps cut off."""
        return sum(bill.of("cap") for bill in self.bills)

    @property
    def own_share(self) -> float:
        """Share of what is used that was not bought."""
        used = self.total("used")
        return 1 - self.total("bought") / used if used else 0.0

    def lines(self) -> tuple[Line, ...]:
        """The year's bill: lines of the same kind, name and period added up."""
        found: dict[tuple[str, str, str], Line] = {}
        for line in (line for bill in self.bills for line in bill.lines):
            key = (line.kind, line.name, line.period)
            old = found.get(key)
            found[key] = line if old is None else _added(old, line)
        return tuple(found.values())


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """The hours of the year: load, and what a kWp gave; arrays of shape (slots,), and where each day begins."""

    load_kw: Floats
    pv_kw_per_kwp: Floats
    days: tuple[date, ...]
    bounds: tuple[int, ...]
    hours: float

    def month_of_slots(self) -> list[tuple[date, slice]]:
        """The slots of each month."""
        firsts = [at for at, day in enumerate(self.days) if day.day == 1 or at == 0]
        ends = [*firsts[1:], len(self.days)]
        return [
            (self.days[first], slice(self.bounds[first], self.bounds[end]))
            for first, end in zip(firsts, ends, strict=True)
        ]


def base_of(days: str, home: str, load_factor: float = 1.0) -> Base:
    """The year of a store of the study."""
    history = kept_days(days, home)
    records = history.days[PAST_DAYS:]
    bounds = np.concatenate([[0], np.cumsum([len(record.load_kw) for record in records])])
    return Base(
        load_kw=np.concatenate([record.load_kw for record in records]) * load_factor,
        pv_kw_per_kwp=np.concatenate([record.pv_kw for record in records]),
        days=tuple(record.day for record in records),
        bounds=tuple(int(bound) for bound in bounds),
        hours=history.step / timedelta(hours=1),
    )


def year_figures(job: YearJob, way: str, base: Base, played: PlayedSlots, bills: Sequence[KeptBill]) -> YearFigures:
    """Figures of a year that was played."""
    flows = played.flows
    pv_kw = base.pv_kw_per_kwp * job.kwp
    months = tuple(_month(month, part, base, pv_kw, flows) for month, part in base.month_of_slots())
    return YearFigures(Option(job.tariff, job.kwp, job.battery_kwh), way, flows, months, tuple(bills))


def _month(month: date, part: slice, base: Base, pv_kw: Floats, flows: dict[str, Floats]) -> MonthEnergy:
    load, pv = base.load_kw[part], pv_kw[part]
    discharge, export = flows["discharge_kw"][part], flows["grid_export_kw"][part]
    direct = np.minimum(np.minimum(load, pv), np.maximum(pv - export, 0))
    to_house = np.minimum(discharge, np.maximum(load - direct, 0))
    hours = base.hours
    return MonthEnergy(
        month=month,
        used=float(load.sum() * hours),
        pv=float(pv.sum() * hours),
        from_pv=float(direct.sum() * hours),
        from_battery=float(to_house.sum() * hours),
        bought=float(flows["grid_import_kw"][part].sum() * hours),
        sold=float(export.sum() * hours),
    )


def _added(one: Line, two: Line) -> Line:
    """Two lines of a name as one, with the mean price of both."""
    amount = one.amount + two.amount
    quantity = None if one.quantity is None or two.quantity is None else one.quantity + two.quantity
    per_unit = one.per_unit
    if quantity and one.unit in {"kWh", "days"}:
        per_unit = amount / quantity
    elif one.per_unit != two.per_unit:
        per_unit = None
    return one.model_copy(update={"amount": amount, "quantity": quantity, "per_unit": per_unit})


@dataclass(frozen=True, slots=True)
class Spread:
    """Lowest, middle and highest of several years."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of values."""
        ordered = sorted(values)
        return cls(ordered[0], float(np.median(ordered)), ordered[-1])


@dataclass(frozen=True, slots=True)
class Variation:
    """The same battery in another home: what it saves there a year.

    `played` is the year with the battery, where the home is the study's with `load_factor` times its consumption.
    """

    name: str
    saving: float
    load_kwh: float
    load_factor: float = 1.0
    played: PlayedSlots | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ForecastWeek:
    """The same seven days of an option with forecasts of every quality, billed by themselves from an empty battery."""

    option: Option
    first: date
    part: slice
    played: dict[Foresight, PlayedSlots]
    hours: float

    def cost(self, foresight: Foresight) -> float:
        """The week's bill, less what the energy left in the battery would cost to buy."""
        played, bills = self.played[foresight], self.played[foresight].bills
        bought = self.kwh(foresight, "grid_import_kw")
        per_kwh = sum(bill.of("energy", "netting") for bill in bills) / bought if bought else 0.0
        left = played.stored_kwh[-1] - min(played.stored_kwh)
        return sum(bill.total for bill in bills) - left * per_kwh

    def kwh(self, foresight: Foresight, flow: str) -> float:
        """Energy of a flow over the week."""
        return float(np.sum(getattr(self.played[foresight], flow)) * self.hours)


@dataclass(slots=True)
class StudyFigures:
    """All that is known of a study so far; `years` by option and way."""

    years: dict[tuple[Option, str], YearFigures] = field(default_factory=dict)
    other_years: dict[Option, list[float]] = field(default_factory=dict)
    variations: list[Variation] = field(default_factory=list)
    forecasts: ForecastWeek | None = None

    def year(self, option: Option, way: str = SELF_CONSUMPTION) -> YearFigures:
        """A year of an option."""
        return self.years[option, way]

    def cost(self, option: Option, way: str = SELF_CONSUMPTION) -> float | None:
        """The year's bill of an option; None where it was not played."""
        found = self.years.get((option, way))
        return None if found is None else found.cost
