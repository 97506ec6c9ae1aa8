"""Deterministic inquiries over journal, day store and memory: what was decided, what happened, what would be."""

from agent.queries.advice import best_start, prices, prices_then, status
from agent.queries.ahead import battery_ahead, device_ahead, heating_ahead, mode_ahead, outage
from agent.queries.battery_events import charge_range, how_often, last_at_limit, when_expensive, who_chose
from agent.queries.bills import HouseholdBill, bill, billed_months, monthly_bill
from agent.queries.decisions import done, planned, why, why_not, why_now
from agent.queries.finding import Fact, Facts, Finding, Inquiry, unknown
from agent.queries.forecast_quality import expected, faults, forecast_check, how_sure
from agent.queries.history import Grain, Quantity, breakdown, compare, days_like, extreme, total_of, totals
from agent.queries.household import about_home, wishes
from agent.queries.money import panels_saved, saved, unit_cost
from agent.queries.part_of_day import (
    battery_then,
    bought,
    losses,
    metered_in,
    most_expensive_hour,
    nights,
    usually_empty,
)
from agent.queries.sources import Sources, Span
from agent.queries.usage_patterns import busiest_hour, expensive_day, own_share, weekends
from agent.queries.what_if import Change, Run, what_if

__all__ = [
    "Change",
    "Fact",
    "Facts",
    "Finding",
    "Grain",
    "HouseholdBill",
    "Inquiry",
    "Quantity",
    "Run",
    "Sources",
    "Span",
    "about_home",
    "battery_ahead",
    "battery_then",
    "best_start",
    "bill",
    "billed_months",
    "bought",
    "breakdown",
    "busiest_hour",
    "charge_range",
    "compare",
    "days_like",
    "device_ahead",
    "done",
    "expected",
    "expensive_day",
    "extreme",
    "faults",
    "forecast_check",
    "heating_ahead",
    "how_often",
    "how_sure",
    "last_at_limit",
    "losses",
    "metered_in",
    "mode_ahead",
    "monthly_bill",
    "most_expensive_hour",
    "nights",
    "outage",
    "own_share",
    "panels_saved",
    "planned",
    "prices",
    "prices_then",
    "saved",
    "status",
    "total_of",
    "totals",
    "unit_cost",
    "unknown",
    "usually_empty",
    "weekends",
    "what_if",
    "when_expensive",
    "who_chose",
    "why",
    "why_not",
    "why_now",
    "wishes",
]
