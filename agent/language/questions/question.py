"""A question taken apart: which query it asks for, as was learned by examples, about what, and when."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, cast
from zoneinfo import ZoneInfo

from agent.language.kinds.learned import Guess, ReadText, read_text
from agent.language.kinds.masking import masked
from agent.language.kinds.names import NO_WISHES, WISHES
from agent.language.questions.changes import Load, change_of, load_of
from agent.language.questions.vocabulary import first_named, vocabulary
from agent.language.text import Language, language_of
from agent.language.times.asked import Window, latest_asked, spans_asked, start_asked, window_asked
from agent.language.times.finding import Times, find_times, verbatim
from agent.queries import Change, Grain, Quantity, Span
from energy.commands import Mode
from energy.slots import DAY, local_day

# What a question can ask for: the queries, some answers that need none, and a wish that belongs into a note.
Aim = Literal[
    "why", "why_not", "plan", "what_if", "totals", "extreme", "compare", "breakdown", "days_like", "saved",
    "best_start", "prices", "status", "thermostat", "battery_ahead", "hour", "share", "weekends", "dear_day", "done",
    "unit_cost", "panels", "nights", "usually_empty", "forecast_check", "faults", "battery_then", "expected", "sure",
    "mode_ahead", "who", "times", "charge_range", "last_full", "when_dear", "daily_mean", "outage", "losses", "home",
    "wishes", "sizing", "meaning", "if_away", "not_measured", "thanks", "help", "order", "off_subject", "wish",
    "bill", "unsure",
]  # fmt: skip
# Below this what a question asks for is not known; chosen on families of phrases that were left out.
SURE = 0.7
# And above this it is about nothing that is known; between this and a half it is unclear.
_OUTSIDE = 0.8
# What looks ahead: its weekdays are the coming ones.
_AHEAD = frozenset({
    "plan", "expected", "battery_ahead", "mode_ahead", "best_start", "prices", "what_if", "if_away", "outage",
    "thermostat",
})  # fmt: skip
_FUTURE = re.compile(r"\b(?:will|going to|'ll|shall|sera|hara|habra|vamos a|va a|estara|tendremos)\b")
_ORDER = re.compile(
    r"\b(?:ignore|forget|disregard|override|bypass|olvida|ignora|salta|omite)\b.{0,60}\b(?:rule|instruction|guard|limit|polic|prompt|"
    r"safety|regla|instruccion|limite|orden|seguridad)|system prompt|developer mode|jailbreak"
)

# With a question mark only these may wish.
_POLITE = re.compile(
    r"^\W*(?:can you|could you|would you|will you|puedes|podrias|please|por favor|me (?:guardas|dejas))\b"
)
# Certain by their form.
_WHY_NOT = re.compile(r"\bwhy\b.{0,30}(?:n't|\bnot\b)|\bpor ?que no\b")
_WHY = re.compile(r"^\W*(?:(?:and|so|y|pero) )?(?:why|how come|por ?que|como es que)\b")
_HAPPENED = re.compile(r"^\W*(?:what happened|que paso)\b")
_COST_TO = re.compile(
    r"\bhow much .{0,20}cost .{0,12}to (?:run|use|charge|heat|start|plug)\b"
    r"|\bcuanto (?:cuesta|costaria|costara) (?:poner|cargar|usar|encender|enchufar)\b"
)
# A bill as such, or that of a whole month: what a day cost are totals, why it is high and which day did it are others.
_BILL = re.compile(
    r"^(?=.*\b(?:bill|billed|invoice|factura)\b)"
    r"(?!.*\b(?:why|por ?que|wrong|steep|high|odd|alta|cara|rara|normal|through|gas|water|agua|without|sin|if|si|"
    r"day|dia|yesterday|ayer|week|semana|year|ano|save[sd]?|lower\w*|baj\w+|ahorr\w+)\b)"
)
_BILL_AIMS = frozenset({"totals", "unsure", "dear_day", "breakdown", "not_measured", "order", "nights", "plan"})

# A wish says when, or how much, and nothing of what is over.
_HOLDS_SOMETHING = re.compile(r"[@#]")
_IS_PAST = re.compile(r"@(?:past|lastnight)")

_OUTAGE = re.compile(r"\b(?:power cuts?|power outage|blackout|apagon|corte de (?:luz|corriente)|se va la luz)\b")
_FORMS: tuple[tuple[Aim, re.Pattern[str]], ...] = (
    ("off_subject", re.compile(r"^[^a-z]*$")),
    ("order", _ORDER),
    ("why_not", _WHY_NOT),
    ("best_start", _COST_TO),
    ("outage", _OUTAGE),
)

By = Literal["rules", "learned", "model"]


@dataclass(frozen=True, slots=True)
class Question:
    """What a question says, each part as far as it says it; `latest` is by when a load must be done.

    `confidence` is that of the aim, `by` who found it, `nearest` the likeliest aims, `slots` the words of its times.
    """

    text: str
    language: Language
    aim: Aim
    spans: tuple[Span, ...] = ()
    window: Window | None = None
    quantity: Quantity | None = None
    most: bool = True
    grain: Grain | None = None
    mode: Mode | None = None
    change: Change | None = None
    load: Load | None = None
    latest: datetime | None = None
    bad_date: str | None = None
    confidence: float = 1.0
    by: By = "learned"
    nearest: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()


def understand(
    text: str, *, now: datetime, zone: ZoneInfo, before: Language = "en", earlier: "Question | None" = None
) -> Question:
    """Take a cleaned question apart.

    `before` is the language to assume where it does not show; `earlier` the question before it in a conversation, from
    which a short one ("and yesterday?") takes what it leaves out.
    """
    read = read_text(text)
    words, places, times = read.words, read.places, find_times(read.words)
    aim, guess = _aim(text, read)
    asked = _parts(Question(text, language_of(text, before), aim), words, times, now=now, zone=zone)
    asked = replace(
        asked,
        confidence=guess.confidence if guess else 1.0,
        by="learned" if guess else "rules",
        nearest=tuple(kind for kind, _ in guess.ranked if kind not in WISHES)[:2] if guess else (),
        slots=tuple(verbatim(text, places, times)),
    )
    return follow_up(asked, words, times, earlier) if earlier is not None else asked


def with_aim(question: Question, aim: Aim, quantity: Quantity | None) -> Question:
    """The same question for another aim, as a model read it; dates and figures stay as they were written."""
    return replace(question, aim=aim, quantity=quantity or question.quantity, by="model")


def _aim(text: str, read: ReadText) -> tuple[Aim, Guess | None]:
    """What is asked for: by rule where the form makes it certain, else as learned; a wish is one for the notes."""
    words, whole = read.words, read.guess
    guess = whole.among({kind for kind, _ in whole.ranked} - NO_WISHES)
    if _IS_PAST.search(masked(words)) or ("?" in text and not _POLITE.search(words)):
        guess = guess.among({kind for kind, _ in guess.ranked} - WISHES)
    if (certain := _by_form(words, guess)) is not None:
        return certain, None
    if whole.outside >= _OUTSIDE and not whole.is_known:
        return "off_subject", guess
    unclear = guess.confidence < SURE or not whole.is_known
    if guess.kind in WISHES:
        return ("wish" if not unclear and _HOLDS_SOMETHING.search(masked(words)) else "unsure"), guess
    return ("unsure" if unclear else cast(Aim, guess.kind)), guess


def _by_form(words: str, guess: Guess) -> Aim | None:
    """What a question asks for where its form leaves no doubt."""
    for aim, pattern in _FORMS:
        if pattern.search(words):
            return aim
    # Why or why not: the form says which, and a state is never asked for so.
    if _WHY.search(words) and guess.kind in ("why", "why_not", "status"):
        return "why"
    if _HAPPENED.search(words) and guess.kind in ("done", "totals"):
        return "done"
    if _BILL.search(words) and guess.kind in _BILL_AIMS:
        return "bill"
    return None


def _parts(asked: Question, words: str, times: Times, *, now: datetime, zone: ZoneInfo) -> Question:
    """The question with its times, quantity, mode, load and change."""
    ahead = asked.aim in _AHEAD or _FUTURE.search(words) is not None
    if times.problem:
        return replace(asked, bad_date=_offending(times.problem))
    try:
        spans = spans_asked(times, words, local_day(now, zone), ahead=ahead)
    except (ValueError, OverflowError) as err:
        return replace(asked, bad_date=_offending(str(err)))
    if times.unread and not spans and asked.aim in _NEEDS_A_DAY and (times.misspelt or times.unread in _FEASTS):
        return replace(asked, bad_date=times.unread)
    quantity, mode = first_named(vocabulary().quantities, words), first_named(vocabulary().modes, words)
    return replace(
        asked,
        spans=spans,
        window=window_asked(times, spans, now, zone),
        quantity=cast(Quantity, quantity.name) if quantity else None,
        most=vocabulary().least.search(words) is None,
        grain=_grain(words),
        mode=Mode(mode.name) if mode else None,
        change=change_of(words, start_asked(times, spans, now, zone)),
        load=load_of(words),
        latest=latest_asked(times, spans, now, zone),
    )


def _offending(problem: str) -> str:
    """The words of a time that cannot be."""
    return problem.partition(" is no")[0].partition(" are none")[0]


# Feasts and seasons that no calendar here knows: a question about them must not be answered for another day.
_FEASTS = frozenset({
    "christmas", "xmas", "easter", "navidad", "navidades", "nochebuena", "nochevieja", "reyes", "pascua", "summer",
    "winter", "spring", "autumn", "verano", "invierno", "primavera", "otono", "fortnight", "quincena", "decade",
    "semana santa", "new year", "new year's",
})  # fmt: skip
_NEEDS_A_DAY = frozenset(
    {"totals", "extreme", "compare", "breakdown", "saved", "dear_day", "share", "done", "charge_range"}
)


_LEADS_ON = re.compile(r"^\W*(?:and|y|what about|how about|que hay de|or|o|but|pero|then|same|lo mismo)\b")
_ALONE_WHY_NOT = re.compile(r"^\W*(?:and |but |y |pero )?(?:why not|por que no)\W*$")
_UNITS = re.compile(r"\bin (?:kwh|money|euros?|dollars?)\b|\ben (?:kwh|dinero|euros?|dolares)\b")


def follow_up(asked: Question, words: str, times: Times, earlier: Question) -> Question:
    """A question that leaves something out, filled from the one before it."""
    if _ALONE_WHY_NOT.match(words):
        return replace(
            asked, aim="why_not", window=earlier.window, spans=earlier.spans, mode=earlier.mode or asked.mode
        )
    bare = len(re.findall(r"[^\W\d_]{2,}", times.rest)) <= 4
    leads = _LEADS_ON.match(words) is not None or (bare and asked.aim == "unsure")
    if not (leads and bare) or earlier.aim in ("unsure", "wish", "thanks", "help", "order", "off_subject"):
        return asked
    in_units = _UNITS.search(words) is not None
    quantity = asked.quantity if asked.quantity and (in_units or not times.found) else earlier.quantity
    if in_units and re.search(r"\b(?:money|dinero|euros?|dollars?|dolares)\b", words):
        quantity = "cost"
    elif in_units and earlier.quantity == "cost":
        quantity = "load"
    kept = replace(
        earlier,
        text=asked.text,
        language=asked.language,
        quantity=quantity,
        confidence=asked.confidence,
        slots=asked.slots,
    )
    if times.found:
        spans = asked.spans
        if len(spans) == 0 or (earlier.spans and len(earlier.spans) == 2 and len(spans) == 1):
            spans = spans or earlier.spans
        kept = replace(kept, spans=spans, window=asked.window, latest=asked.latest)
    elif earlier.spans and re.search(r"\bday before\b|\bdia (?:anterior|antes)\b", words):
        first, window = earlier.spans[0].first - DAY, earlier.window
        before = window and Window(window.start - DAY, window.start)
        kept = replace(kept, spans=(Span(first, first),), window=before)
    return kept


def _grain(words: str) -> Grain | None:
    return next((grain for grain, pattern in _GRAINS if re.search(pattern, words)), None)


_GRAINS: tuple[tuple[Grain, str], ...] = (
    (
        "month",
        r"\b(?:by|per|each|every|a|por|cada|al) (?:months?|mes(?:es)?)\b|\b(?:monthly|mensual)",
    ),
    ("week", r"\b(?:by|per|each|every|a|por|cada|a la) (?:weeks?|semanas?)\b|\b(?:weekly|semanal)"),
    ("day", r"\b(?:by|per|each|every|a|por|cada|al) (?:days?|dias?)\b|\b(?:daily|diari)"),
)
