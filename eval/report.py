"""The exam's report: one page with figures that are read at a glance, and the same tables as Markdown."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np

from energy.battery import Battery
from energy.errors import DataError
from energy.flows import Flows
from energy.ledger import Ledger, total
from eval import plots
from eval.page import Drawing, Section, Table, html, markdown
from eval.plots import PlayedDay, Range
from eval.records import Cell, Record, Series, read

# Below this the bound saves too little in 28 days for a share of it to mean anything.
_LEAST_SAVING = 5.0
_TITLE = "Energy Advisor: the exam"
_WINTER = (12, 1, 2)
_SHOWN_DAY = ("planner", "greedy", "oracle")
_WORST = 5
_LEAST_DAYS_OF_MONTH = 7

Window = tuple[str, str, int]
Setting = tuple[str, int, float, str, str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Graded:
    """A finished cell, its cost (bill less the worth of what was left in the battery), and its share of the bound."""

    record: Record
    series: Series
    ledger: Ledger
    cost: float
    share: float | None

    @property
    def cell(self) -> Cell:
        return self.record.outcome.cell


def write_report(records: Path, out: Path) -> tuple[Path, Path]:
    """Grade every record of a folder and write `report.html` and `report.md` into `out`.

    Raises:
        DataError: the folder holds no record.
    """
    paths = sorted(records.glob("*.zip"))
    if not paths:
        raise DataError(f"no records in {str(records)!r}: run advisor eval run first")
    found = {path: read(path) for path in paths}
    sections = report([record for record in found.values() if record], [p for p, record in found.items() if not record])
    out.mkdir(parents=True, exist_ok=True)
    page, text = out / "report.html", out / "report.md"
    page.write_text(html(_TITLE, sections), encoding="utf-8")
    text.write_text(markdown(_TITLE, sections), encoding="utf-8")
    return page, text


def report(records: Sequence[Record], damaged: Sequence[Path] = ()) -> list[Section]:
    """All sections; figures show the setting with the most cells, tables all of them."""
    by_setting: dict[Setting, list[Graded]] = defaultdict(list)
    for graded in grade(records):
        by_setting[_setting(graded.cell)].append(graded)
    sections = [_what_ran(records)]
    if by_setting:
        main = max(by_setting, key=lambda setting: len(by_setting[setting]))
        shown = by_setting[main]
        sections += [_result(main, shown), _where(shown), *_winter_day(shown), _habits(shown), _worst(shown)]
        if len(by_setting) > 1:
            sections.append(_settings(by_setting))
    return [*sections, _not_counted(records, damaged), _how_to_read()]


def grade(records: Iterable[Record]) -> list[Graded]:
    """Price every finished cell, then measure it against no battery and the bound on the same window."""
    priced = [_priced(record, record.series) for record in records if record.series is not None]
    costs = {(_window(one.cell), one.cell.policy): one.cost for one in priced}
    return [replace(one, share=_share(one, costs)) for one in priced]


def _priced(record: Record, series: Series) -> Graded:
    outcome = record.outcome
    battery = Battery(
        capacity_kwh=outcome.usable_kwh,
        max_charge_kw=0,
        max_discharge_kw=0,
        charge_efficiency=outcome.charge_efficiency,
        discharge_efficiency=outcome.discharge_efficiency,
    )
    flows = Flows(**{name: getattr(series, name) for name in Flows.__dataclass_fields__})
    hours = float(series.start_s[1] - series.start_s[0]) / 3600
    ledger = total(flows, series.prices, battery=battery, hours=hours, start_kwh=outcome.start_kwh)
    left_kwh = float(series.stored_kwh[-1]) - outcome.start_kwh
    return Graded(record, series, ledger, ledger.bill - left_kwh * outcome.credit_per_kwh, None)


def _share(one: Graded, costs: Mapping[tuple[tuple[Setting, str, object], str], float]) -> float | None:
    window = _window(one.cell)
    none, bound = costs.get((window, "none")), costs.get((window, "oracle"))
    if none is None or bound is None or none - bound < _LEAST_SAVING * one.cell.days / 28:
        return None
    return (none - one.cost) / (none - bound)


def _setting(cell: Cell) -> Setting:
    return cell.suite, cell.days, cell.battery_kwh, cell.tariff, cell.forecast, cell.step_minutes


def _window(cell: Cell) -> tuple[Setting, str, object]:
    return _setting(cell), cell.home, cell.first_day


def _named(setting: Setting) -> str:
    suite, days, battery_kwh, tariff, forecast, step_minutes = setting
    return f"{suite}, {days} days, {battery_kwh:g} kWh, {tariff}, {forecast} forecast, {step_minutes} min"


def _by_policy(graded: Iterable[Graded]) -> dict[str, list[Graded]]:
    """Cells of each policy, dearest policy first."""
    groups: dict[str, list[Graded]] = defaultdict(list)
    for one in graded:
        groups[one.cell.policy].append(one)
    return dict(sorted(groups.items(), key=lambda item: -float(np.mean([one.cost for one in item[1]]))))


def _shares(graded: Iterable[Graded]) -> list[float]:
    return [one.share for one in graded if one.share is not None]
