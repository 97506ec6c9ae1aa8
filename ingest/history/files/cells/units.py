"""Units as files write them: of power, of energy in each interval, of counters that run on, and of prices."""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["power", "energy", "counter", "price", "plain"]


@dataclass(frozen=True, slots=True)
class Unit:
    """What one unit is inside: kW, kWh, or currency per kWh."""

    name: str
    kind: Kind
    factor: float


_SCALES = {"W": 0.001, "kW": 1.0, "MW": 1000.0}
UNITS: dict[str, Unit] = {
    **{name: Unit(name, "power", factor) for name, factor in _SCALES.items()},
    **{f"{name}h": Unit(f"{name}h", "energy", factor) for name, factor in _SCALES.items()},
    **{f"{name}h-total": Unit(f"{name}h-total", "counter", factor) for name, factor in _SCALES.items()},
    "per-kWh": Unit("per-kWh", "price", 1.0),
    "cent-per-kWh": Unit("cent-per-kWh", "price", 0.01),
    "per-MWh": Unit("per-MWh", "price", 0.001),
    "C": Unit("C", "plain", 1.0),
    "W/m2": Unit("W/m2", "plain", 1.0),
}
_WORDS = {
    **{name.lower(): unit for name, unit in UNITS.items() if unit.kind in ("power", "energy")},
    **{f"{name.lower()}s": unit for name, unit in UNITS.items() if unit.kind == "energy"},
    "watt": UNITS["W"],
    "watts": UNITS["W"],
    "kilowatt": UNITS["kW"],
    "kilowatts": UNITS["kW"],
    "watthours": UNITS["Wh"],
    "kilowatthours": UNITS["kWh"],
    "watthour": UNITS["Wh"],
    "kilowatthour": UNITS["kWh"],
}
_BRACKETS = re.compile(r"[\[({<]([^\])}>]+)[\])}>]")
_PER = re.compile(r"(?P<money>[^\s/\[(_]*)[\s_]*(?:/|per|_)[\s_]*(?P<per>[km]wh)", re.IGNORECASE)
_CENTS = frozenset({"c", "ct", "cts", "cent", "cents", "p", "pence", "¢", "øre", "öre", "ore"})
_CURRENCIES = frozenset(
    [
        "eur",
        "€",
        "euro",
        "euros",
        "usd",
        "$",
        "gbp",
        "£",
        "chf",
        "nok",
        "sek",
        "dkk",
        "kr",
        "jpy",
        "¥",
        "aud",
        "cad",
        "nzd",
        "pln",
        "zł",
        "czk",
        "kč",
        "huf",
        "ron",
        "brl",
        "zar",
        "inr",
    ],
)
# A header is a few words; what is longer is no header, and patterns take their time over it.
_LONGEST_HEADER = 200
# Energies that are written in two words: kilowatt-hours, kW·h.
_APART = re.compile(r"(?<=watt)[ -](?=hours?\b)|(?<=\b[kM]W)[ .·*](?=h\b)|(?<=\bW)[ .·*](?=h\b)", re.IGNORECASE)
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("power", re.compile(r"power|leistung|potencia|puissance|potenza|vermogen|effekt", re.IGNORECASE)),
    ("energy", re.compile(r"energ|yield|ertrag|\bwork\b|arbeit", re.IGNORECASE)),
)
_SPLIT = re.compile(r"[^0-9A-Za-z]+")


def unit_in(header: str) -> Unit | None:
    """The unit that a header or a unit row names; None where it names none."""
    if priced := price_unit_in(header):
        return priced
    header = _APART.sub("", header[:_LONGEST_HEADER])
    for part in _BRACKETS.findall(header):
        if (unit := _WORDS.get(part.strip().lower())) is not None:
            return unit
    words = [word.lower() for word in _SPLIT.split(header) if word]
    return next((_WORDS[word] for word in reversed(words) if word in _WORDS and (len(word) > 1 or word == "w")), None)


def kind_in(header: str) -> Kind | None:
    """Whether a header without a unit says that it holds powers or energies."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header).replace("_", " ")
    found: set[Kind] = {kind for kind, words in _KINDS if words.search(apart)}
    return found.pop() if len(found) == 1 else None


def is_unit(cell: str) -> bool:
    """Whether a cell is a unit and nothing else."""
    return cell.strip("[](){} ").lower() in _WORDS or (len(cell) <= 12 and price_unit_in(cell) is not None)


def price_unit_in(header: str) -> Unit | None:
    """A price's unit, such as EUR/MWh or ct/kWh."""
    found = _PER.search(header[:_LONGEST_HEADER])
    if found is None:
        return None
    money = found["money"].strip(" [(").lower()
    if money not in _CENTS | _CURRENCIES:
        return None
    per_kwh = "cent-per-kWh" if money in _CENTS else "per-kWh"
    return UNITS["per-MWh" if found["per"].lower() == "mwh" else per_kwh]
