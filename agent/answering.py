"""From a question taken apart to the inquiry that answers it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Literal

from agent import inquiry
from agent.inquiry import Fact, Finding, Sources, Span, unknown
from agent.question import Aim, Question, plain
from agent.vocabulary import vocabulary
from energy.commands import Mode
from energy.slots import DAY, local_day

# How far back a decision of some mode is looked for where the question names no time.
_LATELY = timedelta(days=7)
# The longest part of a day that has a name; the shortest day has 23 hours.
_PART_OF_DAY = timedelta(hours=14)

_Answer = Callable[[Sources, Question, datetime], Finding]


def run(sources: Sources, asked: Question, *, now: datetime) -> Finding:
    """Run the inquiry that a question asks for; what cannot be answered gives a finding that says so."""
    if asked.bad_date is not None:
        return unknown("scope", "bad_date", text=asked.bad_date)
    return _ANSWERS[asked.aim](sources, asked, now)


def _why(sources: Sources, asked: Question, now: datetime) -> Finding:
    window, mode = asked.window, asked.mode
    if window is not None and window.at is not None:
        return inquiry.why(sources, at=window.at)
    if mode is None:
        return inquiry.why(sources, at=min(window.end, now) if window else None)
    newest = sources.decision()
    if window is None and newest and newest.command and newest.command.mode is mode:
        return inquiry.why(sources, at=newest.at)
    start, end = (window.start, min(window.end, now)) if window else (now - _LATELY, now)
    found = sources.decision_of_mode(mode, start, end)
    if found is not None:
        return inquiry.why(sources, at=found.at)
    zone = sources.home.tz
    times: dict[str, Fact] = {"start": start, "end": end}
    if window is not None and {window.start.astimezone(zone).hour, window.end.astimezone(zone).hour} == {0}:
        times = {"asked_first": local_day(window.start, zone), "asked_last": local_day(window.end, zone) - DAY}
    return _no_such_mode(sources, mode, times, (start, end), now=now)


def _no_such_mode(
    sources: Sources, mode: Mode, times: Mapping[str, Fact], stretch: tuple[datetime, datetime], *, now: datetime
) -> Finding:
    """A mode that was not chosen then, when it last was, and what the house itself bought."""
    start, end = stretch
    last = sources.decision_of_mode(mode, now - _LATELY, now)
    facts: dict[str, Fact] = {"wanted": mode.value, **times, **({"last_at": last.at} if last else {})}
    if mode is Mode.CHARGE and (import_kwh := inquiry.bought(sources, start, end)) is not None:
        facts["import_kwh"] = import_kwh
    return unknown("why", "no_such_mode", **facts)


def _why_not(sources: Sources, asked: Question, now: datetime) -> Finding:
    window = asked.window
    at = None if window is None else window.at or min(window.end, now)
    return inquiry.why_not(sources, asked.mode, at=at)


def _plan(sources: Sources, asked: Question, now: datetime) -> Finding:
    window = asked.window
    if window is not None and window.end <= now:
        return inquiry.planned(sources, at=window.at or window.end)
    found = inquiry.planned(sources)
    end = found.facts.get("plan_end")
    if window is not None and isinstance(end, datetime) and window.start >= end:
        return unknown("plan", "beyond_plan", plan_end=end)
    return found


def _what_if(sources: Sources, asked: Question, now: datetime) -> Finding:
    del now
    if asked.change is None or not asked.change.names:
        return unknown("what_if", "no_change")
    return inquiry.what_if(sources, asked.change)


def _span(asked: Question, now: datetime, sources: Sources) -> Span:
    """The span asked about; today where none is named."""
    if asked.spans:
        return asked.spans[0]
    today = local_day(now, sources.home.tz)
    return Span(today, today)


def _ever(asked: Question, now: datetime, sources: Sources) -> Span:
    """The span asked about; all that is known where none is named."""
    if asked.spans:
        return asked.spans[0]
    return sources.known_span(now) or _span(asked, now, sources)


def _totals(sources: Sources, asked: Question, now: datetime) -> Finding:
    span = _span(asked, now, sources)
    if asked.load is not None and asked.load.name != "load" and asked.quantity in (None, "load", "cost"):
        return unknown("totals", "not_apart", load=asked.load.name)
    if asked.quantity is None:
        return inquiry.totals(sources, span, now=now)
    if asked.quantity == "import" and (found := _part_of_day(sources, asked, now)) is not None:
        return found
    return inquiry.total_of(sources, asked.quantity, span, now=now)


def _part_of_day(sources: Sources, asked: Question, now: datetime) -> Finding | None:
    """What the grid gave in the evening or night asked about; None where the question is about whole days."""
    window = asked.window
    if window is None or window.at is not None or window.end - window.start > _PART_OF_DAY or window.start >= now:
        return None
    return inquiry.bought_in(sources, window.start, min(window.end, now))


def _breakdown(sources: Sources, asked: Question, now: datetime) -> Finding:
    grain = asked.grain or "day"
    today = local_day(now, sources.home.tz)
    lately = {"day": Span(today - 7 * DAY, today - DAY), "week": Span(today - 28 * DAY, today - DAY)}
    span = asked.spans[0] if asked.spans else lately.get(grain) or _ever(asked, now, sources)
    return inquiry.breakdown(sources, asked.quantity or "load", span, grain=grain, now=now)


def _extreme(sources: Sources, asked: Question, now: datetime) -> Finding:
    span, quantity = _ever(asked, now, sources), asked.quantity or "load"
    if span.days == 1:
        return inquiry.total_of(sources, "peak" if quantity == "load" else quantity, span, now=now)
    return inquiry.extreme(sources, quantity, span, most=asked.most, now=now)


def _compare(sources: Sources, asked: Question, now: datetime) -> Finding:
    spans = asked.spans
    if len(spans) == 1:
        # "More than last week" is about the span that now lies in.
        today = local_day(now, sources.home.tz)
        spans = (Span(today, today), spans[0]) if spans[0].days == 1 else (_like(spans[0], today), spans[0])
    if len(spans) < 2:
        return unknown("compare", "two_spans")
    return inquiry.compare(sources, asked.quantity or "load", spans[0], spans[1], now=now)


def _like(span: Span, today: date) -> Span:
    """The span of the same kind that ends today: this week, this month, or as many days."""
    if span.days == 7 and span.first.weekday() == 0:
        return Span(today - today.weekday() * DAY, today)
    if span.first.day == 1 and (span.last + DAY).day == 1 and span.days <= 31:
        return Span(today.replace(day=1), today)
    return Span(today - (span.days - 1) * DAY, today)


def _days_like(sources: Sources, asked: Question, now: datetime) -> Finding:
    return inquiry.days_like(sources, _span(asked, now, sources).first, now=now)


def _saved(sources: Sources, asked: Question, now: datetime) -> Finding:
    today = local_day(now, sources.home.tz)
    return inquiry.saved(sources, asked.spans[0] if asked.spans else Span(today - 7 * DAY, today), now=now)


def _best_start(sources: Sources, asked: Question, now: datetime) -> Finding:
    assert asked.load is not None  # noqa: S101 (such a question always has one)
    load = asked.load
    if load.assumed and (planned := _planned_device(sources, load.name)) is not None:
        return planned
    earliest = asked.window.start if asked.window and asked.window.at is None else None
    found = inquiry.best_start(
        sources,
        power_kw=load.power_kw,
        length_h=load.length_h,
        earliest=earliest,
        latest_end=asked.latest,
        now=now,
    )
    return replace(found, facts={**found.facts, "load": load.name, **({"assumed": "yes"} if load.assumed else {})})


def _planned_device(sources: Sources, load: str) -> Finding | None:
    """What is planned for the home's own device of that kind, where the question gives no figures of its own."""
    kind = next((one for one in vocabulary().loads if one.name == load), None)
    for device in sources.home.devices:
        if kind is not None and kind.is_in(plain(device.name.replace("_", " ").replace("-", " "))):
            return inquiry.device_ahead(sources, device.name)
    return None


def _prices(sources: Sources, asked: Question, now: datetime) -> Finding:
    del asked
    return inquiry.prices(sources, now=now)


def _status(sources: Sources, asked: Question, now: datetime) -> Finding:
    at = asked.window.at if asked.window is not None else None
    return inquiry.status(sources, now=now, at=at if at is not None and at < now else None)


def _battery_ahead(sources: Sources, asked: Question, now: datetime) -> Finding:
    window = asked.window
    at = None if window is None or window.end <= now else window.at or window.end
    return inquiry.battery_ahead(sources, at=at)


def _done(sources: Sources, asked: Question, now: datetime) -> Finding:
    """What was chosen in the stretch asked about; last night where none is named."""
    window = asked.window
    if window is not None and window.at is None and window.start < now:
        return inquiry.done(sources, window.start, min(window.end, now))
    if window is not None and window.at is not None:
        return inquiry.done(sources, window.at, now)
    return inquiry.done(sources, now - DAY, now)


def _hour(sources: Sources, asked: Question, now: datetime) -> Finding:
    today = local_day(now, sources.home.tz)
    span = asked.spans[0] if asked.spans else Span(today - 28 * DAY, today - DAY)
    quantity: Literal["load", "pv"] = "pv" if asked.quantity == "pv" else "load"
    return inquiry.busiest_hour(sources, span, quantity=quantity, most=asked.most)


def _share(sources: Sources, asked: Question, now: datetime) -> Finding:
    today = local_day(now, sources.home.tz)
    span = asked.spans[0] if asked.spans else Span(today - 7 * DAY, today)
    return inquiry.own_share(sources, span, now=now)


def _weekends(sources: Sources, asked: Question, now: datetime) -> Finding:
    today = local_day(now, sources.home.tz)
    quantity: Literal["load", "pv", "cost"] = "load"
    if asked.quantity in ("pv", "cost"):
        quantity = asked.quantity
    return inquiry.weekends(sources, Span(today - 56 * DAY, today - DAY), quantity=quantity, now=now)


def _dear_day(sources: Sources, asked: Question, now: datetime) -> Finding:
    yesterday = local_day(now, sources.home.tz) - DAY
    return inquiry.dear_day(sources, asked.spans[0] if asked.spans else Span(yesterday, yesterday), now=now)


def _heating(sources: Sources, asked: Question, now: datetime) -> Finding:
    del asked, now
    return inquiry.heating_ahead(sources)


def _nothing(told: str) -> _Answer:
    return lambda _sources, _asked, _now: unknown("scope", told)


def _help(sources: Sources, asked: Question, now: datetime) -> Finding:
    del sources, asked, now
    return Finding("scope", "scope.help")


_ANSWERS: dict[Aim, _Answer] = {
    "why": _why,
    "why_not": _why_not,
    "plan": _plan,
    "what_if": _what_if,
    "totals": _totals,
    "breakdown": _breakdown,
    "extreme": _extreme,
    "compare": _compare,
    "days_like": _days_like,
    "saved": _saved,
    "best_start": _best_start,
    "prices": _prices,
    "status": _status,
    "thermostat": _heating,
    "battery_ahead": _battery_ahead,
    "done": _done,
    "hour": _hour,
    "share": _share,
    "weekends": _weekends,
    "dear_day": _dear_day,
    "help": _help,
    "order": _nothing("order"),
    "off_subject": _nothing("off_subject"),
}
