"""What the report draws: months in energy and money, days and weeks by the hour, the spread over years of weather."""

from collections.abc import Sequence
from datetime import timedelta
from typing import get_args

import numpy as np
from babel.lists import format_list

from eval.study.figures import Option, Spread, YearFigures
from eval.study.play.jobs import Foresight
from eval.study.play.results import FLOWS
from eval.study.report.charts import ChartSeries, hours, limits_of, ranges, stacked_bars
from eval.study.report.telling import forecast_sentences
from eval.study.report.words import Words
from eval.study.study import Study
from eval.study.weeks import DULL, SUNNY, StudySpan, day_of, week_at
from knowledge.days import Floats

Drawn = dict[str, object]
# The week of the middle sun.
_USUAL = 0.5
# A day is labelled in the middle of each quarter of it.
_CLOCK = ("3 h", "9 h", "15 h", "21 h")


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
    """A sunny and a dull day with every battery, and the weeks they are of with the one that is shown."""
    sunny, dull = week_at(study.base, SUNNY), week_at(study.base, DULL)
    days = {"sunny_day": day_of(study.base, sunny, SUNNY), "dull_day": day_of(study.base, dull, DULL)}
    pair = _pair(study, shown)
    sizes = [study.figures.year(Option(shown.tariff, shown.kwp, kwh)) for kwh in study.wishes.all_kwh]
    blocks: list[Drawn] = []
    for name, here in (days | {"sunny": sunny, "dull": dull}).items():
        title = words.word(name, first=words.day(here.first))
        stacks = {}
        for year in sizes if name in days else pair:
            flows = {key: values[here.part] for key, values in year.flows.items()}
            stacks[_name(year.option, words)] = _span_stack(study, here, flows, year.option.kwp, words)
        blocks.append({"title": title, "drawings": _drawn_span(study, here, stacks, title, words)})
    return blocks


def drawn_consumption(study: Study, shown: Option, words: Words) -> list[Drawn]:
    """A usual week with the battery and low, studied and high consumption; none before those are played."""
    here = week_at(study.base, _USUAL)
    year = study.figures.year(shown)
    played = {one.name: (one.load_factor, one.played) for one in study.figures.variations if one.played}
    if not {"less", "more"} <= played.keys():
        return []
    flows = {name: (factor, one.flows) for name, (factor, one) in played.items()}
    flows["studied"] = (1.0, year.flows)
    stacks, lines = {}, []
    for name in ("less", "studied", "more"):
        factor, of_year = flows[name]
        load_kw = study.base.load_kw[here.part] * factor
        part = {key: of_year[key][here.part] for key in FLOWS}
        stacks[words.word(f"uses_{name}")] = _span_stack(study, here, part, shown.kwp, words, load_kw)
        lines.append(ChartSeries(words.word("used"), "used", load_kw))
    title = words.word("usual", first=words.day(here.first))
    return [{"title": title, "drawings": _drawn_span(study, here, stacks, title, words, lines)}]


def drawn_forecasts(study: Study, words: Words) -> Drawn | None:
    """The same week without a forecast, and with a poor, an ordinary and a perfect one; None where none was played."""
    known = study.figures.forecasts
    if known is None:
        return None
    here = StudySpan(known.first, known.part)
    title = words.word("changeable", first=words.day(known.first))
    costs = {name: words.money(known.cost(name), cents=True) for name in get_args(Foresight)}
    stacks = {
        words.word(f"forecast_{name}", cost=costs[name]): _span_stack(
            study, here, known.played[name].flows, known.option.kwp, words
        )
        for name in get_args(Foresight)
    }
    return {
        "title": title,
        "drawings": _drawn_span(study, here, stacks, title, words),
        "sentences": list(forecast_sentences(known, words)),
    }


def _drawn_span(
    study: Study,
    here: StudySpan,
    stacks: dict[str, list[ChartSeries]],
    title: str,
    words: Words,
    lines: Sequence[ChartSeries] = (),
) -> list[dict[str, str]]:
    """Stacks of the same hours side by side, each under the line of what is used."""
    lines = lines or [ChartSeries(words.word("used"), "used", study.base.load_kw[here.part])] * len(stacks)
    low, high = limits_of(*stacks.values())
    limits = (low, max(high, *(limits_of([line])[1] for line in lines)))
    labels = _CLOCK if here.days == 1 else [str((here.first + timedelta(days=at)).day) for at in range(here.days)]
    return [
        {"name": name, "svg": hours(stack, line, labels, limits=limits, title=f"{title}. {name}")}
        for (name, stack), line in zip(stacks.items(), lines, strict=True)
    ]


def _span_stack(
    study: Study,
    here: StudySpan,
    flows: dict[str, Floats],
    kwp: float,
    words: Words,
    load_kw: Floats | None = None,
) -> list[ChartSeries]:
    load = study.base.load_kw[here.part] if load_kw is None else load_kw
    pv = study.base.pv_kw_per_kwp[here.part] * kwp
    direct = np.minimum(load, np.maximum(pv - flows["grid_export_kw"], 0))
    return [
        ChartSeries(words.word("from_pv"), "pv", direct),
        ChartSeries(words.word("from_battery"), "battery", np.minimum(flows["discharge_kw"], load - direct)),
        ChartSeries(words.word("bought"), "bought", flows["grid_import_kw"]),
        ChartSeries(words.word("into_battery"), "into", -flows["charge_kw"]),
        ChartSeries(words.word("sold"), "sold", -flows["grid_export_kw"]),
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
    kwhs = format_list([words.number(kwh, 1) for kwh in sizes], locale=words.locale)
    note = words.word("spread_note", n=words.number(counted), kwh=kwhs)
    return {"svg": ranges(rows, unit=study.wishes.currency, title=note), "note": note}
