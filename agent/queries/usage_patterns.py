"""Questions about how a household lives: its busiest hour, its share of own power, weekends, and a dear day."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

import numpy as np

from agent.queries.finding import Fact, Finding, unknown
from agent.queries.past import DayTotals
from agent.queries.sources import Sources, Span
from energy.slots import DAY, local_day

_SATURDAY = 5
# How many days before a day are told beside it.
_BEFORE = 14


def busiest_hour(sources: Sources, span: Span, *, quantity: Literal["load", "pv"], most: bool) -> Finding:
    """The local hour of the day in which most, or least, was used or made, as the mean of a span's remembered days."""
    records = sources.records(span)
    if not records:
        return unknown("extreme", "no_hours", asked_first=span.first, asked_last=span.last)
    by_hour: dict[int, list[float]] = {}
    for record in records:
        for at, power_kw in enumerate(record.load_kw if quantity == "load" else record.pv_kw):
            if not np.isnan(power_kw):
                hour = (record.start + at * record.step).astimezone(sources.home.tz).hour
                by_hour.setdefault(hour, []).append(float(power_kw))
    means = {hour: float(np.mean(values)) for hour, values in by_hour.items()}
    if not means:
        return unknown("extreme", "no_hours", asked_first=span.first, asked_last=span.last)
    found = (max if most else min)(means, key=means.__getitem__)
    facts: dict[str, Fact] = {
        "first_day": records[0].day,
        "last_day": records[-1].day,
        "days": len(records),
        "quantity": quantity,
        "from_clock": f"{found:02d}:00",
        "to_clock": f"{(found + 1) % 24:02d}:00",
        "mean_kw": means[found],
        "day_mean_kw": float(np.mean(list(means.values()))),
    }
    form = f"extreme.hour.{'most' if most else 'least'}"
    return Finding("extreme", form, facts, days=tuple(record.day for record in records))


def own_share(sources: Sources, span: Span, *, now: datetime, sold: bool = False) -> Finding:
    """How much of what was used did not come from the grid: 1 - import / load, over the metered days.

    What the battery bought and lost counts as bought, so that the share is never told too high. With `sold` how much of
    the sun went to the grid: export / PV.
    """
    days = [one for one in sources.day_totals(span, now) if not np.isnan(one.import_kwh + one.load_kwh)]
    load_kwh, import_kwh = sum(one.load_kwh for one in days), sum(one.import_kwh for one in days)
    if not load_kwh:
        return unknown("totals", "not_metered_share", asked_first=span.first, asked_last=span.last)
    facts: dict[str, Fact] = {
        "first_day": days[0].day,
        "last_day": days[-1].day,
        "days": len(days),
        "own_percent": max(1 - import_kwh / load_kwh, 0.0) * 100,
        "load_kwh": load_kwh,
        "import_kwh": import_kwh,
        "pv_kwh": sum(one.pv_kwh for one in days),
    }
    if sold:
        facts["export_kwh"] = sum(one.export_kwh for one in days)
        facts["sold_percent"] = sum(one.export_kwh for one in days) / (sum(one.pv_kwh for one in days) or 1.0) * 100
    return Finding(
        "totals", "totals.sold_share" if sold else "totals.share", facts, days=tuple(one.day for one in days)
    )


def weekends(sources: Sources, span: Span, *, quantity: Literal["load", "pv", "cost"], now: datetime) -> Finding:
    """Mean Saturdays and Sundays beside the mean of the other days of a span, today left out."""
    name = {"load": "load_kwh", "pv": "pv_kwh", "cost": "cost"}[quantity]
    today = local_day(now, sources.home.tz)
    known = [one for one in sources.day_totals(span, now) if one.day < today and not np.isnan(getattr(one, name))]
    free = [float(getattr(one, name)) for one in known if one.day.weekday() >= _SATURDAY]
    worked = [float(getattr(one, name)) for one in known if one.day.weekday() < _SATURDAY]
    if not (free and worked):
        return unknown("compare", "no_weekends", quantity=quantity, asked_first=span.first, asked_last=span.last)
    mean_a, mean_b = float(np.mean(free)), float(np.mean(worked))
    facts: dict[str, Fact] = {
        "quantity": quantity,
        "first_day": known[0].day,
        "last_day": known[-1].day,
        "a_days": len(free),
        "b_days": len(worked),
        f"a_mean_{name}": mean_a,
        f"b_mean_{name}": mean_b,
        f"difference_{name}": abs(mean_a - mean_b),
    }
    form = f"compare.weekends.{'more' if mean_a >= mean_b else 'less'}"
    return Finding("compare", form, facts, days=tuple(one.day for one in known))


def expensive_day(sources: Sources, span: Span, *, now: datetime) -> Finding:
    """What a day, or the mean day of a span, cost, used and made, beside the mean day of the two weeks before it."""
    today = local_day(now, sources.home.tz)
    usual = sources.day_totals(Span(span.first - _BEFORE * DAY, span.first - DAY), now)
    days = [one for one in sources.day_totals(span, now) if span.days == 1 or one.day != today]
    if not (days and usual):
        return unknown("compare", "no_usual", asked_first=span.first, asked_last=span.last)
    facts: dict[str, Fact] = {"first_day": span.first, "last_day": span.last, "before_days": len(usual)}
    facts["priced_days"] = sum(not np.isnan(one.cost) for one in usual)
    for name in ("cost", "load_kwh", "pv_kwh", "temperature_c"):
        here, before = _mean(days, name), _mean(usual, name)
        if here is not None and before is not None:
            facts |= {name: here, f"usual_{name}": before}
    if "load_kwh" not in facts:
        return unknown("compare", "no_usual", asked_first=span.first, asked_last=span.last)
    form = "compare.dear.day" if span.days == 1 else "compare.dear.span"
    return Finding("compare", form, facts, days=_cited(days))


def _mean(days: Sequence[DayTotals], name: str) -> float | None:
    known = [value for one in days if not np.isnan(value := float(getattr(one, name)))]
    return float(np.mean(known)) if known else None


def _cited(days: Sequence[DayTotals]) -> tuple[date, ...]:
    return tuple(one.day for one in days)
