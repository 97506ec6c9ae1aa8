"""Phrases to learn kinds from: files of alternatives and slots, expanded, mistyped and masked into examples."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

from agent.language.text import plain

Language = Literal["en", "es"]
# What phrases are for; those outside are about nothing known here.
Part = Literal["notes", "questions", "outside"]
PARTS: tuple[Part, ...] = ("notes", "questions", "outside")
# How a phrase was made: a template, a paraphrase, a telegram, one of these with words around it that say
# nothing, or with slips of the fingers; an indirect question, an idiom or a text message, a bare noun phrase; and
# those that other speakers ask, or ask at the table.
FAMILIES = {
    "a": "template",
    "b": "paraphrase",
    "c": "telegram",
    "d": "framed",
    "e": "mistyped",
    "f": "indirect",
    "g": "idiom",
    "h": "bare",
    "i": "speaker",
    "j": "table talk",
    "k": "aside",
}
_PHRASES = files("eval.language") / "phrases"
_CASES = files("eval") / "cases"
# Exams of notes that were there before; their texts are kept out too.
_OLDER = ("notes", "notes_fresh", "notes_new")
_HEAD = re.compile(r"\[(\w+) (en|es) ([a-k])\]")
_EITHER = re.compile(r"\(([^()]*\|[^()]*)\)")
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text, what it asks for, its language, and the family it belongs to."""

    text: str
    kind: str
    language: Language
    family: str


_DAYS_EN = (
    "tonight|tomorrow|on Saturday|this weekend|tomorrow evening|on Friday|next week|on the 22nd|"
    "this evening|on Monday morning"
)
_DAYS_ES = (
    "esta noche|mañana|el sábado|este finde|mañana por la tarde|el viernes|la semana que viene|"
    "el día 22|esta tarde|el lunes por la mañana"
)
_AHEAD_EN = (
    "tomorrow|tonight|this evening|tomorrow morning|on Sunday|next week|later|tomorrow afternoon|the next few hours"
)
_AHEAD_ES = (
    "mañana|esta noche|esta tarde|mañana por la mañana|el domingo|la semana que viene|luego|"
    "mañana por la tarde|las próximas horas"
)
_PAST_EN = (
    "yesterday|last night|on Tuesday|last Friday|this morning|the day before yesterday|on Monday|last weekend|today"
)
_PAST_ES = "ayer|anoche|el martes|el viernes pasado|esta mañana|anteayer|el lunes|el finde pasado|hoy"
_SPAN_EN = (
    f"{_PAST_EN}|last week|this week|last month|in December|this month|in October|this year|so far|"
    "since Monday|on 24 December|on 2025-11-30"
)
_SPAN_ES = (
    f"{_PAST_ES}|la semana pasada|esta semana|el mes pasado|en diciembre|este mes|en octubre|"
    "este año|hasta ahora|desde el lunes|el 24 de diciembre"
)
_APP_EN = "dishwasher|washing machine|dryer|oven|car|water heater|pool pump|EV|laundry|vacuum|tumble dryer|boiler"
_APP_ES = "lavavajillas|lavadora|secadora|horno|coche|termo|bomba de la piscina|aspiradora|depuradora|calentador"
# What stands in a slot, in English and in Spanish.
SLOTS: dict[str, tuple[str, str]] = {
    "when": (_DAYS_EN, _DAYS_ES),
    "until": (
        ("until 8:00|until tomorrow noon|till Friday|until Sunday evening|until 7 am tomorrow|till Monday|"
        "until the 21st"),
        ("hasta las 8|hasta mañana a mediodía|hasta el viernes|hasta el domingo por la tarde|"
        "hasta las 7 de mañana|hasta el lunes"),
    ),
    "by": (
        ("by 7|by 6:30 tomorrow|tomorrow at 8|by Friday 9:00|by tomorrow morning|before 7 am|on Thursday at 7|"
        "at half past six"),
        ("para las 7|antes de las 6:30 de mañana|mañana a las 8|para el viernes a las 9|para mañana por la mañana|"
        "el jueves a las 7"),
    ),
    "range": (
        "from 18:00 to 22:00|tomorrow from 9 to 17|between 5 and 9 pm|on Saturday 10-14h|tonight from 8 to 11|9 to 1",
        "de 18:00 a 22:00|mañana de 9 a 17|entre las 5 y las 9 de la tarde|el sábado de 10 a 14|esta noche de 8 a 11",
    ),
    "dates": (
        "from the 20th to the 27th|until Sunday|for ten days from Saturday|from Friday to Monday|next week|for 5 days",
        "del 20 al 27|hasta el domingo|diez días desde el sábado|del viernes al lunes|la semana que viene|5 días",
    ),
    "back": ("on Sunday|the 27th|Monday at 17:00|on Sunday evening", ("el domingo|el 27|el lunes a las 17:00|"
    "el domingo por la tarde")),
    "share": (
        "60 %|40%|half|a third|80 percent|25 %|full|90|three quarters|a fifth|forty percent",
        "60 %|40%|la mitad|un tercio|80 por ciento|25 %|90|tres cuartos|un cuarto|cuarenta por ciento",
    ),
    "kwh": ("5 kWh|20 kWh|30 kWh|8 kWh", "5 kWh|20 kWh|30 kWh|8 kWh"),
    "kw": ("2 kW|1.5 kW|3 kW|800 W|6 kW", "2 kW|1,5 kW|3 kW|800 W|6 kW"),
    "km": ("60 km|100 km|40 km|80 miles", "60 km|100 km|40 km|150 kilómetros"),
    "heads": ("six guests|8 people|four friends|a dozen people|10 guests|five|12", ("seis invitados|8 personas|"
    "cuatro amigos|diez|5|12 personas")),
    "pct": ("20 %|80 percent|50 %", "20 %|80 por ciento|50 %"),
    "past": (_PAST_EN, _PAST_ES),
    "ahead": (_AHEAD_EN, _AHEAD_ES),
    "span": (_SPAN_EN, _SPAN_ES),
    "clock": ("at 3 am|at 18:00|at noon|at 7 in the morning|at 9 pm|at eleven", ("a las 3|a las 18:00|a mediodía|"
    "a las 7 de la mañana|a las 9 de la noche|a las tres")),
    "app": (_APP_EN, _APP_ES),
    "stretch": (
        "between 10 and 14 yesterday|from 22:00 to 23:00|between 6 and 9 pm|in the last 3 hours|from noon to 6 pm",
        "entre las 10 y las 14|de 22:00 a 23:00|ayer de 6 a 9|en las últimas 3 horas|de las 6:30 a las 9",
    ),
    "pick": ("two|three", "dos|tres"),
}  # fmt: skip
# How many texts a line gives at most, by its family.
_MOST = {"a": 18, "b": 5, "c": 4, "f": 3, "g": 3, "h": 3, "i": 3, "j": 3, "k": 3}


@cache
def training_phrases(which: Part) -> tuple[Phrase, ...]:
    """All phrases to learn from; none of the exam's, whatever its spelling."""
    kept: dict[str, Phrase] = {}
    forbidden = _exam_texts()
    for phrase in _expanded(which):
        key = normal(phrase.text)
        if key not in forbidden:
            kept.setdefault(key, phrase)
    plain_ones = tuple(kept.values())
    return (*plain_ones, *_framed(plain_ones, which), *_mistyped(plain_ones))


def normal(text: str) -> str:
    """A text without case, accents, punctuation and spaces, to compare."""
    return re.sub(r"\W+", "", plain(text))


def _exam_texts() -> frozenset[str]:
    from eval.language.exam_cases import exam_texts  # noqa: PLC0415 (the exam reads this file's types)

    older = (yaml.safe_load((_CASES / f"{name}.yaml").read_text(encoding="utf-8"))["cases"] for name in _OLDER)
    return frozenset(map(normal, [*exam_texts()] + [case["text"] for cases in older for case in cases]))


def _expanded(which: str) -> Iterator[Phrase]:
    kind = language = family = ""
    for line in (_PHRASES / f"training_{which}.txt").read_text(encoding="utf-8").splitlines():
        if head := _HEAD.fullmatch(line):
            kind, language, family = head.groups()
        elif line.strip() and not line.startswith("#"):
            for text in _texts(line, language == "es", _MOST[family]):
                yield Phrase(text, kind, "es" if language == "es" else "en", FAMILIES[family])


def _texts(line: str, spanish: bool, most: int) -> Iterator[str]:
    """Some of the texts that a line stands for, its alternatives and slots filled by the line's own luck."""
    luck = random.Random(line)  # noqa: S311 (a choice of examples, no secret)
    count = most if "|" in line or "{" in line else 1
    seen: set[str] = set()
    for _ in range(count * 3):
        text = line
        while match := _EITHER.search(text):
            text = f"{text[: match.start()]}{luck.choice(match[1].split('|'))}{text[match.end() :]}"
        while match := _SLOT.search(text):
            value = luck.choice(SLOTS[match[1]][spanish].split("|"))
            text = f"{text[: match.start()]}{value}{text[match.end() :]}"
        text = _dressed(" ".join(text.split()).strip(" ,"), spanish, luck)
        if text not in seen and len(seen) < count:
            seen.add(text)
            yield text


_QUESTION_EN = re.compile(
    r"^(?:why|what|when|how|who|which|is|are|do|does|did|can|will|should|was|were|has|have|would|could)\b",
    re.IGNORECASE,
)
_QUESTION_ES = re.compile(
    r"^(?:por qué|qué|cuándo|cuánt\w+|cómo|quién|cuál\w*|a qué|hasta|está|es|se|y si|puedo|debo|hay|va|vas|te|"
    r"nos|son|fue|ha|hemos)\b",
    re.IGNORECASE,
)


def _dressed(text: str, spanish: bool, luck: random.Random) -> str:
    """With the marks and capitals that some people type, and others do not."""
    if luck.random() < 0.5:
        text = text[:1].upper() + text[1:]
    if (_QUESTION_ES if spanish else _QUESTION_EN).match(text) and luck.random() < 0.6:
        return f"¿{text}?" if spanish and luck.random() < 0.7 else f"{text}?"
    return text


# Words before and after that change nothing, in English and Spanish.
_OPENERS = (
    (
        "hey,|so|right,|ok so|please|morning!|quick one:|by the way,|just so you know,|listen,|my wife asks:|"
        "heads up:|um,|well,"
    ),
    (
        "oye,|bueno,|a ver,|mira,|por favor,|buenas,|una cosa:|por cierto,|que sepas que|mi mujer pregunta:|aviso:|"
        "eh,|pues"
    ),
)
_CLOSERS = (
    "please|thanks|if you can|ok?|cheers|mate|, you know|, that's all",
    "por favor|gracias|si puedes|vale|, eh|, anda|, sin falta|, majo",
)


def _framed(phrases: tuple[Phrase, ...], which: str) -> Iterator[Phrase]:
    """Every sixth phrase as a part of a talk: with an opener, a closer, or both."""
    for at, phrase in enumerate(phrases):
        if at % 6 or phrase.kind in ("thanks", "help"):
            continue
        luck = random.Random(f"{which}{phrase.text}")  # noqa: S311 (a choice of words, no secret)
        spanish = phrase.language == "es"
        opener, closer = (luck.choice(words[spanish].split("|")) for words in (_OPENERS, _CLOSERS))
        said = phrase.text[:1].lower() + phrase.text[1:]
        text = luck.choice((f"{opener} {said}", f"{said} {closer}", f"{opener} {said} {closer}"))
        yield Phrase(text.replace(" ,", ","), phrase.kind, phrase.language, FAMILIES["d"])


def _mistyped(phrases: tuple[Phrase, ...]) -> Iterator[Phrase]:
    """Every sixth phrase with a slip: two letters swapped, one left out or doubled, in a word of its own."""
    for at, phrase in enumerate(phrases):
        if at % 6 != 3:
            continue
        luck = random.Random(phrase.text)  # noqa: S311 (a choice of slips, no secret)
        words = phrase.text.split()
        long = [place for place, word in enumerate(words) if len(word) > 4 and word.isalpha()]
        if not long:
            continue
        place = luck.choice(long)
        words[place] = _slip(words[place], luck)
        yield Phrase(" ".join(words), phrase.kind, phrase.language, FAMILIES["e"])


def _slip(word: str, luck: random.Random) -> str:
    at = luck.randrange(1, len(word) - 2)
    return luck.choice((
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[: at + 1] + word[at:],
    ))  # fmt: skip


__all__ = ["FAMILIES", "PARTS", "Part", "Phrase", "normal", "training_phrases"]
