"""Tools for other people's assistants: everything a model may look up, and why, bills, forecasts, notes as drafts."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING

from agent import queries as inquiry
from agent.decision.constraint_words import describe
from agent.language.answers.ask import Asker
from agent.language.answers.tools import ToolContext, safe, tools_for, worded
from agent.language.notes.reading import NotUnderstood, understand
from agent.queries import Span
from energy.commands import Mode
from energy.errors import DataError

if TYPE_CHECKING:
    from agent.llm.tool_loop import Tool  # it brings the agent libraries

_LONGEST_NOTE = 500
_MOST_DAYS = 400
_LONGEST_RESULT = 6000


def assistant_tools(context: ToolContext, asker: Asker) -> "list[Tool]":
    """Every tool that an assistant outside the advisor is offered; none of them changes anything."""
    made = (*_decisions(context), *_past(context), *_words(context, asker))
    return [*tools_for(context), *(safe(tool, _LONGEST_RESULT) for tool in made)]


def _decisions(context: ToolContext) -> "list[Tool]":
    sources = context.sources

    def why(at: str = "") -> str:
        """Why the battery does what it does: the reason of the newest decision, or of the one at a time (ISO 8601)."""
        return worded(inquiry.why(sources, at=_moment(at, context)), context)

    def why_not(mode: Mode, at: str = "") -> str:
        """What a mode (self_consumption, hold, charge, discharge) would have cost, now or at a time (ISO 8601)."""
        return worded(inquiry.why_not(sources, mode, at=_moment(at, context)), context)

    def expected_battery(at: str = "") -> str:
        """When the battery should be full and when empty, and its expected charge at a time ahead (ISO 8601)."""
        return worded(inquiry.battery_ahead(sources, at=_moment(at, context)), context)

    return [why, why_not, expected_battery]


def _past(context: ToolContext) -> "list[Tool]":
    sources, now = context.sources, context.now

    def bills(first_day: str, last_day: str) -> str:
        """What whole days (YYYY-MM-DD) cost, what that saved against plain self-consumption, and the cost of a kWh."""
        span = _span(first_day, last_day)
        found = (inquiry.saved(sources, span, now=now), inquiry.unit_cost(sources, span, now=now))
        return "\n".join(worded(finding, context) for finding in found)

    def daily_figures(quantity: inquiry.Quantity, first_day: str, last_day: str) -> str:
        """A quantity day by day over whole days (YYYY-MM-DD)."""
        return worded(inquiry.breakdown(sources, quantity, _span(first_day, last_day), grain="day", now=now), context)

    def forecast_quality(day: str) -> str:
        """How far the forecast of a day (YYYY-MM-DD) was off, and how sure the plan ahead is."""
        found = (inquiry.forecast_check(sources, _span(day, day), now=now), inquiry.how_sure(sources))
        return "\n".join(worded(finding, context) for finding in found)

    def faults(hours: float = 24.0) -> str:
        """How many decisions of the last hours gave no command, or were refused, and why."""
        return worded(inquiry.faults(sources, now - timedelta(hours=_hours(hours)), now), context)

    return [bills, daily_figures, forecast_quality, faults]


def _words(context: ToolContext, asker: Asker) -> "list[Tool]":
    def ask(question: str) -> str:
        """Any question about the home's energy in plain English or Spanish; the answer is computed, not guessed."""
        return asker.answer(question, now=context.now).text

    def draft_note(text: str) -> str:
        """How a wish of the household would be understood. Nothing is kept: a person has to confirm it."""
        home = context.sources.home
        if not 0 < len(text.strip()) <= _LONGEST_NOTE:
            raise DataError(f"the note has {len(text)} characters: write 1 to {_LONGEST_NOTE}")
        read = understand(text, now=context.now, tz=home.tz, home=home)
        if isinstance(read, NotUnderstood):
            return f"not understood: {read.why}"
        means = describe(read.constraint, home.tz, read.language)
        return f"a draft, not kept: {means} The household confirms it on the page, or with: advisor notes add {text!r}"

    return [ask, draft_note]


def _moment(text: str, context: ToolContext) -> datetime | None:
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as err:
        raise DataError(f"{text[:40]!r} is no time: write it like '2026-03-01T18:00'") from err
    return moment if moment.tzinfo else moment.replace(tzinfo=context.sources.home.tz)


def _span(first_day: str, last_day: str) -> Span:
    try:
        span = Span(datetime.fromisoformat(first_day.strip()).date(), datetime.fromisoformat(last_day.strip()).date())
    except ValueError as err:
        raise DataError(f"{first_day[:40]!r} to {last_day[:40]!r} are no days: write YYYY-MM-DD") from err
    if not 1 <= span.days <= _MOST_DAYS:
        raise DataError(f"{first_day} to {last_day} is {span.days} days: ask for 1 to {_MOST_DAYS}")
    return span


def _hours(hours: float) -> float:
    if not 0 < hours <= 24 * _MOST_DAYS:
        raise DataError(f"{hours:g} hours: ask for more than 0 and at most {24 * _MOST_DAYS}")
    return hours


def at_each_call(context: Callable[[], ToolContext], asker: Asker) -> "list[Tool]":
    """The same tools, each looking at the moment in which it is called."""

    def bound(tool: "Tool") -> "Tool":
        @wraps(tool)
        def call(**given: object) -> str:
            [current] = [one for one in assistant_tools(context(), asker) if one.__name__ == tool.__name__]
            return current(**given)

        return call

    return [bound(tool) for tool in assistant_tools(context(), asker)]
