"""Questions about money: what battery and panels saved, and what a kWh cost on average."""

from datetime import datetime

import numpy as np

from agent.queries.finding import Fact, Finding, unknown
from agent.queries.history import no_day
from agent.queries.past import Metered
from agent.queries.sources import Sources, Span
from energy.billing.ledger import credit_per_kwh
from energy.commands import SELF_CONSUMPTION
from energy.flows import step_house
from energy.home import Home
from energy.planning.planner import Ensemble, follow
from energy.rules import no_battery
from knowledge.days import Floats


def saved(sources: Sources, span: Span, *, now: datetime) -> Finding:
    """What a span cost at the meter against the same hours without a battery and with plain self-consumption.

    Each cost is less the worth of what the battery held more at the end than at the start, so that emptying it earns
    nothing. All three are worked out from the means of the metered slots.
    """
    seen = sources.metered(span, now)
    if seen is None or np.isnan(seen.cost).any():
        return no_day(sources, "saved", span, now)
    paid, greedy, bare = costs_of(seen, sources.home)
    facts: dict[str, Fact] = {
        "first_day": span.first,
        "last_day": span.last,
        "metered_hours": len(seen.starts) * seen.hours,
        "paid_cost": float(seen.cost.sum()),
        "net_cost": paid,
        "greedy_cost": greedy,
        "no_battery_cost": bare,
        "saved_cost": bare - paid,
        "against_greedy_cost": greedy - paid,
        "currency": sources.home.currency,
    }
    form = "saved.battery" if bare >= paid else "saved.nothing"
    return Finding("saved", form, facts, days=seen.days(sources.home.tz))


def unit_cost(sources: Sources, span: Span, *, now: datetime) -> Finding:
    """What a bought kWh cost over a span, and what a used one did: bill / import and bill / load, metered hours only.

    The bill of a used kWh is less what was sold; the bought one is import alone.
    """
    seen = sources.metered(span, now)
    if seen is None or np.isnan(seen.cost).any():
        return unknown("totals", "not_metered_cost", asked_first=span.first, asked_last=span.last)
    import_kwh, load_kwh = float(seen.grid_import_kw.sum()) * seen.hours, float(seen.load_kw.sum()) * seen.hours
    facts: dict[str, Fact] = {
        "first_day": span.first,
        "last_day": span.last,
        "metered_hours": len(seen.starts) * seen.hours,
        "load_kwh": load_kwh,
        "import_kwh": import_kwh,
        "cost": float(seen.cost.sum()),
    }
    if import_kwh > 0:
        paid = float((seen.grid_import_kw * seen.prices.import_per_kwh).sum()) * seen.hours
        facts["bought_per_kwh"] = paid / import_kwh
    if load_kwh > 0:
        facts["used_per_kwh"] = float(seen.cost.sum()) / load_kwh
    return Finding("totals", "totals.unit_cost", facts, days=seen.days(sources.home.tz))


def panels_saved(sources: Sources, span: Span, *, now: datetime) -> Finding:
    """What the same hours would have cost without panels and battery, with panels alone, and what they did cost."""
    seen = sources.metered(span, now)
    if seen is None or np.isnan(seen.cost).any():
        return unknown("saved", "not_metered", asked_first=span.first, asked_last=span.last)
    paid, _, with_panels = costs_of(seen, sources.home)
    nothing = float((seen.load_kw * seen.prices.import_per_kwh).sum()) * seen.hours
    facts: dict[str, Fact] = {
        "first_day": span.first,
        "last_day": span.last,
        "metered_hours": len(seen.starts) * seen.hours,
        "pv_kwh": float(seen.pv_kw.sum()) * seen.hours,
        "nothing_cost": nothing,
        "panels_cost": with_panels,
        "net_cost": paid,
        "by_panels_cost": nothing - with_panels,
        "by_battery_cost": with_panels - paid,
        "currency": sources.home.currency,
    }
    return Finding("saved", "saved.panels", facts, days=seen.days(sources.home.tz))


def costs_of(seen: Metered, home: Home) -> tuple[float, float, float]:
    """Net cost of the metered slots as they went, under self-consumption, and without a battery."""
    capacity_kwh = home.battery.capacity_kwh
    credit = credit_per_kwh(seen.prices, home.battery)
    end_kwh = float(seen.soc[-1]) * capacity_kwh
    # The charge is known at the end of each slot: before the first it was less by what that slot brought.
    gained_kw = seen.charge_kw[0] * home.battery.charge_efficiency
    spent_kw = seen.discharge_kw[0] / home.battery.discharge_efficiency
    start_kwh = float(np.clip(seen.soc[0] * capacity_kwh - (gained_kw - spent_kw) * seen.hours, 0, capacity_kwh))
    paid = float(seen.cost.sum()) - credit * (end_kwh - start_kwh)
    greedy, left_kwh = _greedy(seen, home, start_kwh)
    return paid, greedy - credit * (left_kwh - start_kwh), _bare(seen, home)


def _greedy(seen: Metered, home: Home, start_kwh: float) -> tuple[float, float]:
    """Bill under plain self-consumption, and what is stored at the end."""
    slots = Ensemble(seen.load_kw[None], seen.pv_kw[None], seen.prices, seen.hours)
    flows = follow([SELF_CONSUMPTION] * len(seen.starts), slots, home, start_kwh)
    bought = np.array([float(np.asarray(flow.grid_import_kw)[0]) for flow in flows])
    sold = np.array([float(np.asarray(flow.grid_export_kw)[0]) for flow in flows])
    return _bill(bought, sold, seen), float(np.asarray(flows[-1].stored_kwh)[0])


def _bare(seen: Metered, home: Home) -> float:
    """Bill without a battery: no slot depends on another, so all are played at once."""
    house = no_battery(home)
    flow = step_house(
        seen.load_kw,
        seen.pv_kw,
        np.zeros_like(seen.load_kw),
        levels=SELF_CONSUMPTION,
        battery=house.battery,
        grid=house.grid,
        hours=seen.hours,
    )
    return _bill(np.asarray(flow.grid_import_kw), np.asarray(flow.grid_export_kw), seen)


def _bill(bought_kw: Floats, sold_kw: Floats, seen: Metered) -> float:
    prices = seen.prices
    return float((bought_kw * prices.import_per_kwh - sold_kw * prices.export_per_kwh).sum() * seen.hours)
