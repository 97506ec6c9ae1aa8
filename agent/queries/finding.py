"""What an inquiry found: typed facts that any wording rests on, with the decisions and days they come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

# A fact's name ends in its unit, which also says how many digits are shown: `_kwh`, `_kw`, `_percent`, `_cost`,
# `_per_kwh`, `_hours`, `_c`; a name without one is a word, a count, a date or a time.
Fact = float | int | str | date | datetime
Facts = Mapping[str, Fact]

Inquiry = Literal[
    "why",
    "why_not",
    "plan",
    "what_if",
    "totals",
    "extreme",
    "compare",
    "days_like",
    "saved",
    "bill",
    "best_start",
    "prices",
    "status",
    "notes",
    "scope",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one inquiry, free of language.

    `text` names the phrase that words it, such as `totals.period`; `rows` are further facts of one kind, such as one
    per candidate. Where nothing is known `known` is False and the facts say what would be.
    """

    inquiry: Inquiry
    text: str
    facts: Facts = field(default_factory=dict)
    rows: tuple[Facts, ...] = ()
    decisions: tuple[str, ...] = ()
    days: tuple[date, ...] = ()
    known: bool = True


def unknown(inquiry: Inquiry, form: str, **facts: Fact) -> Finding:
    """A finding that nothing is known, and what is."""
    return Finding(inquiry, f"unknown.{form}", facts, known=False)
