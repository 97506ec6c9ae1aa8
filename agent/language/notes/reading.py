"""Understands a household's note: a grammar of common wishes in English and Spanish, with no guess where it ends."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from agent.language.notes.grammar import (
    NUMBER,
    denial,
    elsewhere,
    is_ready_by,
    language_of,
    meal,
    refusal,
    strange_words,
    turned,
    wishes,
)
from agent.language.notes.times import NoteSpan, TimeError, find_span
from energy.constraints import Away, CarReady, Constraint, ExtraLoad, NoExport, NoGridCharge, Reserve
from energy.home import Home

MAX_CHARS = 300
# What is assumed where a note does not say it; the confirmation shows it.
CAR_KWH_PER_KM = 0.18
GUEST_KW = 0.25
GUESTS = 4
_MOST_UNKNOWN_WORDS = 3
# A charge that shall be there by a time is kept this long, so that it is still there when it is needed.
_READY_FOR = timedelta(hours=1)

By = Literal["grammar", "model"]


@dataclass(frozen=True, slots=True)
class Understood:
    """A note as a typed constraint, to be shown with `agent.decision.constraint_words.describe` and confirmed."""

    constraint: Constraint
    language: Literal["en", "es"]
    by: By = "grammar"
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Nothing was taken from a note, and why."""

    why: str


Fallback = Callable[[str, datetime, ZoneInfo], Understood | NotUnderstood]


def understand(
    text: str,
    *,
    now: datetime,
    tz: ZoneInfo,
    home: Home | None = None,
    fallback: Fallback | None = None,
) -> Understood | NotUnderstood:
    """Read one wish out of a note.

    What the grammar does not know goes to `fallback` (a model); what the grammar refuses (something past, denied,
    impossible or dangerous) does not. The result is checked against the home's limits either way.
    """
    plain = _plain(text)
    if not plain or len(text) > MAX_CHARS:
        return NotUnderstood(f"a note has 1 to {MAX_CHARS} characters, this one {len(text)}")
    result = _by_grammar(plain, now, tz)
    if result is None:
        result = fallback(text, now, tz) if fallback else NotUnderstood(HELP)
    return _possible(result, home) if isinstance(result, Understood) else result


HELP = (
    "this is none of the wishes known: try 'keep 60 % until 08:00', 'guests tonight', 'away until Sunday', "
    "'no charging from the grid tonight', 'do not sell tomorrow', 'car needs 40 km by 7:00'"
)


_HOURS = (
    "una|one", "dos|two", "tres|three", "cuatro|four", "cinco|five", "seis|six", "siete|seven", "ocho|eight",
    "nueve|nine", "diez|ten", "once|eleven", "doce|twelve",
)  # fmt: skip
_HOUR_OF = {word: at for at, words in enumerate(_HOURS, start=1) for word in words.split("|")}
_HOUR_WORD = "|".join(_HOURS)
_HOUR = rf"(\d{{1,2}}|{_HOUR_WORD})"


def _hour(word: str) -> int:
    """An hour or a count in figures or, one to twelve, in words."""
    return _HOUR_OF.get(word) or int(word)


def _past_the_hour(match: re.Match[str]) -> str:
    """Half past seven, las ocho menos cuarto: as 7:30 and las 7:45."""
    said, hour = match[0], _hour(match[1])
    if re.search(r"\b(?:to|menos)\b", said):
        return f"{(hour - 2) % 12 + 1 if hour <= 12 else hour - 1}:45"
    return f"{hour}:{15 if re.search(r'quarter|cuarto', said) else 30}"


_SPELLINGS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"por ?ciento", "%"),
    (r"(?<!\w)'?til\b|\buntill\b", "until"),
    (r"\basta\b", "hasta"),
    (rf"\b(?:half past|half after|(?:a )?quarter (?:past|after|to)) {_HOUR}\b", _past_the_hour),
    (rf"(?:(?<=\blas )|(?<=\bla )){_HOUR} (?:y media|y cuarto|menos cuarto)\b", _past_the_hour),
    (
        rf"\b{_HOUR}(?= (?:guests?|visitors?|friends|people|invitados?|amigos|personas)\b)",
        lambda match: str(_hour(match[1])),
    ),
    # Hours in words after a word that announces one; "after two days" is none.
    (
        rf"\b(las?|at|by|until|till|before|after|from|around) ({_HOUR_WORD})\b(?! (?:\w*hours?|horas?|days?|dias?))",
        lambda match: f"{match[1]} {_hour(match[2])}",
    ),
    # "Pasado" alone speaks of the past.
    (r"\bpasado manana\b", "pasadomanana"),
    # The only harmless "si": a reason, not a condition.
    (r"\b(?:por si acaso|just in case)\b", ""),
)
# Shares in words, as percent; neither a quarter past eight nor half of the cake is one.
_OF = (
    r"\b(?! (?:of|de)\b(?! (?:(?:the|my|our|la|mi|nuestra) )?(?:battery|charge|energy|power|capacity|bateria|carga|"
    r"energia|capacidad)\b))"
)
_SHARES = (
    (rf"\b(?:half|mitad){_OF}", 50),
    (rf"\b(?:(?:a|one) third|un tercio){_OF}", 33),
    (rf"\b(?:a|one) quarter{_OF}(?! (?:past|to|hour))|\bun cuarto de (?:la )?bateria\b", 25),
)


def _plain(text: str) -> str:
    """Lower case without accents, controls or doubled spaces; decimals with a point."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(
        " " if unicodedata.category(char)[0] == "C" else char for char in folded if not unicodedata.combining(char)
    )
    kept = (
        re.sub(r"(?<=\d),(?=\d)", ".", kept)
        .replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        .replace("per cent", "%")
        .replace("percent", "%")
    )
    for pattern, meant in _SPELLINGS:
        kept = re.sub(pattern, meant, kept)
    return " ".join(kept.split())


def _by_grammar(plain: str, now: datetime, tz: ZoneInfo) -> Understood | NotUnderstood | None:
    """What the grammar makes of a note; None where it knows no such wish."""
    if problem := refusal(plain):
        return NotUnderstood(problem)
    kinds, rest = wishes(plain)
    if not kinds:
        return None
    if problem := _not_one_wish(kinds, plain):
        return NotUnderstood(problem)
    [kind] = kinds
    try:
        return _read(kind, plain, rest, now, tz)
    except TimeError as err:
        return NotUnderstood(str(err))
    except ValidationError as err:
        return NotUnderstood("; ".join(problem["msg"] for problem in err.errors(include_url=False)))


def _not_one_wish(kinds: list[str], plain: str) -> str | None:
    """Why a note is not one wish for this house."""
    if len(kinds) > 1:
        return f"this says more than one thing ({' and '.join(kinds)}): write them as separate notes"
    word = elsewhere(kinds, plain)
    return f"{word!r} is not this house's battery: say only what shall hold here" if word else None


def _read(kind: str, plain: str, rest: str, now: datetime, tz: ZoneInfo) -> Understood | NotUnderstood:
    if word := denial(rest):
        return NotUnderstood(f"{word!r} denies something: say what shall be done, or withdraw the earlier note")
    amounts, rest = _amounts(rest)
    if problem := turned(kind, rest):
        return NotUnderstood(problem)
    ready_by = kind == "car_ready" or (kind == "reserve" and is_ready_by(rest))
    span = find_span(rest, now, tz, by=ready_by, meal=meal(plain) if kind == "guests" else None)
    if kind == "reserve" and ready_by:
        span = replace(span, start=span.end, end=span.end + _READY_FOR)
    if problem := _left_over(span):
        return NotUnderstood(problem)
    if not span.said and _FOR_EVER.search(plain):
        return NotUnderstood("until when? A note ends by itself: say for example 'until Sunday'")
    made = _BUILDERS[kind](amounts, span, plain)
    if isinstance(made, NotUnderstood):
        return made
    constraint, assumed = made
    return Understood(constraint, language_of(plain), assumed=assumed)


@dataclass(frozen=True, slots=True)
class _Amount:
    value: float
    unit: str


_AMOUNT = re.compile(
    rf"(?<![\d.:/-]){NUMBER} *(%|kwh|wh|kw|w|km|kilometros?|kilometers?|kilometres?|guests?|invitados?|people|"
    r"personas|friends|amigos|visitors?|\|)(?![\w/])"
)


def _amounts(text: str) -> tuple[list[_Amount], str]:
    """Numbers with a unit, in kW, kWh, km, % or heads; the text without them."""
    found = []
    for match in _AMOUNT.finditer(text):
        value, unit = float(match[1]), match[2]
        if unit in {"w", "wh"}:
            value, unit = value / 1000, f"k{unit}"
        found.append(_Amount(value, "km" if unit.startswith("kilo") else "heads" if unit not in _UNITS else unit))
    return found, _AMOUNT.sub(" | ", text)


_FOR_EVER = re.compile(r"\b(?:never|always|nunca|jamas|siempre)\b")
_UNITS = frozenset({"%", "kwh", "kw", "km"})


def _left_over(span: NoteSpan) -> str | None:
    """Numbers and words that were not understood must not change what was."""
    if numbers := re.findall(r"\d+(?:[.:]\d+)?", span.rest):
        return (
            f"{numbers[0]!r} was not understood: give a number with its unit (%, kWh, kW, km) or a time such as 07:00"
        )
    words = strange_words(span.rest)
    if len(words) > _MOST_UNKNOWN_WORDS:
        return f"too much here was not understood ({', '.join(words[:4])} …): say the wish alone, in one sentence"
    return None


_Made = tuple[Constraint, tuple[str, ...]] | NotUnderstood


def _one(amounts: list[_Amount], *units: str) -> _Amount | NotUnderstood | None:
    """The only amount, in one of these units."""
    if len(amounts) > 1:
        return NotUnderstood("there is more than one amount here: say one wish with one number")
    if amounts and amounts[0].unit not in units:
        return NotUnderstood(f"an amount in {amounts[0].unit} does not fit here: give it in {' or '.join(units)}")
    return amounts[0] if amounts else None


def _reserve(amounts: list[_Amount], span: NoteSpan, plain: str) -> _Made:
    amount = _one(amounts, "%")
    if isinstance(amount, NotUnderstood):
        return amount
    if amount is None:
        amount = next((_Amount(value, "%") for words, value in _SHARES if re.search(words, plain)), None)
    if amount is None and re.search(r"\b(fully|full|llen[oa]|complet[oa])\b", plain):
        amount = _Amount(100, "%")
    if amount is None:
        return NotUnderstood("how much shall be kept? Give a percentage, such as 'keep 60 % until 08:00'")
    if amount.value > 100:
        return NotUnderstood(f"{amount.value:g} % is more than a battery holds: give 0 to 100 %")
    return Reserve(start=span.start, end=span.end, soc=amount.value / 100), ()


def _ban(kind: type[NoGridCharge] | type[NoExport]) -> Callable[[list[_Amount], NoteSpan, str], _Made]:
    def build(amounts: list[_Amount], span: NoteSpan, plain: str) -> _Made:
        del plain
        if amounts:
            return NotUnderstood(f"what does {amounts[0].value:g} mean here? A ban has no amount")
        return kind(start=span.start, end=span.end), ()

    return build


def _guests(amounts: list[_Amount], span: NoteSpan, plain: str) -> _Made:
    del plain
    amount = _one(amounts, "heads", "kw", "kwh", "|")
    if isinstance(amount, NotUnderstood):
        return amount
    if amount is not None and amount.unit in {"kw", "kwh"}:
        return _extra([amount], span, "")
    heads = amount.value if amount else GUESTS
    if heads > 50:
        return NotUnderstood(f"{heads:g} guests are more than a note takes: give the extra power in kW")
    assumed = (f"{GUEST_KW:g} kW a guest",) if amount else (f"{GUESTS} guests of {GUEST_KW:g} kW",)
    return ExtraLoad(start=span.start, end=span.end, power_kw=heads * GUEST_KW), assumed


def _extra(amounts: list[_Amount], span: NoteSpan, plain: str) -> _Made:
    del plain
    amount = _one(amounts, "kw", "kwh")
    if isinstance(amount, NotUnderstood):
        return amount
    if amount is None:
        return NotUnderstood("how much more? Give it in kW or kWh, such as 'extra 2 kW from 18:00 to 22:00'")
    hours = (span.end - span.start).total_seconds() / 3600
    power_kw = amount.value if amount.unit == "kw" else amount.value / hours
    if not 0 < power_kw <= 50:
        return NotUnderstood(f"{power_kw:g} kW more is outside 0 to 50 kW: check the number and its unit")
    return ExtraLoad(start=span.start, end=span.end, power_kw=round(power_kw, 3)), ()


def _away(amounts: list[_Amount], span: NoteSpan, plain: str) -> _Made:
    del plain
    if amounts:
        return NotUnderstood(f"what does {amounts[0].value:g} mean here? Say only until when you are away")
    if not span.said:
        return NotUnderstood("until when? Say for example 'away until Sunday'")
    away = Away(start=span.start, end=span.end)
    return away, (f"{away.load_factor:.0%} of the usual load",)


def _car(amounts: list[_Amount], span: NoteSpan, plain: str) -> _Made:
    del plain
    amount = _one(amounts, "km", "kwh")
    if isinstance(amount, NotUnderstood):
        return amount
    if amount is None:
        return NotUnderstood("how much does the car need? Give km or kWh, such as 'car needs 40 km by 7:00'")
    if not span.said:
        return NotUnderstood("by when? Give a time, such as 'car needs 40 km by 7:00'")
    energy_kwh = amount.value * CAR_KWH_PER_KM if amount.unit == "km" else amount.value
    if not 0 < energy_kwh <= 150:
        return NotUnderstood(f"{amount.value:g} {amount.unit} is outside what a car takes: give up to 150 kWh")
    assumed = (f"{CAR_KWH_PER_KM:g} kWh per km",) if amount.unit == "km" else ()
    return CarReady(start=span.start, end=span.end, energy_kwh=round(energy_kwh, 3)), assumed


_BUILDERS: dict[str, Callable[[list[_Amount], NoteSpan, str], _Made]] = {
    "reserve": _reserve,
    "no_grid_charge": _ban(NoGridCharge),
    "no_export": _ban(NoExport),
    "guests": _guests,
    "extra_load": _extra,
    "away": _away,
    "car_ready": _car,
}


def _possible(result: Understood, home: Home | None) -> Understood | NotUnderstood:
    """What this home can do at all."""
    if home is None or not isinstance(result.constraint, Reserve):
        return result
    if not home.battery.capacity_kwh:
        return NotUnderstood("this home has no battery: there is nothing to keep")
    if result.constraint.soc > home.battery.max_soc:
        most = home.battery.max_soc
        return NotUnderstood(f"{result.constraint.soc:.0%} is above what this battery may hold: give up to {most:.0%}")
    return result
