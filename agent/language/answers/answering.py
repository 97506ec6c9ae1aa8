"""From a question taken apart to the inquiry that answers it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from agent import queries as inquiry
from agent.language.answers.answering_past import ANSWERS, Answer
from agent.language.questions.question import Aim, Question
from agent.language.questions.vocabulary import first_named, vocabulary
from agent.language.text import plain
from agent.queries import Fact, Finding, Sources, unknown
from energy.commands import Mode
from energy.slots import DAY, local_day

# How far back a decision of some mode is looked for where the question names no time.
_LATELY = timedelta(days=7)
# What shall run tonight may run until the household gets up.
_TONIGHT = re.compile(r"\b(?:tonight|overnight|esta noche)\b")
_UNTIL_MORNING = timedelta(hours=7)


# A question in the present tense is about now.
_PRESENT = re.compile(
    r"\b(?:is|are|'s|'re)\b.*\w+ing\b|\b(?:right )?now\b|\best\w+\b.*\w+[aei]ndo\b|\bahora\b|\bcarga\b|\bdescarga\b"
)
# Whether what is stored suffices, or runs out, wants a yes or a no.
_EMPTIES = re.compile(r"\b(?:empty|flat|run\w* out|dead|vaci\w+|sec\w+|agot\w+|quedar\w* sin)\b")
_LASTS = re.compile(
    r"\b(?:last|make it|enough|through|hold out|get us|get by|suffice|llega\w*|aguant\w+|dur\w+|bast\w+|"
    r"suficiente|alcanz\w+|pasamos)\b"
)


# Without one of these "what happened" is about the house, and not about decisions.
_OF_DECISIONS = re.compile(
    r"\b(?:you|it|battery|advisor|decid\w+|decisions?|modes?|log|hicist\w+|hecho|hizo|bateria|asesor|modos?|registro|portaste)\b"
)


def run(sources: Sources, asked: Question, *, now: datetime) -> Finding:
    """Run the inquiry that a question asks for; what cannot be answered gives a finding that says so."""
    if asked.bad_date is not None:
        return unknown("scope", "bad_date", text=asked.bad_date)
    return _ANSWERS[asked.aim](sources, asked, now)


def _why(sources: Sources, asked: Question, now: datetime) -> Finding:
    window, mode = asked.window, asked.mode
    if window is not None and window.at is not None:
        return inquiry.why(sources, at=window.at)
    if window is None and _PRESENT.search(plain(asked.text)):
        return inquiry.why_now(sources)
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


def _plan(sources: Sources, asked: Question, now: datetime) -> Finding:
    window = asked.window
    if window is not None and window.end <= now:
        return inquiry.planned(sources, at=window.at or window.end)
    found = inquiry.planned(sources)
    end = found.facts.get("plan_end")
    if window is not None and isinstance(end, datetime):
        # A bill of a week or a month is no plan of a day.
        too_long = asked.quantity == "cost" and window.end > end + DAY
        if window.start >= end or too_long:
            return unknown("plan", "beyond_plan", plan_end=end)
    return found


def _best_start(sources: Sources, asked: Question, now: datetime) -> Finding:
    assert asked.load is not None  # noqa: S101 (such a question always has one)
    load = asked.load
    if load.assumed and (planned := _planned_device(sources, load.name)) is not None:
        return planned
    window = asked.window if asked.window and asked.window.at is None else None
    if window is not None and _TONIGHT.search(plain(asked.text)):
        window = replace(window, end=window.end + _UNTIL_MORNING)
    found = inquiry.best_start(
        sources,
        power_kw=load.power_kw,
        length_h=load.length_h,
        earliest=window.start if window else None,
        latest_end=asked.latest or (window.end if window else None),
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


def _is_past(asked: Question) -> bool:
    return re.search(r"\b(?:was|were|did|had|fue|fueron|hubo|tuvimos)\b", plain(asked.text)) is not None


def _prices(sources: Sources, asked: Question, now: datetime) -> Finding:
    window = asked.window
    if asked.spans and window is not None and (window.end <= now or (window.start < now and _is_past(asked))):
        return inquiry.prices_then(sources, asked.spans[0], now=now)
    return inquiry.prices(sources, now=now)


def _status(sources: Sources, asked: Question, now: datetime) -> Finding:
    """How it is now, was at a time that is past, or how it went over a day that is."""
    window = asked.window
    if window is None or (window.at or window.end) > now:
        return inquiry.status(sources, now=now, at=None)
    if asked.spans and window.is_whole_days:
        return inquiry.charge_range(sources, asked.spans[0], now=now)
    return inquiry.status(sources, now=now, at=window.at or window.start)


def _battery_ahead(sources: Sources, asked: Question, now: datetime) -> Finding:
    window = asked.window
    at = None if window is None else window.at or window.end
    if at is not None and at <= now:
        # A time of day without a day is the next one where it is about what will be.
        at = at + DAY if not asked.spans and window is not None and window.at is not None else None
    found = inquiry.battery_ahead(sources, at=at)
    if found.known and re.match(r"\W*(?:when|how|at what|cuando|cuanto|a que|hasta)\b", plain(asked.text)) is None:
        found = _yes_or_no(found, asked, at)
    return found


def _yes_or_no(found: Finding, asked: Question, at: datetime | None) -> Finding:
    """The same with whether the battery lasts, or runs empty, until then, where the question wants to know that."""
    text = plain(asked.text)
    empties = _EMPTIES.search(text) is not None
    if not empties and _LASTS.search(text) is None:
        return found
    empty = found.facts.get("empty_at")
    runs_out = isinstance(empty, datetime) and (at is None or empty <= at)
    answer = {"empties" if empties else "lasts": "yes" if runs_out is empties else "no"}
    return replace(found, facts={**found.facts, **answer})


def _mode_ahead(sources: Sources, asked: Question, now: datetime) -> Finding:
    return _plan(sources, asked, now) if asked.mode is None else inquiry.mode_ahead(sources, asked.mode)


def _outage(sources: Sources, asked: Question, now: datetime) -> Finding:
    del now
    if _is_past(asked):
        return unknown("scope", "not_measured")
    return inquiry.outage(sources)


def _not_measured(sources: Sources, asked: Question, now: datetime) -> Finding:
    del sources, now
    if asked.load is not None and asked.load.name != "load":
        return unknown("totals", "not_apart", load=asked.load.name)
    return unknown("scope", "not_measured")


def _done(sources: Sources, asked: Question, now: datetime) -> Finding:
    """What was chosen in the stretch asked about; last night where none is named."""
    window = asked.window
    if asked.spans and window is not None and window.is_whole_days and not _OF_DECISIONS.search(plain(asked.text)):
        return ANSWERS["totals"](sources, asked, now)
    if window is not None and window.at is None and window.start < now:
        return inquiry.done(sources, window.start, min(window.end, now))
    if window is not None and window.at is not None:
        since = re.search(r"\b(?:since|desde|after|despues)\b", plain(asked.text))
        return inquiry.done(sources, window.at, now) if since else inquiry.why(sources, at=window.at)
    return inquiry.done(sources, now - DAY, now)


def _times(sources: Sources, asked: Question, now: datetime) -> Finding:
    """How often a mode was chosen; in the last seven days where no time is named."""
    if asked.mode is None:
        return _done(sources, asked, now)
    window = asked.window
    start, end = (window.start, min(window.end, now)) if window and not window.at else (now - _LATELY, now)
    return inquiry.how_often(sources, asked.mode, start, end)


def _battery_then(sources: Sources, asked: Question, now: datetime) -> Finding:
    """How the battery came to be full or empty at a time past; now where none is named."""
    window, full = (
        asked.window,
        re.search(r"\b(?:full|llena|charged|cargada|high|alta)\b", plain(asked.text)) is not None,
    )
    end = min(window.at or window.end, now) if window else now
    start = window.start if window is not None and window.at is None else end - timedelta(hours=1)
    return inquiry.battery_then(sources, start, end, full=full) or _why(sources, asked, now)


def _expected(sources: Sources, asked: Question, now: datetime) -> Finding:
    window = asked.window
    if asked.quantity not in (None, "load", "pv"):
        return _plan(sources, asked, now)
    start, end = (window.start, window.end) if window is not None and window.at is None else (now, now + DAY)
    return inquiry.expected(sources, "pv" if asked.quantity == "pv" else "load", max(start, now), end)


def _meaning(sources: Sources, asked: Question, now: datetime) -> Finding:
    del sources, now
    term = first_named(vocabulary().terms, plain(asked.text))
    return Finding("scope", f"meaning.{term.name}") if term is not None else Finding("scope", "scope.help")


def _unsure(sources: Sources, asked: Question, now: datetime) -> Finding:
    """What was not understood, and the two questions that come nearest."""
    del sources, now
    first, second = (*asked.nearest, "status", "plan")[:2]
    return unknown("scope", "unsure", first_example=first, second_example=second)


def _nothing(form: str) -> Answer:
    return lambda _sources, _asked, _now: unknown("scope", form)


def _of_now(query: Callable[[Sources], Finding]) -> Answer:
    """A query that takes no words and no time."""
    return lambda sources, _asked, _now: query(sources)


def _latest(asked: Question, now: datetime) -> datetime | None:
    """The moment asked about, or the latest of the stretch; None where no time is named."""
    return None if asked.window is None else asked.window.latest(now)


_ANSWERS: dict[Aim, Answer] = {
    **ANSWERS,
    "why": _why,
    "why_not": lambda sources, asked, now: inquiry.why_not(sources, asked.mode, at=_latest(asked, now)),
    "plan": _plan,
    "what_if": lambda sources, asked, _now: (
        inquiry.what_if(sources, asked.change)
        if asked.change is not None and asked.change.names
        else unknown("what_if", "no_change")
    ),
    "best_start": _best_start,
    "prices": _prices,
    "status": _status,
    "thermostat": _of_now(inquiry.heating_ahead),
    "battery_ahead": _battery_ahead,
    "done": _done,
    "battery_then": _battery_then,
    "expected": _expected,
    "mode_ahead": _mode_ahead,
    "who": lambda sources, asked, now: inquiry.who_chose(sources, at=_latest(asked, now)),
    "times": _times,
    "outage": _outage,
    "home": _of_now(inquiry.about_home),
    "wishes": _of_now(inquiry.wishes),
    "sizing": _nothing("sizing"),
    "sure": _of_now(inquiry.how_sure),
    "meaning": _meaning,
    "if_away": _nothing("away"),
    "unsure": _unsure,
    "wish": _nothing("wish_unclear"),
    "not_measured": _not_measured,
    "thanks": _nothing("thanks"),
    "help": lambda _sources, _asked, _now: Finding("scope", "scope.help"),
    "order": _nothing("order"),
    "off_subject": _nothing("off_subject"),
}
