"""Numbers as files write them: decimal points and commas, thousands, units beside them, and words for no value."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

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
    memo: dict[str, float | None] = {}
    suffixes: set[str] = set()
    values, wrong = np.empty(len(cells)), []
    for at, cell in enumerate(cells):
        if cell not in memo:
            memo[cell] = _value(cell, decimal, suffixes)
        value = memo[cell]
        if value is None:
            wrong.append(at)
        values[at] = np.nan if value is None else value
    return Column(values, tuple(wrong), suffixes.pop() if len(suffixes) == 1 else "")


def _value(cell: str, decimal: Decimal, suffixes: set[str]) -> float | None:
    if is_no_value(cell):
        return np.nan
    found = _NUMBER.fullmatch(cell.strip())
    if found is None:
        return None
    if found["unit"]:
        suffixes.add(found["unit"])
    digits = _SPACES.sub("", found["digits"])
    digits = digits.replace(".", "").replace(",", ".") if decimal == "comma" else _thousands_out(digits)
    try:
        value = float(digits + (found["power"] or ""))
    except ValueError:
        return None
    return -value if found["sign"] in ("-", "\u2212") else value


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
