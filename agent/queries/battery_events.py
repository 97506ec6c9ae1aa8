"""Questions about moments and counts: when the battery was last full, how low it got, how often, and who chose."""

from datetime import datetime, timedelta

import numpy as np

from agent.queries.finding import Fact, Finding, unknown
from agent.queries.past import NEAR_LIMIT, run_starts
from agent.queries.sources import Sources, Span
from energy.commands import Mode
from energy.slots import DAY, local_day

# How far back the battery is looked for.
_LONG = 28 * DAY


def who_chose(sources: Sources, *, at: datetime | None = None) -> Finding:
    """Whether a decision in force was the planner's, a model's, or an earlier review's that still held."""
    decision = sources.decision(at)
    if decision is None:
        return unknown("why", "no_decision")
    facts: dict[str, Fact] = {"at": decision.at, "decision_id": decision.decision_id}
    if decision.command is not None:
        facts["mode"] = decision.command.mode.value
    if decision.review is not None:
        facts |= {"model": decision.review.model, "review": decision.review.outcome}
    form = f"status.chosen.{decision.chosen_by.replace(' ', '_')}"
    return Finding("status", form, facts, decisions=(decision.decision_id,))


def how_often(sources: Sources, mode: Mode, start: datetime, end: datetime) -> Finding:
    """How many times a mode was taken up in a stretch, and for how long in all; one decision after another is once."""
    seen = sources.modes(start, end)
    if not seen:
        return unknown("plan", "nothing_done", start=start, end=end)
    facts: dict[str, Fact] = {"start": start, "end": end, "mode": mode.value}
    begun = [at for at in run_starts([one[2] for one in seen]) if seen[at][2] == mode]
    if not begun:
        return Finding("totals", "totals.never", facts)
    until = [*(one[1] for one in seen[1:]), end]
    lasted = sum((until[at] - one[1] for at, one in enumerate(seen) if one[2] == mode), timedelta())
    facts |= {"count": len(begun), "mode_hours": lasted / timedelta(hours=1), "last_at": seen[begun[-1]][1]}
    form = "totals.times" if len(begun) > 1 else "totals.once"
    return Finding("totals", form, facts, decisions=tuple(seen[at][0] for at in begun))


def charge_range(sources: Sources, span: Span, *, now: datetime) -> Finding:
    """The lowest and the highest charge of a span, each when it was first reached."""
    seen = sources.metered(span, now)
    if seen is None or np.isnan(seen.soc).all():
        return unknown("extreme", "not_metered_battery", asked_first=span.first, asked_last=span.last)
    step = timedelta(hours=seen.hours)
    low, high = int(np.nanargmin(seen.soc)), int(np.nanargmax(seen.soc))
    facts: dict[str, Fact] = {
        "first_day": span.first,
        "last_day": span.last,
        "lowest_percent": float(seen.soc[low]) * 100,
        "lowest_at": seen.starts[low] + step,
        "highest_percent": float(seen.soc[high]) * 100,
        "highest_at": seen.starts[high] + step,
    }
    return Finding("extreme", "extreme.charge", facts)


def last_at_limit(sources: Sources, *, full: bool, now: datetime) -> Finding:
    """When the battery was last full, or empty, within four weeks; else how near it came."""
    zone, battery = sources.home.tz, sources.home.battery
    span = Span(local_day(now - _LONG, zone), local_day(now, zone))
    seen = sources.metered(span, now)
    if seen is None or np.isnan(seen.soc).all():
        return unknown("extreme", "not_metered_battery", asked_first=span.first, asked_last=span.last)
    step = timedelta(hours=seen.hours)
    limit = "full" if full else "empty"
    near = seen.soc >= battery.max_soc - NEAR_LIMIT if full else seen.soc <= battery.min_soc + NEAR_LIMIT
    there = np.flatnonzero(near)
    if len(there):
        at = int(there[-1])
        facts: dict[str, Fact] = {"last_at": seen.starts[at] + step, "charge_percent": float(seen.soc[at]) * 100}
        form = f"status.{limit}_now" if at == len(seen.starts) - 1 else f"status.last_{limit}"
        return Finding("status", form, facts)
    at = int(np.nanargmax(seen.soc) if full else np.nanargmin(seen.soc))
    facts = {"charge_percent": float(seen.soc[at]) * 100, "nearest_at": seen.starts[at] + step}
    facts["since_at"] = seen.starts[0]
    return Finding("status", f"status.never_{limit}", facts)


def when_expensive(sources: Sources, span: Span, *, now: datetime) -> Finding:
    """What was used and bought while power was dear: above the middle between a span's lowest and highest price."""
    seen = sources.metered(span, now)
    if seen is None or np.isnan(seen.cost).any():
        return unknown("totals", "not_metered_cost", asked_first=span.first, asked_last=span.last)
    prices = seen.prices.import_per_kwh
    low, high = float(prices.min()), float(prices.max())
    if low == high:
        return Finding("totals", "totals.one_price", {"first_day": span.first, "last_day": span.last})
    dear = prices > (low + high) / 2
    used, bought = (series * seen.hours for series in (seen.load_kw, seen.grid_import_kw))
    facts: dict[str, Fact] = {
        "first_day": span.first,
        "last_day": span.last,
        "least_per_kwh": float(prices[dear].min()),
        "dear_hours": float(dear.sum()) * seen.hours,
        "metered_hours": len(prices) * seen.hours,
        "load_kwh": float(used[dear].sum()),
        "import_kwh": float(bought[dear].sum()),
        "cost": float((bought * prices)[dear].sum()),
    }
    if used.sum() > 0:
        facts["load_percent"] = float(used[dear].sum() / used.sum()) * 100
    return Finding("totals", "totals.dear", facts, days=seen.days(sources.home.tz))
