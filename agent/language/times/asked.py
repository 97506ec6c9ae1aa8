"""Which days and which stretch of time a question is about, behind now unless it looks ahead."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agent.language.times.clocks import Clock
from agent.language.times.days import month_before, week_of
from agent.language.times.finding import Times, TimeWords
from agent.queries import Span
from energy.slots import DAY, local_day

_SHORTEST_DAY = timedelta(hours=23)
_PARTS = {"morning": (4, 12), "afternoon": (12, 19), "evening": (18, 24), "night": (18, 24), "": (0, 24)}
_LAST_NIGHT = (18, 30)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time that a question is about; `at` where it names one moment."""

    start: datetime
    end: datetime
    at: datetime | None = None

    @property
    def is_whole_days(self) -> bool:
        """Whether it is as long as a day at least, the shortest of which has 23 hours."""
        return self.at is None and self.end - self.start >= _SHORTEST_DAY

    def latest(self, now: datetime) -> datetime:
        """The moment, or the end as far as it has come."""
        return self.at or min(self.end, now)


def moment_of(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """A local time in UTC; one that clocks skip is read as if they had not gone forward yet."""
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def spans_asked(times: Times, words: str, today: date, *, ahead: bool = False) -> tuple[Span, ...]:
    """All spans of days named, in the order they stand: "from A to B" is one, and "since A" goes on until today.

    Raises:
        ValueError: a date does not exist.
    """
    spans: list[Span] = []
    open_from, before = False, 0
    for one in times.found:
        if one.days is None:
            continue
        span = one.days(today, ahead)
        ends = one.role == "until" or _joins(words[:before], words[before : one.begin])
        before = one.end
        if open_from and ends and spans[-1].first <= span.last:
            spans[-1] = Span(spans[-1].first, span.last)
        elif one.role == "since" and span.last < today:
            spans.append(Span(span.first, today))
        else:
            spans.append(span)
        open_from = one.role in ("from", "since") or bool(_opens(words, one))
    return _with_the_one_before(tuple(spans), words, times.rest)


def _opens(words: str, one: TimeWords) -> bool:
    ways = ("from", " de", "del", "desde", "between", "entre")
    return re.sub(r"(?: (?:the|el))?\s*$", "", words[: one.begin]).endswith(ways)


def _joins(before: str, gap: str) -> bool:
    """Whether two days are the ends of one stretch: "between 3 and 6 December", but no difference between two days."""
    between = re.search(r"\b(?:between|entre)\b", before) is not None
    differ = re.search(r"\b(?:diff\w*|diferen\w*|compar\w*)\b", before) is not None
    return between and not differ and re.fullmatch(r"[\s,]*(?:and|y|e|to|a)(?: (?:the|el))?\s*", gap) is not None


def _with_the_one_before(spans: tuple[Span, ...], words: str, rest: str) -> tuple[Span, ...]:
    """A day and "the day before"; a week and "the week before" it."""
    if len(spans) == 1 and spans[0].days == 1 and ("the day before" in rest or "dia anterior" in rest):
        first = spans[0].first - DAY
        return (*spans, Span(first, first))
    if len(spans) == 2:
        if any(said in words for said in ("week before", "semana anterior")):
            return spans[0], week_of(spans[0].first - 7 * DAY)
        if any(said in words for said in ("month before", "mes anterior")):
            return spans[0], month_before(spans[0].first)
    return spans


def clock_asked(times: Times) -> time | None:
    """The time of day that a question names."""
    return next((_said(one, one.clock) for one in times.found if one.clock is not None), None)


def _said(one: TimeWords, clock: Clock) -> time:
    """A clock in the half of the day that the words beside it say."""
    return (clock.later_half(earliest=1) if one.part in ("afternoon", "evening", "night") else clock).at


def window_asked(times: Times, spans: tuple[Span, ...], now: datetime, zone: ZoneInfo) -> Window | None:
    """The moment or the stretch a question is about; a time without a day is the last one before now."""
    day = spans[0].first if spans else local_day(now, zone)
    for one in times.found:
        if one.back and one.length is not None and one.length > timedelta(0):
            return Window(now - one.length, now)
        if one.clock is not None and one.last is not None:
            evening = any(other.part in ("afternoon", "evening", "night") for other in times.found)
            first, last = (c.later_half(earliest=1) if evening else c for c in (one.clock, one.last))
            start, end = moment_of(day, first.at, zone), moment_of(day, last.at, zone)
            return Window(start, end if end > start else moment_of(day + DAY, last.at, zone))
    if (clock := clock_asked(times)) is not None:
        at = moment_of(day, clock, zone)
        if not spans and at > now:
            at = moment_of(day - DAY, clock, zone)
        return Window(at, at, at)
    return _whole(times, spans, day, zone)


def _whole(times: Times, spans: tuple[Span, ...], day: date, zone: ZoneInfo) -> Window | None:
    """Whole days, or the part of a day that is named."""
    named = next((one for one in times.found if one.part), None)
    if named is not None:
        first, last = _LAST_NIGHT if named.last_night else _PARTS[named.part]
        return Window(moment_of(day, time(first), zone), moment_of(day + (last // 24) * DAY, time(last % 24), zone))
    if not spans:
        return None
    return Window(moment_of(day, time(), zone), moment_of(spans[0].last + DAY, time(), zone))


def start_asked(times: Times, spans: tuple[Span, ...], now: datetime, zone: ZoneInfo) -> datetime | None:
    """When something would start; a time without a day is the next one after now."""
    clock = clock_asked(times)
    if clock is None:
        return None
    today = local_day(now, zone)
    at = moment_of(spans[0].first if spans else today, clock, zone)
    return at if at >= now or spans else moment_of(today + DAY, clock, zone)


def latest_asked(times: Times, spans: tuple[Span, ...], now: datetime, zone: ZoneInfo) -> datetime | None:
    """By when something must be done, if a question says so."""
    limited = any(one.role in ("by", "until") and one.clock is not None for one in times.found)
    return start_asked(times, spans, now, zone) if limited else None
