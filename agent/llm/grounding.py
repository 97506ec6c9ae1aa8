"""Finds every number, time and date of a text in the facts it was written from, or names those that are not there."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import MAX_PREC, ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

from agent.llm.months import MONTHS
from energy.letters import bare

# Rounding raises where digits exceed the precision, and a looping model writes as many as it may.
_ROUNDING = Context(prec=MAX_PREC, rounding=ROUND_HALF_UP)

# What a unit measures, and how many of the base unit it is.
_UNITS: dict[str, tuple[str, Decimal]] = {
    "%": ("share", Decimal(1)),
    "percent": ("share", Decimal(1)),
    "per cent": ("share", Decimal(1)),
    "por ciento": ("share", Decimal(1)),
    "wh": ("energy", Decimal("0.001")),
    "kwh": ("energy", Decimal(1)),
    "mwh": ("energy", Decimal(1000)),
    "w": ("power", Decimal("0.001")),
    "kw": ("power", Decimal(1)),
    "mw": ("power", Decimal(1000)),
    "€": ("money", Decimal(1)),
    "$": ("money", Decimal(1)),
    "£": ("money", Decimal(1)),
    "eur": ("money", Decimal(1)),
    "euro": ("money", Decimal(1)),
    "euros": ("money", Decimal(1)),
    "usd": ("money", Decimal(1)),
    "gbp": ("money", Decimal(1)),
    "c": ("money", Decimal("0.01")),
    "ct": ("money", Decimal("0.01")),
    "cent": ("money", Decimal("0.01")),
    "cents": ("money", Decimal("0.01")),
    "centimo": ("money", Decimal("0.01")),
    "centimos": ("money", Decimal("0.01")),
    "h": ("hours", Decimal(1)),
    "hour": ("hours", Decimal(1)),
    "hours": ("hours", Decimal(1)),
    "hora": ("hours", Decimal(1)),
    "horas": ("hours", Decimal(1)),
    "min": ("hours", Decimal(1) / Decimal(60)),
    "minutes": ("hours", Decimal(1) / Decimal(60)),
    "minutos": ("hours", Decimal(1) / Decimal(60)),
    "°c": ("temperature", Decimal(1)),
    "km": ("distance", Decimal(1)),
}
# The end of a fact's name says what it measures.
_SUFFIXES = (
    ("_percent", "share"),
    ("_per_kwh", "money"),
    ("_kwh", "energy"),
    ("_kw", "power"),
    ("_hours", "hours"),
    ("_cost", "money"),
    ("_extra", "money"),
    ("_eur", "money"),
)
_PREFIXES = (("price_", "money"), ("cost", "money"))

_WORDS = {
    **{
        word: number
        for number, word in enumerate(
            ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), start=2
        )
    },
    **{
        word: number
        for number, word in enumerate(
            ("dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once", "doce"), start=2
        )
    },
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "hundred": 100,
    "thousand": 1000,
    "veinte": 20,
    "treinta": 30,
    "cuarenta": 40,
    "cincuenta": 50,
    "cien": 100,
    "mil": 1000,
}
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_TOKEN = re.compile(
    r"(?P<iso>\d{4}-\d{2}-\d{2})"
    # Of several days of a month, those before the last: "14, 15 and 19 December".
    rf"|\b(?P<day3>\d{{1,2}})(?=(?:, \d{{1,2}})* (?:and|y) \d{{1,2}}(?: de| of)? (?P<month3>{_MONTH})\b)"
    rf"|\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: de| of)? (?P<month>{_MONTH})\b\.?(?:,? (?:de |del )?(?P<year>\d{{4}}))?"
    rf"|\b(?P<month2>{_MONTH}) (?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,? (?P<year2>\d{{4}}))?"
    r"|(?P<clock>\d{1,2}[:h]\d{2})(?: ?(?P<half>[ap])\.? ?m\b\.?)?"
    r"|(?P<hour>\d{1,2}) ?(?P<half2>[ap])\.? ?m\b\.?"
    r"|(?P<money>[€$£]) ?(?=\d)"
    r"|(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+,\d+|\d+(?:[.,]\d+)?)"
    rf"(?: ?(?P<unit>{_UNIT})(?![a-z]))?"
    rf"|\b(?P<word>{'|'.join(_WORDS)})\b(?: (?P<wordunit>{_UNIT})(?![a-z]))?",
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as it was written: `value` in the unit's own scale, what it measures where that is known."""

    raw: str
    value: Decimal
    measures: str | None = None
    scale: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class CitedTime:
    """A clock time (HH:MM) or a date (YYYY-MM-DD, or MM-DD where no year was written)."""

    raw: str
    word: str


def ungrounded_numbers(text: str, facts: str | Mapping[str, str]) -> list[str]:
    """Numbers, times and dates of `text` that do not stand in `facts`, as they were written.

    A number is grounded if a fact of the same kind, brought to its unit and rounded to as many digits as were
    written, equals it; where either has no unit the bare values are compared. Signs are not compared. Times may be
    told on either clock and dates in either form. Facts given by name take their unit from the name.
    """
    known = list(_read(facts)) if isinstance(facts, str) else list(_named(facts))
    quantities = [one for one in known if isinstance(one, Quantity)]
    words = {one.word for one in known if isinstance(one, CitedTime)}
    days = words | {word[5:] for word in words if re.fullmatch(r"\d{4}-\d{2}-\d{2}", word)}
    return [
        one.raw
        for one in _read(text)
        if not (one.word in days if isinstance(one, CitedTime) else _is_rounded(one, quantities))
    ]


def _is_rounded(stated: Quantity, facts: Sequence[Quantity]) -> bool:
    return any(_agrees(stated, fact) for fact in facts)


def _agrees(stated: Quantity, fact: Quantity) -> bool:
    value = fact.value
    if stated.measures and fact.measures:
        if stated.measures != fact.measures:
            return False
        value = fact.value * fact.scale / stated.scale
    try:
        return value.quantize(stated.value, context=_ROUNDING) == stated.value
    except ArithmeticError:
        return False


def _named(facts: Mapping[str, str]) -> Iterator[Quantity | CitedTime]:
    for name, fact in facts.items():
        measures = _measured_by(name)
        for one in _read(fact):
            if isinstance(one, Quantity) and one.measures is None and measures is not None:
                yield Quantity(one.raw, one.value, measures)
            else:
                yield one


def _measured_by(name: str) -> str | None:
    known = [measures for suffix, measures in _SUFFIXES if name.endswith(suffix)]
    known += [measures for prefix, measures in _PREFIXES if name.startswith(prefix)]
    return known[0] if known else None


def _read(text: str) -> Iterator[Quantity | CitedTime]:
    plain = _plain(text)
    symbol = ""
    for found in _TOKEN.finditer(plain):
        if found["money"]:
            symbol = found["money"]
            continue
        yield _one(found, symbol)
        symbol = ""


def _one(found: re.Match[str], symbol: str) -> Quantity | CitedTime:
    raw = found[0].strip()
    if found["iso"]:
        return CitedTime(raw, found["iso"])
    if month := found["month"] or found["month2"] or found["month3"]:
        day = found["day"] or found["day2"] or found["day3"]
        return CitedTime(raw, _date(month, day, found["year"] or found["year2"]))
    if found["clock"] or found["hour"]:
        return CitedTime(raw, _clock(found["clock"] or f"{found['hour']}:00", found["half"] or found["half2"]))
    if found["word"]:
        return _quantity(raw, Decimal(_WORDS[found["word"]]), found["wordunit"])
    # A bare number of a text is reported without its unit, as it was written.
    return _quantity(found["number"], _value(found["number"]), found["unit"] or symbol)


def _quantity(raw: str, value: Decimal, unit: str | None) -> Quantity:
    if not unit:
        return Quantity(raw, value)
    measures, scale = _UNITS[unit]
    return Quantity(raw, value, measures, scale)


def _date(month: str, day: str, year: str | None) -> str:
    short = f"{MONTHS[month]:02d}-{int(day):02d}"
    return f"{year}-{short}" if year else short


def _clock(clock: str, half: str | None) -> str:
    """7:30 pm as 19:30; without a half the 24-hour clock is meant."""
    hour, minute = (int(part) for part in re.split("[:h]", clock))
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"{hour:02d}:{minute:02d}"


def _value(number: str) -> Decimal:
    """12.5, 12,5, 1,200 and 1.200,5 as numbers; a lone comma before three digits separates thousands."""
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", number):
        return Decimal(number.replace(",", ""))
    if re.fullmatch(r"\d{1,3}(\.\d{3})+,\d+", number):
        return Decimal(number.replace(".", "").replace(",", "."))
    return Decimal(number.replace(",", "."))


@lru_cache(maxsize=256)
def _plain(text: str) -> str:
    """Lower case without accents; digits of every script as digits."""
    digits = ((char, unicodedata.digit(char, None)) for char in bare(text))
    return "".join(char if digit is None else str(digit) for char, digit in digits)
