"""From a question about the past taken apart to the inquiry that answers it."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Literal

from agent import queries as inquiry
from agent.language.questions.question import Aim, Question
from agent.language.text import plain
from agent.queries import Finding, Grain, Sources, Span, unknown
from energy.slots import DAY, local_day

Answer = Callable[[Sources, Question, datetime], Finding]

_WHICH = re.compile(r"\b(?:which|what|que|cual fue (?:la|el)) (week|month|semana|mes)\b")
_LONGEST_MONTH = 31
_HOUR = timedelta(hours=1)
# A clock beside one of these begins or ends a stretch.
_OPEN = re.compile(r"\b(?:since|from|after|before|until|till|by|desde|hasta|antes|despues)\b")
_BOTH_WAYS = re.compile(r"\b(?:import|bought|buy|compr)\w*.*\b(?:export|sold|sell|vend|vert)\w*")
# A better day is one that cost less.
_GOOD = re.compile(r"\b(?:better|worse|mejor|peor)\b")


def _over(query: Callable[..., Finding], first: int = 0, last: int = 0) -> Answer:
    """A query over the days asked about; where none are named, from so many days ago to so many."""
    return lambda sources, asked, now: query(sources, _days(asked, now, sources, first, last), now=now)


def _days(asked: Question, now: datetime, sources: Sources, first: int = 0, last: int = 0) -> Span:
    """The days asked about; where none are named, from so many days ago to so many: today."""
    today = local_day(now, sources.home.tz)
    return asked.spans[0] if asked.spans else Span(today - first * DAY, today - last * DAY)


def _ever(asked: Question, now: datetime, sources: Sources) -> Span:
    """The days asked about; all that are known where none are named."""
    return (None if asked.spans else sources.known_span(now)) or _days(asked, now, sources)


def _bill(sources: Sources, asked: Question, now: datetime) -> Finding:
    """The bill of the month that is named, or of the month to date; what a past day or a year came to are totals."""
    today = local_day(now, sources.home.tz)
    named = _days(asked, now, sources)
    if named.days > _LONGEST_MONTH or (named.days == 1 and named.first < today):
        return _totals(sources, replace(asked, quantity="cost"), now)
    return inquiry.bill(sources, min(named.first, today), now=now)


def _totals(sources: Sources, asked: Question, now: datetime) -> Finding:
    span = _days(asked, now, sources)
    if asked.load is not None and asked.load.name != "load" and asked.quantity in (None, "load", "cost"):
        return unknown("totals", "not_apart", load=asked.load.name)
    if (found := _part_of_day(sources, asked, now)) is not None:
        return found
    if asked.quantity is None or _BOTH_WAYS.search(plain(asked.text)):
        return inquiry.totals(sources, span, now=now)
    return inquiry.total_of(sources, asked.quantity, span, now=now)


def _part_of_day(sources: Sources, asked: Question, now: datetime) -> Finding | None:
    """The hours asked about; None where the question is about whole days. Hours still to come are yesterday's.

    A clock alone ("at 20:00") is the hour that it begins.
    """
    window = asked.window
    if window is None or (asked.spans and window.is_whole_days):
        return None
    if window.at is not None and _OPEN.search(plain(asked.text)):
        return None
    start, end = window.start, window.end if window.at is None else window.at + _HOUR
    if start >= now:
        if asked.spans:
            return None
        start, end = start - DAY, end - DAY
    return inquiry.metered_in(sources, asked.quantity, start, min(end, now))


def _breakdown(sources: Sources, asked: Question, now: datetime) -> Finding:
    grain = asked.grain or "day"
    days = {"day": 7, "week": 28}.get(grain)
    span = _days(asked, now, sources, days, 1) if days else _ever(asked, now, sources)
    return inquiry.breakdown(sources, asked.quantity or "load", span, grain=grain, now=now)


def _extreme(sources: Sources, asked: Question, now: datetime) -> Finding:
    if grain := _WHICH.search(plain(asked.text)):
        # Weeks and months are few: all are told.
        whole: Grain = "week" if grain[1] in ("week", "semana") else "month"
        return _breakdown(sources, replace(asked, grain=whole), now)
    span, quantity = _ever(asked, now, sources), asked.quantity or "load"
    if span.days == 1:
        return inquiry.total_of(sources, "peak" if quantity == "load" else quantity, span, now=now)
    return inquiry.extreme(sources, quantity, span, most=asked.most, now=now)


def _compare(sources: Sources, asked: Question, now: datetime) -> Finding:
    spans = asked.spans
    if _BOTH_WAYS.search(plain(asked.text)) and len(spans) < 2:
        return inquiry.totals(sources, _days(asked, now, sources), now=now)
    if len(spans) == 1:
        # "More than last week" is about the span that now lies in.
        today = local_day(now, sources.home.tz)
        spans = (Span(today, today), spans[0]) if spans[0].days == 1 else (_like(spans[0], today), spans[0])
    if len(spans) < 2:
        return unknown("compare", "two_spans")
    quantity = asked.quantity or ("cost" if _GOOD.search(plain(asked.text)) else "load")
    return inquiry.compare(sources, quantity, spans[0], spans[1], now=now)


def _like(span: Span, today: date) -> Span:
    """The span of the same kind that ends today: this week, this month, or as many days."""
    if span.days == 7 and span.first.weekday() == 0:
        return Span(today - today.weekday() * DAY, today)
    if span.first.day == 1 and (span.last + DAY).day == 1 and span.days <= 31:
        return Span(today.replace(day=1), today)
    return Span(today - (span.days - 1) * DAY, today)


def _faults(sources: Sources, asked: Question, now: datetime) -> Finding:
    window = asked.window
    if window is None or window.start >= now:
        return inquiry.faults(sources, now - DAY, now)
    return inquiry.faults(sources, window.start, min(window.end, now))


def _hour(sources: Sources, asked: Question, now: datetime) -> Finding:
    span = _days(asked, now, sources, 28, 1)
    if asked.quantity == "cost":
        return inquiry.most_expensive_hour(sources, span, most=asked.most, now=now)
    quantity: Literal["load", "pv"] = "pv" if asked.quantity == "pv" else "load"
    return inquiry.busiest_hour(sources, span, quantity=quantity, most=asked.most)


def _weekends(sources: Sources, asked: Question, now: datetime) -> Finding:
    today = local_day(now, sources.home.tz)
    quantity: Literal["load", "pv", "cost"] = "load"
    if asked.quantity in ("pv", "cost"):
        quantity = asked.quantity
    return inquiry.weekends(sources, Span(today - 56 * DAY, today - DAY), quantity=quantity, now=now)


def _last_full(sources: Sources, asked: Question, now: datetime) -> Finding:
    empty = re.search(r"\b(?:empty|flat|run out|ran out|vacia|vacio|agot\w+)\b", plain(asked.text)) is not None
    return inquiry.last_at_limit(sources, full=not empty, now=now)


# The inquiries over what was, by what a question asks for.
ANSWERS: dict[Aim, Answer] = {
    "totals": _totals,
    "bill": _bill,
    "breakdown": _breakdown,
    "extreme": _extreme,
    "compare": _compare,
    "days_like": lambda sources, asked, now: inquiry.days_like(sources, _days(asked, now, sources).first, now=now),
    "saved": _over(inquiry.saved, 7),
    "panels": _over(inquiry.panels_saved, 7),
    "unit_cost": _over(inquiry.unit_cost, 7),
    "nights": lambda sources, asked, now: inquiry.nights(sources, _days(asked, now, sources, 28, 1)),
    "usually_empty": _over(inquiry.usually_empty, 7),
    "forecast_check": _over(inquiry.forecast_check, 1, 1),
    "losses": _over(inquiry.losses, 7),
    "faults": _faults,
    "hour": _hour,
    "share": lambda sources, asked, now: inquiry.own_share(
        sources, _days(asked, now, sources, 7), now=now, sold=asked.quantity == "export"
    ),
    "weekends": _weekends,
    "dear_day": _over(inquiry.expensive_day, 1, 1),
    "daily_mean": lambda sources, asked, now: inquiry.total_of(
        sources, asked.quantity or "load", _days(asked, now, sources, 7), now=now
    ),
    "charge_range": _over(inquiry.charge_range),
    "last_full": _last_full,
    "when_dear": _over(inquiry.when_expensive, 7),
}
