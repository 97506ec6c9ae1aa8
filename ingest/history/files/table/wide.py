"""A table with a row for each day and a column for each of its hours or quarters, made long: a row for each of them."""

import re
from dataclasses import replace
from itertools import pairwise

from ingest.history.files.table.sheet import Sheet

# What a label says of its hour: a number (H1, 01, "Hour 24") or a clock that an interval begins or ends with.
_NUMBER = re.compile(r"(?:h|hour|hora|heure|stunde|ora|uur)?[ ._]?(\d{1,2})", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2})[:.h](\d{2})(?:[:.]00)?(?: ?(?:-|\u2013|to|a) ?\d{1,2}[:.h]\d{2})?", re.IGNORECASE)
_LEAST_HOURS = 23
_STEPS_MIN = (15, 30, 60)


def lengthened(sheet: Sheet) -> Sheet:
    """The table itself, or, where its columns are the hours or quarters of a day, one row for each of them.

    Cells that are empty at a row's end are hours that the day does not have. A day's total is left out.
    """
    run = _longest_run(sheet.names)
    if run is None or sheet.known is not None:
        return sheet
    first, last, name = run
    rows, lines = [], []
    for row, line in zip(sheet.rows, sheet.lines, strict=True):
        end = max((at + 1 for at in range(first, last) if row[at]), default=first)
        for at in range(first, end):
            rows.append([*row[:first], sheet.names[at], row[at]])
            lines.append(line)
    units = (*sheet.units[:first], None, sheet.units[first])
    names = (*sheet.names[:first], name, "Value")
    return replace(sheet, names=names, units=units, rows=rows, lines=lines, ragged={})


def _longest_run(names: tuple[str, ...]) -> tuple[int, int, str] | None:
    """First and last (exclusive) column of a day's hours or quarters, and what their labels are called."""
    for called, read in (("Hour", _hour), ("Time", _minute)):
        values = [read(name) for name in names]
        start = next((at for at, value in enumerate(values) if value is not None), len(values))
        end = start
        while end < len(values) and values[end] is not None:
            end += 1
        if _is_day([value for value in values[start:end] if value is not None], called):
            return start, end, called
    return None


def _is_day(values: list[int], called: str) -> bool:
    steps = {later - earlier for earlier, later in pairwise(values)}
    if len(steps) != 1:
        return False
    step = steps.pop()
    if called == "Hour":
        return step == 1 and values[0] in (0, 1) and len(values) >= _LEAST_HOURS
    return step in _STEPS_MIN and values[0] in (0, step) and len(values) * step >= _LEAST_HOURS * 60


def _hour(name: str) -> int | None:
    found = _NUMBER.fullmatch(name.strip())
    return int(found[1]) if found else None


def _minute(name: str) -> int | None:
    found = _CLOCK.fullmatch(name.strip())
    return int(found[1]) * 60 + int(found[2]) if found else None
