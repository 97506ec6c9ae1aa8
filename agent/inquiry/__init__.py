"""Deterministic inquiries over journal, day store and memory: what was decided, what happened, what would be."""

from agent.inquiry.advice import best_start, prices, status
from agent.inquiry.decisions import planned, why, why_not
from agent.inquiry.finding import Fact, Facts, Finding, Inquiry, unknown
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
    "best_start",
    "breakdown",
    "compare",
    "days_like",
    "extreme",
    "planned",
    "prices",
    "saved",
    "status",
    "total_of",
    "totals",
    "unknown",
    "what_if",
    "why",
    "why_not",
]
