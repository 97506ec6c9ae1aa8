"""A question taken apart by rules, in English and Spanish: which inquiry it asks for, about what, and when."""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, cast
from zoneinfo import ZoneInfo

from agent.language.questions.amounts import Load, change_of, load_of
from agent.language.questions.dates import BadDate, find_spans
from agent.language.questions.vocabulary import first_named, vocabulary
from agent.language.questions.when import Window, find_clock, latest_of, start_of, window_of
from agent.queries import Change, Grain, Quantity, Span
from energy.commands import Mode
from energy.slots import local_day

Language = Literal["en", "es"]
# What a question can ask for: the inquiries, and some that need none.
Aim = Literal[
    "why", "why_not", "plan", "what_if", "totals", "extreme", "compare", "breakdown", "days_like", "saved",
    "best_start", "prices", "status", "thermostat", "battery_ahead", "hour", "share", "weekends", "dear_day", "done",
    "unit_cost", "panels", "nights", "usually_empty", "forecast_check", "faults", "battery_then", "expected", "sure",
    "mode_ahead", "who", "times", "charge_range", "last_full", "when_dear", "daily_mean", "outage", "losses", "home",
    "wishes", "sizing", "meaning", "away", "not_measured", "thanks", "help", "order", "off_subject",
]  # fmt: skip

MAX_QUESTION = 2000


@dataclass(frozen=True, slots=True)
class Question:
    """What a question says, each part as far as it says it; `latest` is by when a load must be done."""

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


def clean(question: str | bytes) -> str:
    """A question as plain text: what is not UTF-8, and control characters, become spaces."""
    text = question if isinstance(question, str) else question.decode("utf-8", "replace")
    text = text.encode("utf-8", "replace").decode("utf-8", "replace").replace("\ufffd", " ")
    visible = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    return " ".join(visible.split())


def plain(text: str) -> str:
    """Small letters without accents, for patterns."""
    decomposed = unicodedata.normalize("NFKD", text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def understand(text: str, *, now: datetime, zone: ZoneInfo, before: Language = "en") -> Question:
    """Take a cleaned question apart; `before` is the language to assume where it does not show."""
    words, vocabulary_ = plain(text), vocabulary()
    asked = Question(text, language_of(text, before), _aim(words))
    spans, clock = find_spans(words, local_day(now, zone)), find_clock(words)
    if isinstance(spans, BadDate):
        return replace(asked, bad_date=spans.text)
    if isinstance(clock, BadDate):
        return replace(asked, bad_date=clock.text)
    quantity, mode = first_named(vocabulary_.quantities, words), first_named(vocabulary_.modes, words)
    return replace(
        asked,
        spans=spans,
        window=window_of(words, spans, clock, now, zone),
        quantity=cast(Quantity, quantity.name) if quantity else None,
        most=vocabulary_.least.search(words) is None,
        grain=_grain(words),
        mode=Mode(mode.name) if mode else None,
        change=change_of(words, start_of(spans, clock, now, zone)),
        load=load_of(words),
        latest=latest_of(words, spans, clock, now, zone),
    )


def with_aim(question: Question, aim: Aim, quantity: Quantity | None) -> Question:
    """The same question for another aim, as a model read it; dates and figures stay as they were written."""
    return replace(question, aim=aim, quantity=quantity or question.quantity)


_SPANISH = re.compile(
    r"\b(?:que|cuanto|cuanta|cuantos|cuando|como|cual|por|el|la|los|las|un|una|de|del|en|es|esta|hoy|ayer|mi|mis|fue|hubo|"
    r"hay|con|sin|para|si|porque|donde|bateria|consumi|gaste|pague|dia|dias|semana|mes|hola|gracias|ayuda)\b"
)
_ENGLISH = re.compile(
    r"\b(?:what|why|how|when|which|who|the|is|was|were|did|do|does|much|many|my|of|in|on|to|if|and|for|it|you|should|would|"
    r"will|can|not|battery|yesterday|today|last|week|month|day|hello|thanks|help)\b"
)


def language_of(text: str, before: Language = "en") -> Language:
    """English or Spanish, by the small words and the letters that only one of them has."""
    if re.search(r"[¿¡ñÑ]", text):
        return "es"
    words = plain(text)
    spanish, english = len(_SPANISH.findall(words)), len(_ENGLISH.findall(words))
    return before if spanish == english else "es" if spanish > english else "en"


# Aims that need no word about the home.
_ALWAYS = (
    "order",
    "help",
    "thermostat",
    "thanks",
    "not_measured",
    "sure",
    "faults",
    "away",
    "meaning",
    "wishes",
    "outage",
)
_OURS = re.compile(
    r"\b(?:yesterday|today|week|month|year|day|tomorrow|doing|do next|ayer|hoy|semana|mes|manana|dia|ano|haciendo"
    r"|\w+day|lunes|martes|miercoles|jueves|viernes|sabado|domingo)\b"
)
_YOU = re.compile(r"\b(?:you|did that|do that|does it|do it|hiciste|hace eso|haces|eso)\b")


def _aim(words: str) -> Aim:
    """What is asked for; a question that names nothing of the home is off the subject, unless it is about us."""
    named, about_home = first_named(vocabulary().aims, words), vocabulary().subject.search(words) is not None
    if named is not None and (named.name in _ALWAYS or about_home or _is_about_us(words, named.name)):
        return cast(Aim, named.name)
    if not about_home:
        return "off_subject"
    return "totals" if first_named(vocabulary().quantities, words) else "help"


def _is_about_us(words: str, aim: str) -> bool:
    """Short questions such as "why?" or "how was yesterday?" can only be about the home."""
    if aim in ("why", "why_not"):
        return len(words.split()) <= 3 or _YOU.search(words) is not None
    if aim == "done":
        return True
    short = len(words.split()) <= 8
    return aim in ("totals", "days_like", "plan", "status", "compare") and short and _OURS.search(words) is not None


def _grain(words: str) -> Grain | None:
    for grain, pattern in _GRAINS:
        if re.search(pattern, words):
            return grain
    return None


_GRAINS: tuple[tuple[Grain, str], ...] = (
    ("month", r"\b(?:by|per|each|every) month|\bmonthly|\bmensual|\b(?:por|cada) mes|\bal mes\b"),
    ("week", r"\b(?:by|per|each|every) week|\bweekly|\bsemanal|\b(?:por|cada) semana|\ba la semana\b"),
    ("day", r"\b(?:by|per|each|every) day|\bdaily|\bdiari|\b(?:por|cada) dia|\bal dia\b"),
)
