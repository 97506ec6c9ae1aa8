"""What the report draws: months in energy and money, two weeks hour by hour, the spread over years of weather."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from eval.study.figures import Option, Spread, YearFigures
from eval.study.report.charts import ChartSeries, limits_of, ranges, stacked_bars, week
from eval.study.report.words import Words
from eval.study.study import Study

_WEEK = 7
# Weeks at these ranks of sun stand for sunny and dull ones: neither the very best nor the very worst, and none in which
# the home stands empty.
_SUNNY, _DULL, _LIVED_IN = 0.88, 0.1, 0.8
Drawn = dict[str, object]


def drawn_months(study: Study, shown: Option, words: Words) -> list[Drawn]:
    """Energy and money of each month, without and with the battery."""
    years = _pair(study, shown)
    labels = [words.month(month.month)[:1].upper() for month in years[0].months]
    energy = [_energy(year, words) for year in years]
    money = [_money(year, words) for year in years]
    titles = (words.word("kwh_months"), words.word("eur_months", currency=study.wishes.currency))
    notes = (words.word("kwh_months_note"), words.word("eur_months_note"))
    blocks: list[Drawn] = []
    for title, note, stacks in zip(titles, notes, (energy, money), strict=True):
        limits = limits_of(*stacks)
        drawings = [
            {"name": _name(year.option, words), "svg": stacked_bars(stack, labels, limits=limits, title=title)}
            for year, stack in zip(years, stacks, strict=True)
        ]
        blocks.append({"title": title, "note": note, "drawings": drawings, "legend": _legend(stacks)})
    return blocks


def _pair(study: Study, shown: Option) -> list[YearFigures]:
    options = dict.fromkeys([study.bare(shown.tariff, shown.kwp), shown])
    return [study.figures.year(option) for option in options]


def _name(option: Option, words: Words) -> str:
    if not option.battery_kwh:
        return words.word("without")
    return words.word("with", kwh=words.number(option.battery_kwh, 1))


def _energy(year: YearFigures, words: Words) -> list[ChartSeries]:
    months = year.months
    return [
        ChartSeries(words.word("from_pv"), "pv", np.array([month.from_pv for month in months])),
        ChartSeries(words.word("from_battery"), "battery", np.array([month.from_battery for month in months])),
        ChartSeries(words.word("bought"), "bought", np.array([month.bought for month in months])),
        ChartSeries(words.word("sold"), "sold", np.array([-month.sold for month in months])),
    ]


def _money(year: YearFigures, words: Words) -> list[ChartSeries]:
    """What each month's bill is made of; lost credit stands below the credit that counted."""
    bills = year.bills
    lost = np.array([bill.of("cap") for bill in bills])
    gross = np.array([bill.of("credit", "wallet") for bill in bills])
    return [
        ChartSeries(words.word("energy"), "energy", np.array([bill.of("energy", "netting") for bill in bills])),
        ChartSeries(words.word("fixed"), "fixed", np.array([bill.of("fixed", "wallet_fee") for bill in bills])),
        ChartSeries(words.word("peak"), "peak", np.array([bill.of("peak") for bill in bills])),
        ChartSeries(words.word("tax"), "tax", np.array([bill.of("tax") for bill in bills])),
        ChartSeries(words.word("credit"), "credit", gross + lost),
        ChartSeries(words.word("lost"), "lost", -lost),
    ]


def _legend(stacks: Sequence[Sequence[ChartSeries]]) -> list[dict[str, str]]:
    seen = {one.role: one.name for stack in stacks for one in stack if np.abs(one.values).sum() > 0.5}
    return [{"role": role, "name": name} for role, name in seen.items()]


def drawn_weeks(study: Study, shown: Option, words: Words) -> list[Drawn]:
    """A sunny and a dull week, without and with the battery."""
    years = _pair(study, shown)
    blocks: list[Drawn] = []
    for name, rank in (("sunny", _SUNNY), ("dull", _DULL)):
        first, part = _week_at(study, rank)
        stacks = [_week_stack(study, year, part, words) for year in years]
        line = ChartSeries(words.word("used"), "used", study.base.load_kw[part])
        low, high = limits_of(*stacks)
        limits = (low, max(high, limits_of([line])[1]))
        title = words.word(name, first=words.day(first))
        labels = [str((first + timedelta(days=at)).day) for at in range(_WEEK)]
        drawings = [
            {"name": _name(year.option, words), "svg": week(stack, line, labels, limits=limits, title=title)}
            for year, stack in zip(years, stacks, strict=True)
        ]
        blocks.append({"title": title, "drawings": drawings})
    return blocks


def _week_at(study: Study, rank: float) -> tuple[date, slice]:
    """The week from a Monday on that has a rank of sun among all weeks of the year."""
    base = study.base
    mondays = [at for at, day in enumerate(base.days) if day.weekday() == 0 and at + _WEEK <= len(base.days)]
    parts = {at: slice(base.bounds[at], base.bounds[at + _WEEK]) for at in mondays}
    used = {at: float(base.load_kw[parts[at]].sum()) for at in mondays}
    enough = _LIVED_IN * float(np.median(list(used.values())))
    lived_in = [at for at in mondays if used[at] >= enough]
    ordered = sorted(lived_in, key=lambda at: float(base.pv_kw_per_kwp[parts[at]].sum()))
    found = ordered[min(int(rank * len(ordered)), len(ordered) - 1)]
    return base.days[found], parts[found]


def _week_stack(study: Study, year: YearFigures, part: slice, words: Words) -> list[ChartSeries]:
    load, pv = study.base.load_kw[part], study.base.pv_kw_per_kwp[part] * year.option.kwp
    charge, export = year.flows["charge_kw"][part], year.flows["grid_export_kw"][part]
    direct = np.minimum(load, np.maximum(pv - export, 0))
    return [
        ChartSeries(words.word("from_pv"), "pv", direct),
        ChartSeries(words.word("from_battery"), "battery", np.minimum(year.flows["discharge_kw"][part], load - direct)),
        ChartSeries(words.word("bought"), "bought", year.flows["grid_import_kw"][part]),
        ChartSeries(words.word("into_battery"), "into", -charge),
        ChartSeries(words.word("sold"), "sold", -export),
    ]


def week_legend(words: Words) -> list[dict[str, str]]:
    """The colours of the weeks."""
    roles = ("used", "from_pv", "from_battery", "bought", "into_battery", "sold")
    classes = ("used", "pv", "battery", "bought", "into", "sold")
    return [{"role": role, "name": words.word(name)} for name, role in zip(roles, classes, strict=True)]


def drawn_spread(study: Study, shown: Option, words: Words) -> Drawn | None:
    """What each size saves over years of weather; None where only one was played."""
    others = study.figures.other_years
    sizes = [kwh for kwh in study.wishes.all_kwh if kwh]
    rows, counted = [], 0
    for kwh in sizes:
        option, bare = Option(shown.tariff, shown.kwp, kwh), study.bare(shown.tariff, shown.kwp)
        pairs = list(zip(others.get(bare, []), others.get(option, []), strict=True))
        if not pairs:
            return None
        savings = [study.battery_saving(option), *(without - with_it for without, with_it in pairs)]
        spread, counted = Spread.of(savings), len(savings)
        rows.append((f"{words.number(kwh, 1)} kWh", spread.low, spread.middle, spread.high))
    if not rows:
        return None
    kwhs = ", ".join(words.number(kwh, 1) for kwh in sizes)
    note = words.word("spread_note", n=words.number(counted), kwh=kwhs)
    return {"svg": ranges(rows, unit=study.wishes.currency, title=note), "note": note}
