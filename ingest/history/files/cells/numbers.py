"""Numbers as files write them: decimal points and commas, thousands, units beside them, and words for no value."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ingest.history.files.cells.units import unit_in
from ingest.live.foreign import NO_VALUE
from knowledge.days import Floats

Decimal = Literal["point", "comma"]
_NUMBER = re.compile(
    r"(?P<sign>[+\-\u2212]?)\s*(?P<digits>\d[\d.,'\u2019  \s]*|[.,]\d+)(?P<power>[eE][+-]?\d+)?\s*"
    r"(?P<unit>[A-Za-z€£$¢°%/²]{0,12})",
)
_SPACES = re.compile(r"[\s'\u2019  ]")
_ONE_COMMA, _ONE_POINT = re.compile(r"(\d*),(\d+)"), re.compile(r"(\d*)\.(\d+)")


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column as numbers, NaN where it says nothing; `wrong` are the rows whose cell is no number."""

    values: Floats
    wrong: tuple[int, ...]
    suffix: str


def is_no_value(cell: str) -> bool:
    """Whether a cell says that there is no value."""
    return cell.strip().lower() in NO_VALUE


def looks_like_number(cell: str) -> bool:
    """Whether a cell may be a number, perhaps with a unit."""
    return _NUMBER.fullmatch(cell) is not None


def decimal_sign(cells: Iterable[str]) -> Decimal | None:
    """Which sign begins the decimals, where the cells leave no doubt; None where they do not say.

    `0,5`, `12,34` and `1.234,5` can be read one way only; `1,234` in two.
    """
    found = {sign for cell in cells if (sign := _evidence(_SPACES.sub("", cell))) is not None}
    return found.pop() if len(found) == 1 else None


def is_doubtful(cells: Iterable[str]) -> bool:
    """Whether some cell reads as another number with the other decimal sign, and none settles it."""
    known = [_SPACES.sub("", cell) for cell in cells]
    return decimal_sign(known) is None and any("," in cell or "." in cell for cell in known)


def read_numbers(cells: list[str], decimal: Decimal) -> Column:
    """A column's numbers."""
    read = {cell: _value(cell, decimal) for cell in set(cells)}
    suffixes = {found[1] for found in read.values() if found is not None and found[1]}
    factors = {"": 1.0} if len(suffixes) < 2 else _factors(suffixes)
    values, wrong = np.full(len(cells), np.nan), []
    for at, cell in enumerate(cells):
        value, suffix = read[cell] or (None, "")
        if value is None or (len(suffixes) > 1 and suffix not in factors and not np.isnan(value)):
            wrong.append(at)
        else:
            values[at] = value * factors.get(suffix, 1.0)
    return Column(values, tuple(wrong), _common(suffixes, factors))


def _factors(suffixes: set[str]) -> dict[str, float]:
    """What turns values of several units of one kind, as charts scale them, into kW or kWh; a bare 0 has none."""
    units = {suffix: unit for suffix in suffixes if (unit := unit_in(suffix)) is not None}
    if len(units) < len(suffixes) or len({unit.kind for unit in units.values()}) > 1:
        return {}
    return {"": 1.0, **{suffix: unit.factor for suffix, unit in units.items()}}


def _common(suffixes: set[str], factors: dict[str, float]) -> str:
    if len(suffixes) < 2 or not factors:
        return next(iter(suffixes)) if len(suffixes) == 1 else ""
    return "kWh" if any(suffix.lower().endswith("h") for suffix in suffixes) else "kW"


def _value(cell: str, decimal: Decimal) -> tuple[float, str] | None:
    """The number of a cell and the unit beside it; None where it is no number."""
    if is_no_value(cell):
        return np.nan, ""
    found = _NUMBER.fullmatch(cell.strip())
    if found is None:
        return None
    digits = _SPACES.sub("", found["digits"])
    digits = digits.replace(".", "").replace(",", ".") if decimal == "comma" else _thousands_out(digits)
    try:
        value = float(digits + (found["power"] or ""))
    except ValueError:
        return None
    return (-value if found["sign"] in ("-", "\u2212") else value), found["unit"]


def _thousands_out(digits: str) -> str:
    """Commas dropped where they stand between thousands; a comma elsewhere makes it no number."""
    return digits.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d*)?", digits) else digits


def _evidence(cell: str) -> Decimal | None:
    found = _NUMBER.fullmatch(cell)
    if found is None:
        return None
    digits = found["digits"]
    commas, points = digits.count(","), digits.count(".")
    if commas and points:
        return "comma" if digits.rfind(",") > digits.rfind(".") else "point"
    if commas > 1 or points > 1:
        return "point" if commas else "comma"
    pattern, sign = (_ONE_COMMA, "comma") if commas else (_ONE_POINT, "point")
    split = pattern.fullmatch(digits)
    if split is None or (len(split[2]) == 3 and split[1].lstrip("0") and len(split[1]) <= 3):
        return None
    return "comma" if sign == "comma" else "point"
