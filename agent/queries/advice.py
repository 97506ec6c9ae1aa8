"""What should I do: the cheapest time to run a load, the prices ahead, and how things stand."""

from datetime import datetime, timedelta

import numpy as np

from agent.decision.replan import least_costs, run_profile, scene_of
from agent.queries.finding import Fact, Facts, Finding, unknown
from agent.queries.sources import Sources, Span
from energy.slots import hours, local_day
from ingest.live.snapshot import CAR_CHARGES_KW
from knowledge.days import Floats

_NEXT_BEST = 3


def best_start(
    sources: Sources,
    *,
    power_kw: float,
    length_h: float,
    earliest: datetime | None = None,
    latest_end: datetime | None = None,
    now: datetime,
) -> Finding:
    """When to start a load so that it costs least, what it then costs more, and what starting now would cost.

    The cost is the expected extra cost of the newest plan with the load in it, battery and sun included.
    """
    decision = sources.decision()
    scene = scene_of(decision, sources.home) if decision is not None else None
    if decision is None or scene is None:
        return unknown("best_start", "no_plan")
    if not (0 < power_kw <= 100 and 0 < length_h <= 48):
        return unknown("best_start", "impossible_load", power_kw=power_kw, length_hours=length_h)
    last_end = min(latest_end or scene.end, scene.end)
    length = timedelta(hours=length_h)
    begin = scene.index_of(max(now, scene.starts[0]))
    allowed = [
        at
        for at, start in enumerate(scene.starts)
        if at >= begin and start >= (earliest or start) and start + length <= last_end
    ]
    facts: dict[str, Fact] = {"run_kw": power_kw, "run_hours": length_h, "run_kwh": power_kw * length_h}
    facts |= {"at": decision.at, "currency": sources.home.currency}
    if not allowed:
        return unknown("best_start", "no_start", **facts, plan_end=scene.end)
    profiles = np.array([run_profile(scene, at, power_kw, length_h) for at in (begin, *allowed)])
    costs = least_costs(scene, np.concatenate([np.zeros((1, len(scene.starts))), profiles]))
    extra = costs[1:] - costs[0]
    ranked = sorted(zip(allowed, extra[1:].tolist(), strict=True), key=lambda one: (round(one[1], 4), one[0]))
    best_at, best_extra = ranked[0]
    worst_at, worst_extra = ranked[-1]
    facts |= {
        "start": scene.starts[best_at],
        "end": scene.starts[best_at] + length,
        "extra_cost": best_extra,
        "worst_start": scene.starts[worst_at],
        "worst_cost": worst_extra,
        "last_start": scene.starts[allowed[-1]],
        "now_cost": float(extra[0]),
        "now_more_cost": float(extra[0]) - best_extra,
        "plan_end": scene.end,
    }
    rows: list[Facts] = [{"start": scene.starts[at], "extra_cost": value} for at, value in sorted(ranked[:_NEXT_BEST])]
    form = "best_start.now" if best_at == begin else "best_start.later"
    if round(worst_extra - best_extra, 2) == 0:
        form = "best_start.any"
    return Finding("best_start", form, facts, tuple(rows), decisions=(decision.decision_id,))


def prices(sources: Sources, *, now: datetime) -> Finding:
    """The import price now, and the stretches of the lowest and the highest price ahead."""
    decision = sources.decision()
    scene = scene_of(decision, sources.home) if decision is not None else None
    if decision is None or scene is None:
        return unknown("prices", "no_plan")
    buy, begin = scene.ensemble.prices.import_per_kwh, scene.index_of(now)
    ahead = buy[begin:]
    facts: dict[str, Fact] = {
        "at": scene.starts[begin],
        "price_now_per_kwh": float(ahead[0]),
        "export_now_per_kwh": float(scene.ensemble.prices.export_per_kwh[begin]),
        "currency": sources.home.currency,
        "horizon_hours": len(ahead) * hours(scene.step),
    }
    facts |= _lowest_and_highest(scene.starts[begin:], ahead, scene.step)
    form = "prices.flat" if np.ptp(ahead) == 0 else "prices.ahead"
    return Finding("prices", form, facts, decisions=(decision.decision_id,))


def prices_then(sources: Sources, span: Span, *, now: datetime) -> Finding:
    """The stretches of the lowest and the highest price in a span that is past."""
    seen = sources.metered(span, now)
    if seen is None or np.isnan(seen.prices.import_per_kwh).any():
        return unknown("totals", "not_metered_cost", asked_first=span.first, asked_last=span.last)
    paid = seen.prices.import_per_kwh
    facts: dict[str, Fact] = {"first_day": span.first, "last_day": span.last, "currency": sources.home.currency}
    if np.ptp(paid) == 0:
        return Finding("prices", "totals.one_price", facts)
    facts |= _lowest_and_highest(seen.starts, paid, timedelta(hours=seen.hours))
    return Finding("prices", "prices.then", facts)


def _lowest_and_highest(starts: list[datetime], prices: Floats, step: timedelta) -> dict[str, Fact]:
    """The first stretch at the lowest price, and the first at the highest."""
    facts: dict[str, Fact] = {}
    for name, value in (("lowest_price", prices.min()), ("highest_price", prices.max())):
        first = int(np.flatnonzero(prices == value)[0])
        end = first + 1
        while end < len(prices) and prices[end] == value and starts[end] == starts[end - 1] + step:
            end += 1
        facts |= {
            f"{name}_per_kwh": float(value),
            f"{name}_start": starts[first],
            f"{name}_end": starts[end - 1] + step,
        }
    return facts


def status(sources: Sources, *, now: datetime, at: datetime | None = None) -> Finding:
    """How the house stood at the newest decision, or at the one in force at a moment, and what was in force."""
    decision = sources.decision(at)
    if decision is None or decision.snapshot is None:
        return unknown("status", "no_decision")
    seen = decision.snapshot
    facts: dict[str, Fact] = {
        "at": seen.at,
        "charge_percent": seen.soc * 100,
        "stored_kwh": seen.soc * sources.home.battery.capacity_kwh,
        "load_kw": seen.load_kw,
        "pv_kw": seen.pv_kw,
        "decision_id": decision.decision_id,
        "mode": decision.command.mode.value if decision.command else "none",
        "today": local_day(now, sources.home.tz),
    }
    if seen.grid_kw is not None:
        facts["grid_kw"] = abs(seen.grid_kw)
        facts["grid"] = "import" if seen.grid_kw >= 0 else "export"
    if seen.car_kw is not None and seen.car_kw >= CAR_CHARGES_KW:
        facts["car_kw"] = seen.car_kw
    return Finding("status", "status.now", facts, decisions=(decision.decision_id,))
