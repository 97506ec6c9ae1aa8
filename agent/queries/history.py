"""Questions over history: totals of a span, its extremes, two spans compared, days like another."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Literal

import numpy as np

from agent.queries.finding import Fact, Facts, Finding, unknown
from agent.queries.past import DayTotals
from agent.queries.sources import Sources, Span
from energy.slots import local_day

Quantity = Literal["load", "pv", "import", "export", "cost", "charge", "discharge", "peak", "temperature"]
Grain = Literal["day", "week", "month"]

# Name of a quantity's fact, which carries its unit, and where it stands in a day's totals.
FIELD: dict[Quantity, str] = {
    "load": "load_kwh",
    "pv": "pv_kwh",
    "import": "import_kwh",
    "export": "export_kwh",
    "cost": "cost",
    "charge": "charge_kwh",
    "discharge": "discharge_kwh",
    "peak": "peak_kw",
    "temperature": "temperature_c",
}
# Quantities of which a span has the mean of its days rather than their sum.
_MEAN: frozenset[Quantity] = frozenset({"temperature"})


def totals(sources: Sources, span: Span, *, now: datetime) -> Finding:
    """Everything that is known of a span, summed up; of a span of several days also the mean day."""
    days = sources.day_totals(span, now)
    if not days:
        return no_day(sources, "totals", span, now)
    facts: dict[str, Fact] = _span_facts(span, days)
    for quantity, name in FIELD.items():
        if (value := _of(quantity, days)) is not None:
            facts[name] = value
    if peak := _peak(days):
        facts["peak_at"] = peak
    if span.days > 1:
        sums = {"load_kwh": _of("load", days), "pv_kwh": _of("pv", days)}
        facts |= {f"mean_{name}": value / len(days) for name, value in sums.items() if value is not None}
    form = "totals.day" if span.days == 1 else "totals.span"
    return Finding("totals", form, facts, days=tuple(day.day for day in days))


def total_of(sources: Sources, quantity: Quantity, span: Span, *, now: datetime) -> Finding:
    """One quantity of a span."""
    days = sources.day_totals(span, now)
    if not days:
        return no_day(sources, "totals", span, now)
    value = _of(quantity, days)
    if value is None:
        return unknown("totals", "quantity", quantity=quantity, **_span_facts(span, days))
    known = [day for day in days if not np.isnan(_value(quantity, day))]
    facts = _span_facts(span, known)
    facts |= {"quantity": quantity, FIELD[quantity]: value}
    if quantity == "peak" and (peak := _peak(days)):
        facts["peak_at"] = peak
    elif span.days > 1 and quantity not in _MEAN:
        facts[f"mean_{FIELD[quantity]}"] = value / len(known)
    return Finding("totals", f"totals.{quantity}", facts, days=tuple(day.day for day in days))


def extreme(sources: Sources, quantity: Quantity, span: Span, *, most: bool, now: datetime) -> Finding:
    """The day of a span with the most or the least of a quantity; days that lack a part of it are left out."""
    today = local_day(now, sources.home.tz)
    days = sources.day_totals(span, now)
    ranked = [d for d in days if d.is_whole and d.day != today and not np.isnan(_value(quantity, d))]
    if not ranked:
        return no_day(sources, "extreme", span, now)
    ranked.sort(key=lambda day: _value(quantity, day), reverse=most)
    first = ranked[0]
    facts: dict[str, Fact] = _span_facts(span, ranked) | {
        "quantity": quantity,
        "day": first.day,
        FIELD[quantity]: _value(quantity, first),
    }
    if quantity == "peak" and first.peak_at:
        facts["peak_at"] = first.peak_at
    if len(ranked) > 1:
        facts |= {"second_day": ranked[1].day, f"second_{FIELD[quantity]}": _value(quantity, ranked[1])}
        facts[f"usual_{FIELD[quantity]}"] = float(np.median([_value(quantity, day) for day in ranked]))
    form = f"extreme.{'most' if most else 'least'}"
    return Finding("extreme", form, facts, days=tuple(day.day for day in ranked[:2]))


def compare(sources: Sources, quantity: Quantity, first: Span, second: Span, *, now: datetime) -> Finding:
    """A quantity of two spans, as means of their days, so that spans of different lengths compare."""
    today = local_day(now, sources.home.tz)
    sides = []
    for span in (first, second):
        days = sources.day_totals(span, now)
        # A day that is not over would pull a mean down.
        known = [d for d in days if not np.isnan(_value(quantity, d)) and (span.days == 1 or d.day != today)]
        if not known and days:
            return unknown("compare", "quantity", quantity=quantity, **_span_facts(span, days))
        if not known:
            return no_day(sources, "compare", span, now)
        sides.append((span, known, float(np.mean([_value(quantity, day) for day in known]))))
    (_, known_a, mean_a), (_, known_b, mean_b) = sides
    name = FIELD[quantity]
    facts: dict[str, Fact] = {"quantity": quantity, f"difference_{name}": abs(mean_a - mean_b)}
    facts |= {f"a_{key}": value for key, value in _span_facts(first, known_a).items()}
    facts |= {f"b_{key}": value for key, value in _span_facts(second, known_b).items()}
    facts |= {f"a_mean_{name}": mean_a, f"b_mean_{name}": mean_b}
    if quantity not in (*_MEAN, "peak"):
        facts |= {f"a_{name}": mean_a * len(known_a), f"b_{name}": mean_b * len(known_b)}
    if mean_b and quantity not in _MEAN:
        facts["difference_percent"] = abs(mean_a / mean_b - 1) * 100
    form = "more" if mean_a > mean_b else "less" if mean_a < mean_b else "same"
    if form != "same" and first.days == second.days == 1:
        form = f"{form}.day"
    return Finding("compare", f"compare.{form}", facts, days=tuple(day.day for day in (*known_a, *known_b)))


def breakdown(sources: Sources, quantity: Quantity, span: Span, *, grain: Grain, now: datetime) -> Finding:
    """A quantity of a span by day, by week (from Monday) or by month."""
    known = [day for day in sources.day_totals(span, now) if not np.isnan(_value(quantity, day))]
    if not known:
        return no_day(sources, "totals", span, now)
    groups: dict[date, list[DayTotals]] = {}
    for day in known:
        groups.setdefault(_start_of(day.day, grain), []).append(day)
    rows: list[Facts] = [
        {"grain": grain, "start": start, "quantity": quantity, FIELD[quantity]: _of(quantity, days) or 0.0}
        for start, days in groups.items()
    ]
    facts = _span_facts(span, known) | {"quantity": quantity, "grain": grain}
    return Finding("totals", "totals.breakdown", facts, tuple(rows), days=tuple(day.day for day in known))


def days_like(sources: Sources, day: date, *, count: int = 5, now: datetime) -> Finding:
    """The days before `day` that began like it, and how they went."""
    near = [one for one in sources.similar(day, count) if one.day < local_day(now, sources.home.tz)]
    if not near:
        return no_day(sources, "days_like", Span(day, day), now)
    went = {one.day: sources.day_totals(Span(one.day, one.day), now) for one in near}
    rows: list[Facts] = [
        {
            "day": one.day,
            "why": one.why,
            "distance": one.distance,
            **{name: value for name in ("load_kwh", "pv_kwh") if (value := _known(went[one.day], name)) is not None},
        }
        for one in near
    ]
    facts: dict[str, Fact] = {"day": day, "count": len(near)}
    for name in ("load_kwh", "pv_kwh"):
        if known := [value for days in went.values() if (value := _known(days, name)) is not None]:
            facts[f"mean_{name}"] = float(np.mean(known))
    return Finding("days_like", "days_like.found", facts, tuple(rows), days=tuple(one.day for one in near))


def _of(quantity: Quantity, days: Sequence[DayTotals]) -> float | None:
    """Sum over the days in which the quantity is known, or their mean, or the highest peak; None if in none."""
    known = [value for day in days if not np.isnan(value := _value(quantity, day))]
    if not known:
        return None
    combine: Callable[[list[float]], float] = max if quantity == "peak" else sum
    return combine(known) / (len(known) if quantity in _MEAN else 1)


def _peak(days: Sequence[DayTotals]) -> datetime | None:
    known = [day for day in days if not np.isnan(day.peak_kw)]
    return max(known, key=lambda day: day.peak_kw).peak_at if known else None


def _value(quantity: Quantity, day: DayTotals) -> float:
    return float(getattr(day, FIELD[quantity]))


def _known(days: Sequence[DayTotals], name: str) -> float | None:
    value = getattr(days[0], name) if days else np.nan
    return None if np.isnan(value) else float(value)


def _span_facts(span: Span, days: Sequence[DayTotals]) -> dict[str, Fact]:
    """The span, how many of its days are known, and how much of them where it is less than all."""
    facts: dict[str, Fact] = {"first_day": span.first, "last_day": span.last, "days": len(days)}
    coverage = float(np.mean([day.coverage for day in days])) if days else 0.0
    if coverage < 0.995 and span.days == 1:
        facts["covered_percent"] = coverage * 100
    if len(days) < span.days:
        facts["span_days"] = span.days
    return facts


def _start_of(day: date, grain: Grain) -> date:
    if grain == "month":
        return day.replace(day=1)
    return date.fromordinal(day.toordinal() - day.weekday()) if grain == "week" else day


def no_day(
    sources: Sources, inquiry: Literal["totals", "extreme", "compare", "days_like", "saved"], span: Span, now: datetime
) -> Finding:
    """Nothing is known of a span: say of which days something is."""
    known = sources.known_span(now)
    asked: dict[str, Fact] = {"asked_first": span.first, "asked_last": span.last}
    if known is None:
        return unknown(inquiry, "no_data", **asked)
    if span.first > local_day(now, sources.home.tz):
        return unknown(inquiry, "future", **asked)
    if inquiry == "saved":
        return unknown(inquiry, "not_metered", **asked)
    return unknown(inquiry, "no_day", **asked, known_first=known.first, known_last=known.last)
