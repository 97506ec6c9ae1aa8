"""Questions about decisions: why, why not something else, and what is planned, from the journal and never anew."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Literal

from agent.decision.record import Decision
from agent.decision.replan import Scene, scene_of
from agent.llm.sanitise import cut
from agent.queries.ahead import mean_charges
from agent.queries.finding import Fact, Facts, Finding, unknown
from agent.queries.past import run_starts
from agent.queries.sources import Sources
from energy.commands import SELF_CONSUMPTION, Levels, Mode
from energy.planning.planner import first_slot_cost
from energy.slots import hours

_LONGEST_DETAIL = 120


def why(sources: Sources, *, at: datetime | None = None) -> Finding:
    """Why the decision in force at a moment was made: its reason and facts as they were journalled."""
    decision = sources.decision(at)
    if decision is None:
        return _no_decision(sources, "why", at)
    facts: dict[str, Fact] = {"at": decision.at, "decision_id": decision.decision_id, "reason": decision.reason}
    if decision.command is None:
        facts["problems"] = "; ".join(decision.problems)
        return Finding("why", "why.no_command", facts, decisions=(decision.decision_id,))
    facts |= decision.facts
    facts |= {
        "language": decision.inputs.language if decision.inputs else "en",
        "mode": decision.command.mode.value,
        "schedule": decision.chosen or "",
        "chosen_by": decision.chosen_by,
        "stake_cost": decision.stake,
        **_review_facts(decision),
        **_answer_facts(sources, decision),
    }
    days = tuple(near.day for near in decision.neighbours[:3])
    return Finding("why", f"why.{decision.reason_code}", facts, decisions=(decision.decision_id,), days=days)


# Less than this into or out of the battery is rest.
_IDLE_KW = 0.05


def why_now(sources: Sources) -> Finding:
    """Why the battery does what it does now: the flows that were last measured first, then the decision in force."""
    found = why(sources)
    decision = sources.decision()
    seen = decision.snapshot if decision else None
    if not found.known or seen is None:
        return found
    grid_kw = seen.grid_kw
    battery_kw = seen.battery_kw
    if battery_kw is None:
        battery_kw = seen.pv_kw + grid_kw - seen.load_kw if grid_kw is not None else seen.pv_kw - seen.load_kw
    facts: dict[str, Fact] = {
        **found.facts,
        "seen_at": seen.at,
        "seen_load_kw": seen.load_kw,
        "seen_pv_kw": seen.pv_kw,
        "seen_percent": seen.soc * 100,
        "battery_kw": abs(battery_kw),
        "flow": _flow(battery_kw, seen.pv_kw - seen.load_kw),
    }
    if grid_kw is not None:
        facts |= {"seen_grid_kw": abs(grid_kw), "grid": "import" if grid_kw >= 0 else "export"}
    return replace(found, facts=facts)


def _flow(battery_kw: float, surplus_kw: float) -> str:
    """What feeds the battery, or whether it feeds the house or rests."""
    if abs(battery_kw) < _IDLE_KW:
        return "idle"
    if battery_kw < 0:
        return "discharge"
    return "solar" if surplus_kw >= battery_kw - _IDLE_KW else "grid" if surplus_kw <= _IDLE_KW else "both"


def why_not(sources: Sources, wanted: Mode | None = None, *, at: datetime | None = None) -> Finding:
    """What else was weighed at a moment and by how much it lost; with `wanted`, what that mode would have cost then.

    The cost of a mode is that of holding it for the first slot, all later slots being optimal, over the very futures
    that the decision was made on.
    """
    decision = sources.decision(at)
    if decision is None:
        return _no_decision(sources, "why_not", at)
    scene = scene_of(decision, sources.home)
    if decision.command is None or scene is None:
        facts: dict[str, Fact] = {"at": decision.at, "problems": "; ".join(decision.problems)}
        return Finding("why_not", "why_not.no_command", facts, decisions=(decision.decision_id,))
    chosen = next((one for one in decision.candidates if one.name == decision.chosen), None)
    rows: list[Facts] = [
        {
            "schedule": one.name,
            "expected_cost": one.expected_cost,
            "extra_cost": one.expected_cost - (chosen.expected_cost if chosen else 0.0),
            "final_percent": one.final_soc * 100,
        }
        for one in decision.candidates
        if one.name != decision.chosen
    ]
    facts = {
        "at": decision.at,
        "decision_id": decision.decision_id,
        "mode": decision.command.mode.value,
        "schedule": decision.chosen or "",
        "horizon_hours": len(scene.starts) * hours(scene.step),
        "worth_per_kwh": decision.worth_per_kwh,
        "price_per_kwh": float(scene.ensemble.prices.import_per_kwh[0]),
        "currency": sources.home.currency,
        **({"expected_cost": chosen.expected_cost} if chosen else {}),
    }
    form = "why_not.candidates"
    if wanted is not None:
        form, more = _wanted(decision, scene, wanted)
        facts |= more
    return Finding("why_not", form, facts, tuple(rows), decisions=(decision.decision_id,))


def planned(sources: Sources, *, at: datetime | None = None) -> Finding:
    """The schedule in force at a moment: its stretches of one mode, as the mean of its futures would run through it."""
    decision = sources.decision(at)
    if decision is None:
        return _no_decision(sources, "plan", at)
    scene = scene_of(decision, sources.home)
    if decision.command is None or scene is None:
        facts: dict[str, Fact] = {"at": decision.at, "problems": "; ".join(decision.problems)}
        return Finding("plan", "plan.no_command", facts, decisions=(decision.decision_id,))
    ensemble = scene.ensemble
    cost = next((one.expected_cost for one in decision.candidates if one.name == decision.chosen), None)
    facts = {
        "at": decision.at,
        "decision_id": decision.decision_id,
        "mode": decision.command.mode.value,
        "charge_percent": scene.soc * 100,
        "horizon_hours": len(scene.starts) * ensemble.hours,
        "plan_end": scene.end,
        "load_kwh": float(ensemble.load_kw.mean(axis=0).sum() * ensemble.hours),
        "pv_kwh": float(ensemble.pv_kw.mean(axis=0).sum() * ensemble.hours),
        "currency": sources.home.currency,
        **({"expected_cost": cost} if cost is not None else {}),
    }
    return Finding("plan", "plan.ahead", facts, _stretches(decision, scene), decisions=(decision.decision_id,))


def done(sources: Sources, start: datetime, end: datetime) -> Finding:
    """What was chosen in a past stretch: runs of one mode, each with the charge it began with."""
    seen = sources.modes(start, end)
    if not seen:
        return unknown("plan", "nothing_done", start=start, end=end)
    edges = run_starts([mode for _, _, mode, _ in seen])
    rows: list[Facts] = [
        {"start": seen[first][1], "end": seen[after][1] if after < len(seen) else end}
        | {"mode": seen[first][2], "charge_percent": seen[first][3] * 100}
        for first, after in zip(edges, [*edges[1:], len(seen)], strict=True)
    ]
    cited = tuple(seen[at][0] for at in edges)
    return Finding("plan", "plan.done", {"start": start, "end": end}, tuple(rows), decisions=cited)


def _no_decision(sources: Sources, inquiry: Literal["why", "why_not", "plan"], at: datetime | None) -> Finding:
    newest = sources.decision()
    if newest is None or at is None:
        return unknown(inquiry, "no_decision")
    return unknown(inquiry, "no_decision_then", asked_at=at, newest_at=newest.at)


def _review_facts(decision: Decision) -> dict[str, Fact]:
    review = decision.review
    if review is None:
        return {}
    facts: dict[str, Fact] = {"model": review.model, "review": review.outcome, "review_seconds": review.seconds}
    return facts | ({"rationale": review.rationale} if review.rationale else {})


def _answer_facts(sources: Sources, decision: Decision) -> dict[str, Fact]:
    answers = sources.answers(decision.decision_id)
    if not answers:
        return {"house": "silent"}
    accepted, detail = answers[-1]
    # Others wrote it: it is quoted, on one line, and cut.
    quoted = json.dumps(cut(detail, _LONGEST_DETAIL), ensure_ascii=False)
    return {"house": "obeyed"} if accepted else {"house": "refused", "house_detail": quoted}


def _wanted(decision: Decision, scene: Scene, wanted: Mode) -> tuple[str, dict[str, Fact]]:
    """What a mode would have cost in the first slot; or why it was out of the question."""
    facts: dict[str, Fact] = {"wanted": wanted.value}
    battery, grid = scene.home.battery, scene.home.grid
    assert decision.command is not None  # noqa: S101 (the caller has looked)
    if wanted is decision.command.mode:
        return "why_not.same", facts
    if wanted is Mode.CHARGE and not grid.allow_grid_charging:
        return "why_not.forbidden", facts
    if wanted is Mode.DISCHARGE and not grid.allow_battery_export:
        wanted = Mode.SELF_CONSUMPTION
        facts |= {"wanted": wanted.value, "selling": "forbidden"}
        if wanted is decision.command.mode:
            return "why_not.no_selling", facts
    if wanted is Mode.CHARGE and scene.soc >= battery.max_soc - 0.001:
        return "why_not.full", facts | {"charge_percent": scene.soc * 100}
    if wanted in (Mode.DISCHARGE, Mode.SELF_CONSUMPTION) and scene.soc <= battery.min_soc + 0.001:
        return "why_not.empty", facts | {"charge_percent": scene.soc * 100}
    done = decision.command.levels_at(decision.at)
    extra = _first_slot(scene, _levels_of(wanted, scene)) - _first_slot(scene, done)
    form = "why_not.equal" if round(extra, 2) == 0 else "why_not.mode" if extra > 0 else "why_not.cheaper"
    return form, facts | {"wanted_extra_cost": abs(extra), "slot_minutes": int(hours(scene.step) * 60)}


def _first_slot(scene: Scene, levels: Levels) -> float:
    stored_kwh = scene.soc * scene.home.battery.capacity_kwh
    return first_slot_cost(levels, scene.ensemble, scene.home, scene.futures[1], stored_kwh)


def _levels_of(mode: Mode, scene: Scene) -> Levels:
    battery = scene.home.battery
    match mode:
        case Mode.CHARGE:
            return Levels(charge_to_soc=battery.max_soc, reserve_soc=battery.max_soc)
        case Mode.HOLD:
            return Levels(reserve_soc=1.0)
        case Mode.DISCHARGE:
            return Levels(export_to_soc=battery.min_soc, reserve_soc=battery.min_soc)
        case Mode.SELF_CONSUMPTION:
            return SELF_CONSUMPTION


def _stretches(decision: Decision, scene: Scene) -> tuple[Facts, ...]:
    """Stretches of one mode with the mean charge at their ends and the mean price in them."""
    assert decision.command is not None  # noqa: S101 (the caller has looked)
    ensemble = scene.ensemble
    levels = [decision.command.levels_at(max(start, decision.at)) for start in scene.starts]
    after = mean_charges(decision, scene)
    before = [scene.soc, *after[:-1]]
    floor_soc = scene.home.battery.min_soc
    modes = [level.mode(soc, floor_soc=floor_soc) for level, soc in zip(levels, before, strict=True)]
    edges = run_starts(modes)
    return tuple(
        {
            "start": scene.starts[first],
            "end": scene.starts[end - 1] + scene.step,
            "mode": modes[first].value,
            "final_percent": after[end - 1] * 100,
            "price_per_kwh": float(ensemble.prices.import_per_kwh[first:end].mean()),
        }
        for first, end in zip(edges, [*edges[1:], len(modes)], strict=True)
    )
