"""Deterministic inquiries over journal, day store and memory: what was decided, what happened, what would be."""

from agent.inquiry.advice import best_start, prices, status
from agent.inquiry.ahead import battery_ahead, device_ahead, heating_ahead
from agent.inquiry.decisions import done, planned, why, why_not
from agent.inquiry.finding import Fact, Facts, Finding, Inquiry, unknown
from agent.inquiry.habits import bought, bought_in, busiest_hour, dear_day, own_share, weekends
from agent.inquiry.history import Grain, Quantity, breakdown, compare, days_like, extreme, saved, total_of, totals
from agent.inquiry.sources import Sources, Span
from agent.inquiry.what_if import Change, Run, what_if

__all__ = [
    "Change",
    "Fact",
    "Facts",
    "Finding",
    "Grain",
    "Inquiry",
    "Quantity",
    "Run",
    "Sources",
    "Span",
    "battery_ahead",
    "best_start",
    "bought",
    "bought_in",
    "breakdown",
    "busiest_hour",
    "compare",
    "days_like",
    "dear_day",
    "device_ahead",
    "done",
    "extreme",
    "heating_ahead",
    "own_share",
    "planned",
    "prices",
    "saved",
    "status",
    "total_of",
    "totals",
    "unknown",
    "weekends",
    "what_if",
    "why",
    "why_not",
]
