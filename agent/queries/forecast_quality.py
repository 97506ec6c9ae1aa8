"""Questions about how far the advisor may be trusted: how its forecast did, what is expected and how surely, faults."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

import numpy as np

from agent.decision.replan import scene_of
from agent.queries.finding import Fact, Facts, Finding, unknown
from agent.queries.sources import Sources, Span
from energy.planning.planner import outlook
from energy.slots import day_bounds, local_day

# How many decisions without a command are told one by one.
_FAULTS = 5


def forecast_check(sources: Sources, span: Span, *, now: datetime) -> Finding:
    """What was expected of a day when it began, beside what came, over the hours that both cover."""
    start, end = day_bounds(span.first, sources.home.tz)
    decision = sources.decision(start)
    scene = scene_of(decision, sources.home) if decision is not None else None
    seen = sources.metered(Span(span.first, span.first), now)
    if decision is None or scene is None or seen is None:
        return unknown("compare", "no_check", asked_first=span.first, asked_last=span.first)
    came = {at: (load, pv) for at, load, pv in zip(seen.starts, seen.load_kw, seen.pv_kw, strict=True)}
    both = [n for n, at in enumerate(scene.starts) if start <= at < end and at in came]
    if not both:
        return unknown("compare", "no_check", asked_first=span.first, asked_last=span.first)
    facts: dict[str, Fact] = {"day": span.first, "at": decision.at, "checked_hours": len(both) * scene.ensemble.hours}
    for at, name in enumerate(("load", "pv")):
        futures = getattr(scene.ensemble, f"{name}_kw")[:, both].sum(axis=1) * scene.ensemble.hours
        true_kwh = float(sum(came[scene.starts[n]][at] for n in both) * scene.ensemble.hours)
        facts |= {f"expected_{name}_kwh": float(futures.mean()), f"{name}_kwh": true_kwh}
        facts |= {f"least_{name}_kwh": float(futures.min()), f"most_{name}_kwh": float(futures.max())}
    form = "compare.forecast_today" if span.first == local_day(now, sources.home.tz) else "compare.forecast"
    return Finding("compare", form, facts, decisions=(decision.decision_id,), days=(span.first,))


def expected(sources: Sources, quantity: Literal["load", "pv"], start: datetime, end: datetime) -> Finding:
    """Energy that the newest plan expects between two moments, as far as it reaches, with its futures' extremes."""
    decision = sources.decision()
    scene = scene_of(decision, sources.home) if decision is not None else None
    if decision is None or scene is None:
        return unknown("plan", "no_plan")
    within = [n for n, at in enumerate(scene.starts) if start <= at < end]
    if not within:
        return unknown("plan", "beyond_plan", plan_end=scene.end)
    kwh = getattr(scene.ensemble, f"{quantity}_kw")[:, within].sum(axis=1) * scene.ensemble.hours
    facts: dict[str, Fact] = {
        "at": decision.at,
        "start": scene.starts[within[0]],
        "end": scene.starts[within[-1]] + scene.step,
        "expected_kwh": float(kwh.mean()),
        "least_kwh": float(kwh.min()),
        "most_kwh": float(kwh.max()),
        "futures": len(kwh),
    }
    return Finding("plan", f"plan.expected.{quantity}", facts, decisions=(decision.decision_id,))


def how_sure(sources: Sources) -> Finding:
    """What the published schedule would cost in each of the plan's futures, and what the next best costs more.

    Costs are those of the plan: what is left in the battery at the end is credited.
    """
    decision = sources.decision()
    scene = scene_of(decision, sources.home) if decision is not None else None
    if decision is None or scene is None or decision.command is None:
        return unknown("plan", "no_plan")
    levels = [decision.command.levels_at(max(start, decision.at)) for start in scene.starts]
    stored_kwh, futures = scene.soc * scene.home.battery.capacity_kwh, scene.ensemble
    each = [
        replace(futures, load_kw=futures.load_kw[at : at + 1], pv_kw=futures.pv_kw[at : at + 1])
        for at in range(len(futures.load_kw))
    ]
    costs = [outlook(levels, one, scene.home, stored_kwh).expected_cost for one in each]
    facts: dict[str, Fact] = {
        "at": decision.at,
        "futures": len(costs),
        "horizon_hours": len(scene.starts) * futures.hours,
        "mean_cost": float(np.mean(costs)),
        "low_cost": min(costs),
        "high_cost": max(costs),
        "currency": sources.home.currency,
    }
    others = [one for one in decision.candidates if one.name != decision.chosen]
    chosen = next((one for one in decision.candidates if one.name == decision.chosen), None)
    if others and chosen:
        second = min(others, key=lambda one: one.expected_cost)
        facts |= {"schedule": second.name, "second_more_cost": second.expected_cost - chosen.expected_cost}
    return Finding("plan", "plan.sure", facts, decisions=(decision.decision_id,))


def faults(sources: Sources, start: datetime, end: datetime) -> Finding:
    """How many decisions of a stretch gave a command, which gave none and why, and how many the house refused."""
    outcomes, silent, refused = sources.faults(start, end)
    if not outcomes:
        return unknown("status", "nothing_done", start=start, end=end)
    facts: dict[str, Fact] = {
        "start": start,
        "end": end,
        "decisions": sum(outcomes.values()),
        "silent": len(silent),
        "refused": refused,
    }
    newest = silent[-_FAULTS:]
    rows: list[Facts] = [{"at": one.at, "problems": "; ".join(one.problems)} for one in newest]
    form = "status.faults" if silent or refused else "status.no_faults"
    return Finding("status", form, facts, tuple(rows), decisions=tuple(one.decision_id for one in newest))
