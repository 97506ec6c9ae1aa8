"""Amounts in a text: a number, in figures or in words, with its unit; a share such as "a third" is a percentage."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from agent.language.times.names import COUNTS, any_of

Unit = Literal["%", "kwh", "kw", "km", "heads", "money", "cents", ""]


@dataclass(frozen=True, slots=True)
class Amount:
    """A value in its unit, and where its words stand; `less` where a sign stands before it."""

    value: float
    unit: Unit
    begin: int
    end: int
    less: bool = False


_TENS = {
    "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100, "a hundred": 100,
    "one hundred": 100, "cuarenta": 40, "cincuenta": 50, "sesenta": 60, "setenta": 70, "ochenta": 80, "noventa": 90,
    "cien": 100, "cero": 0, "zero": 0, "sixteen": 16, "eighteen": 18, "twenty five": 25, "twenty-five": 25,
    "veinticinco": 25, "dieciseis": 16, "dieciocho": 18, "treinta y cinco": 35, "thirty five": 35, "media docena de": 6,
    "half a dozen": 6, "a dozen": 12, "una docena de": 12, "two hundred": 200, "doscientos": 200,
    "ciento cincuenta": 150,
}  # fmt: skip
_WORDS = _TENS | {word: count for word, count in COUNTS.items() if word not in {"a", "an", "a couple of", "un par de"}}
_WORDS |= {"a couple of": 2, "un par de": 2, "a couple": 2}
# The unit's words, which unit they are, and how many of it one of them makes.
_UNITS: tuple[tuple[str, Unit, float], ...] = (
    (r"%|percent\b|per cent\b|por ?ciento\b|pct\b", "%", 1.0),
    (r"kwh\b|kilowatt.?hours?\b|kilovatios?[ -]hora\b|kw/h\b|k(?:ilo)?wats? hour|units\b", "kwh", 1.0),
    (r"wh\b", "kwh", 0.001),
    (r"kw\b|kilowatts?\b|kilovatios?\b|kilos de luz\b", "kw", 1.0),
    (r"w\b|watts?\b|vatios?\b", "kw", 0.001),
    (r"km\b|kms\b|k(?:ilo)?met(?:er|re)s?\b|kilometros?\b|kilometers?\b|kilometres?\b|clicks\b", "km", 1.0),
    (r"mi(?:les)?\b|millas?\b", "km", 1.609),
    (
        (
            r"(?:more |extra |mas )?(?:guests?|invitad[oa]s?|people|peeps|personas?|friends|amig[oa]s|visitors?|"
            r"adults|adultos|"
            r"relatives|familiares|cousins|primos|colleagues|coworkers|companeros|of us|kids|ninos|comensales|"
            r"visitas)\b"
        ),
        "heads",
        1.0,
    ),
    (r"(?:c|cents?|ct|centimos?)\b", "cents", 1.0),
    (r"€|\$|£|eur(?:os?)?\b|usd\b|dollars?\b|dolares\b|pounds\b|pavos\b", "money", 1.0),
)
_UNIT = "|".join(f"(?P<u{at}>{words})" for at, (words, _, _) in enumerate(_UNITS))
_DIGITS = r"[1-9]\d{0,2}(?:[.,]\d{3})+(?!\d)|\d+(?:[.,]\d+)?"
_FIGURE = rf"(?P<less>(?<!\w)- ?)?(?<![\d.:/,])(?P<figure>{_DIGITS})"
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}(?:[.,]\d{3})+")
_AMOUNT = re.compile(
    rf"(?:{_FIGURE}|\b(?P<word>{any_of(dict.fromkeys(_WORDS, 1))}))\s*(?:{_UNIT})|"
    rf"(?P<sign>[€$£])\s?(?P<paid>{_DIGITS})"
)
_BARE = re.compile(rf"{_FIGURE}(?![\d/:])")
_OF_BATTERY = (
    r"(?! (?:of|de|del)\b(?! (?:(?:the|my|our|its|la|mi|su|nuestra) )?(?:\w+ )?(?:battery|charge|energy|power|capacity|"
    r"bateria|carga|energia|capacidad|lo que|what)\b))(?! (?:an? |una? )?(?:hour|hora|past|kw|cup|price|precio|load))"
)
# A third, three quarters, la quinta parte: how many pieces make the whole.
_PIECES = {"third|terci[oa]|tercera": 3, "quarter|cuart[oa]": 4, "fifth|quint[oa]": 5, "tenth|decim[oa]": 10}
_FRACTION = (
    r"(?:(?P<n>an?|one|two|three|four|last|una?|dos|tres|cuatro|ultim[oa]) |(?P<part>\bla ))(?:{0})s?"
    r"(?(part) parte|(?: partes)?)(?! (?:past|to))"
)
_SHARES: tuple[tuple[str, float], ...] = (
    (r"half(?! past)|la mitad|mitad|a medias|media bateria|media carga|50-50", 50),
    (
        (
            r"(?:fully|full|llen[oa]|complet[oa]|a tope|brim\w*|a rebosar|rebosante|del todo|all the way|"
            r"to the (?:brim|top)|topped up|hasta arriba|al maximo)"
        ),
        100,
    ),
)  # fmt: skip


def find_amounts(text: str) -> list[Amount]:
    """The amounts of a folded text whose times are blanked, in the order they stand; a number without a unit too."""
    found = list(_with_units(text))
    free = text
    for one in found:
        free = f"{free[: one.begin]}{' ' * (one.end - one.begin)}{free[one.end :]}"
    found += [Amount(read_number(m["figure"]), "", *m.span(), less=bool(m["less"])) for m in _BARE.finditer(free)]
    return sorted(found, key=lambda one: one.begin)


def share_of(text: str) -> Amount | None:
    """A share of the battery in words, in percent: half, a third, full."""
    for piece, whole in _PIECES.items():
        if match := re.search(rf"\b{_FRACTION.format(piece)}\b{_OF_BATTERY}", text):
            return Amount(round(100 * COUNTS.get(match["n"] or "", 1) / whole), "%", *match.span())
    for words, percent in _SHARES:
        if match := re.search(rf"\b(?:{words})\b{_OF_BATTERY}", text):
            return Amount(percent, "%", *match.span())
    return None


def _with_units(text: str) -> Iterator[Amount]:
    for match in _AMOUNT.finditer(text):
        if match["sign"]:
            yield Amount(read_number(match["paid"]), "money", *match.span())
            continue
        unit, factor = next((unit, factor) for at, (_, unit, factor) in enumerate(_UNITS) if match[f"u{at}"])
        # A kilowatt may have three decimals; of a watt, a per cent or a kilometre nobody says them.
        may_be_thousands = unit not in ("kw", "kwh") or factor < 1
        figure = match["figure"]
        value = read_number(figure, thousands=may_be_thousands) if figure else float(_WORDS[match["word"]])
        yield Amount(value * factor, unit, *match.span(), less=bool(match["less"]))


def read_number(figure: str, *, thousands: bool = True) -> float:
    """1.5, 1,5, 1.500 and 1,500 as numbers; a mark before three digits parts thousands, where there can be any.

    Several such marks part thousands anywhere. Raises ValueError where it is no number.
    """
    marks = figure.count(".") + figure.count(",")
    if _THOUSANDS.fullmatch(figure) and (thousands or marks > 1):
        return float(re.sub(r"[.,]", "", figure))
    return float(figure.replace(",", "."))
