"""Understands a household's note: its kind by what was learned, its times and amounts by code, its safety by rules."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from agent.decision.constraint_words import describe
from agent.language.amounts import find_amounts
from agent.language.kinds.learned import Guess, learned, read_text
from agent.language.kinds.names import INTO_CAR, NO_WISHES, WISHES
from agent.language.notes.building import NoteParts, NoWish, build
from agent.language.notes.safety import NO_WORD, denial, elsewhere, keeps_out_of_car, refusal, turned
from agent.language.text import Language, clean, language_of
from agent.language.times.clocks import TimeError
from agent.language.times.finding import Times, find_times, verbatim
from energy.constraints import Constraint, NoDischargeIntoCar, Reserve
from energy.devices import Car
from energy.home import Home

MAX_CHARS = 300
# Below this the kind of a note is not known; chosen on families of phrases that were left out.
SURE = 0.72
# And below this a text is no note at all.
_A_NOTE = 0.2
_SURE_OF_NONE = 0.75
_SURE_OF_A_PART = 0.6
# A wish as likely as this is offered where none is sure; two at most.
_MAY_BE, _CHOICES = 0.15, 2
_HALF = 0.5
_WHICH: dict[Language, str] = {"en": "Which do you mean?", "es": "¿Qué quieres decir?"}
_NEITHER: dict[Language, str] = {"en": "none of it", "es": "nada de eso"}

By = Literal["rules", "learned", "model"]


@dataclass(frozen=True, slots=True)
class Understood:
    """A note as a typed constraint, to be shown with `agent.decision.constraint_words.describe` and confirmed.

    `slots` are the words of the note that its times and amounts were read from; `confidence` is that of its kind.
    """

    constraint: Constraint
    language: Language
    by: By = "learned"
    assumed: tuple[str, ...] = ()
    kind: str = ""
    slots: tuple[str, ...] = ()
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Nothing was taken from a note, and why; `kind` is what it seems to be, a remark for example.

    `choices` are what it may mean, the likeliest first: the household is asked once, and nothing is taken unasked.
    """

    why: str
    kind: str = ""
    confidence: float = 1.0
    by: By = "rules"
    choices: tuple[Understood, ...] = ()

    @property
    def is_unclear(self) -> bool:
        """Whether it may be a wish that was not recognised, which a model may read or the household choose."""
        return not self.kind and self.by != "rules"

    @property
    def is_remark(self) -> bool:
        """Whether it asks for nothing that the plan knows, so that only a language model may weigh it."""
        return self.kind == "remark" or (self.is_unclear and not self.choices)


Fallback = Callable[[str, datetime, ZoneInfo], Understood | NotUnderstood]

HELP = (
    "this is none of the wishes known: try 'keep 60 % until 08:00', 'guests tonight', 'away until Sunday', "
    "'no charging from the grid tonight', 'do not sell tomorrow', 'car needs 40 km by 7:00'"
)
# What a note is that asks for nothing, by the kind that was learned.
_NO_WISHES = {
    "remark": f"nothing here is for the plan: say what shall hold and until when. {HELP[0].upper()}{HELP[1:]}",
    "denied": "this takes something back: say what shall be done, or withdraw the earlier note",
    "past": "this speaks of something past: a note is about what is coming",
    "conditional": "this hangs on a condition, which cannot be followed safely: say the wish alone, in one sentence",
    "elsewhere": "this is not about this house's battery: say only what shall hold here",
}
_PARTS = re.compile(r"[,;.:]+\s|\b(?:and|also|plus|y|ademas|tambien)\b")
# Kinds that say one thing together.
_TOGETHER = ({"guests", "extra_load"}, {"no_grid_charge", "no_export"})


def understand(
    text: str,
    *,
    now: datetime,
    tz: ZoneInfo,
    home: Home | None = None,
    fallback: Fallback | None = None,
) -> Understood | NotUnderstood:
    """Read one wish out of a note.

    A note whose kind is not sure goes to `fallback` (a model); what the rules refuse (something past, denied,
    impossible or dangerous) does not. The result is checked against the home's limits either way.
    """
    cleaned = clean(text)
    if not cleaned or len(text) > MAX_CHARS:
        return NotUnderstood(f"a note has 1 to {MAX_CHARS} characters, this one {len(text)}")
    read = read_text(cleaned)
    times, whole = find_times(read.words), read.guess
    if why := refusal(read.words) or refusal(read.meant) or _past_time(times, read.words):
        return NotUnderstood(why)
    guess = _guess(whole)
    sure = guess.confidence >= SURE and guess.weight >= _A_NOTE and whole.is_known
    if keeps_out_of_car(read.words):
        result = as_wish(INTO_CAR, cleaned, now=now, tz=tz, home=home, by="rules")
    elif guess.kind in WISHES and not sure and (why := _no_wish(guess.kind, read.meant)):
        return NotUnderstood(why, guess.kind, guess.confidence)
    elif guess.kind in WISHES and sure:
        result = as_wish(guess.kind, cleaned, now=now, tz=tz, home=home, confidence=guess.confidence)
    elif guess.kind in _NO_WISHES and (sure or guess.kind != "remark") and guess.weight >= _A_NOTE:
        result = NotUnderstood(_NO_WISHES[guess.kind], guess.kind, guess.confidence, "learned")
    else:
        result = fallback(text, now, tz) if fallback else NotUnderstood(HELP, "", guess.confidence, "learned")
    if isinstance(result, Understood):
        return _possible(result, home)
    if not result.is_unclear or whole.outside >= _HALF:
        return result
    likely = [kind for kind, share in guess.ranked if kind in WISHES and share >= _MAY_BE][:_CHOICES]
    read_as = (as_wish(kind, cleaned, now=now, tz=tz, home=home, confidence=guess.confidence) for kind in likely)
    possible = (_possible(one, home) for one in read_as if isinstance(one, Understood))
    choices = {one.constraint.model_dump_json(): one for one in possible if isinstance(one, Understood)}
    return replace(result, choices=tuple(choices.values()))


def asked_back(unclear: NotUnderstood, tz: ZoneInfo) -> str:
    """The question to the household: which of two things a note means, or whether it means the one."""
    language = unclear.choices[0].language
    options = [describe(one.constraint, tz, language).rstrip(".") for one in unclear.choices]
    options += [_NEITHER[language]] * (_CHOICES - len(options))
    numbered = " ".join(f"{number}) {text}" for number, text in enumerate(options, start=1))
    return f"{_WHICH[language]} {numbered}"


def _guess(whole: Guess) -> Guess:
    """What a note is: where a wish comes next to the past or to a condition, of which the rules found none, a wish."""
    guess = whole.among(WISHES | NO_WISHES)
    if guess.kind in ("past", "conditional", "elsewhere") and guess.confidence >= _SURE_OF_NONE:
        return guess
    return guess.among(WISHES | {"denied", "remark"})


def words_of(text: str) -> tuple[str, ...]:
    """The words of a note that say a time or an amount, as they stand in it."""
    read = read_text(text)
    places, times = read.places, find_times(read.words)
    amounts = (text[places[one.begin] : places[one.end - 1] + 1] for one in find_amounts(times.rest))
    return (*verbatim(text, places, times), *amounts)


def as_wish(
    kind: str,
    text: str,
    *,
    now: datetime,
    tz: ZoneInfo,
    home: Home | None = None,
    by: By = "learned",
    confidence: float = 1.0,
) -> Understood | NotUnderstood:
    """A note of a known kind as a constraint, or why it is none."""
    read = read_text(text)
    times = find_times(read.words)
    if why := _no_wish(kind, read.meant):
        return NotUnderstood(why, kind, confidence)
    wish = NoteParts(read.words, times, now, tz, home)
    try:
        constraint, assumed = build(kind, wish)
    except (NoWish, TimeError) as err:
        return NotUnderstood(str(err), kind, confidence)
    except ValidationError as err:
        return NotUnderstood("; ".join(problem["msg"] for problem in err.errors(include_url=False)), kind, confidence)
    return Understood(constraint, language_of(text), by, assumed, kind, words_of(text), confidence)


def _no_wish(kind: str, plain: str) -> str | None:
    """Why a note of this kind is not one wish for this house."""
    rest = find_times(plain).rest
    if parts := _more_wishes(kind, rest):
        return f"this says more than one thing ({' and '.join(sorted(parts))}): write them as separate notes"
    if word := elsewhere(kind, plain):
        return f"{word!r} is not this house's battery: say only what shall hold here"
    if why := turned(kind, plain):
        return why
    if (word := denial(kind, rest)) is not None:
        what = "this" if word == NO_WORD else repr(word)
        return f"{what} denies something: say what shall be done, or withdraw the earlier note"
    return None


def _past_time(times: Times, plain: str) -> str | None:
    """Words of a time that is over, such as last night."""
    past = next((one for one in times.found if one.last_night or one.back), None)
    words = plain[past.begin : past.end] if past else ""
    match = re.search(
        r"\b(?:yesterday|ayer|anteayer|last (?:week|month|weekend|\w+day|year)|(?:semana|mes|finde|ano|"
        r"\w+s) pasad[oa](?! manana))\b",
        plain,
    )
    words = words or (match[0] if match else "")
    return f"{words!r} speaks of something past: a note is about what is coming" if words else None


def _more_wishes(kind: str, rest: str) -> set[str]:
    """The kinds of a note whose parts are wishes of different kinds."""
    parts = [part.strip(" .") for part in _PARTS.split(rest)]
    kinds = {kind}
    if len(parts) > 1:
        kinds |= {guess.kind for guess in map(_sure_part, parts) if guess is not None}
    alone = kinds <= _TOGETHER[0] or len(kinds) == 1
    return set() if alone else kinds


def _sure_part(part: str) -> Guess | None:
    """What a part of a note asks for, where that is sure."""
    if re.search(r"[^\W\d_]{4,}", part) is None:
        return None
    guess = learned().guess(part)
    return guess if guess.kind in WISHES and guess.ranked[0][1] >= _SURE_OF_A_PART else None


def _possible(result: Understood, home: Home | None) -> Understood | NotUnderstood:
    """What this home can do at all."""
    wish = result.constraint
    if home is None or not isinstance(wish, Reserve | NoDischargeIntoCar):
        return result
    if not home.battery.capacity_kwh:
        return NotUnderstood("this home has no battery: there is nothing to keep")
    if isinstance(wish, NoDischargeIntoCar):
        if any(isinstance(one, Car) for one in home.devices):
            return result
        return NotUnderstood(
            "this home has no car that the advisor knows: list it in home.toml as a device of kind 'car'"
        )
    if wish.soc > home.battery.max_soc:
        most = home.battery.max_soc
        return NotUnderstood(f"{wish.soc:.0%} is above what this battery may hold: give up to {most:.0%}")
    return result
