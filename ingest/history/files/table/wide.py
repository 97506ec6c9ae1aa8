"""A table with a row for each day and a column for each of its hours or quarters, made long: a row for each of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from ingest.history.files.cells.moments import read_moment, signless_clock_seconds
from ingest.history.files.cells.units import unit_in
from ingest.history.files.table.sheet import Sheet

# What a label says of its interval: a number (H1, Q96, "Hour 24 (kWh)") or a clock ("00:15", "1 AM", "23h-24h").
_NUMBER = re.compile(r"(\D*?)0*(\d{1,3})(\D*)")
_HOURS = re.compile(r"0*(\d{1,2})\s*h?\s*(?:-|\u2013|to|a|bis)\s*0*(\d{1,2})\s*h?", re.IGNORECASE)
# How many hours, halves and quarters a day has, on the days that clocks change too.
_COUNTS = (range(23, 26), range(46, 51), range(92, 101))
_STEPS_MIN = (15, 30, 60)
_LEAST_MIN = 23 * 60


@dataclass(frozen=True, slots=True)
class _Label:
    """A column's label: what is alike in all of a run, and the interval's number, or its clock in minutes."""

    kind: tuple[str, str]
    value: int
    is_clock: bool

    @property
    def text(self) -> str:
        return f"{self.value // 60:02d}:{self.value % 60:02d}" if self.is_clock else str(self.value)


def lengthened(sheet: Sheet) -> Sheet:
    """The table itself, or, where its columns are the hours or quarters of a day, one row for each of them.

    Cells that are empty at a row's end are hours that the day does not have. A day's total is left out.
    """
    run = None if sheet.known is not None else _run_of_a_day(sheet.names)
    if run is None or not _has_days(sheet, run[0]):
        return sheet
    first, labels = run
    rows, lines = [], []
    for row, line in zip(sheet.rows, sheet.lines, strict=True):
        cells = row[first : first + len(labels)]
        length = max((at + 1 for at, cell in enumerate(cells) if cell), default=0)
        for label, cell in zip(labels[:length], cells, strict=False):
            rows.append([*row[:first], label.text, cell])
            lines.append(line)
    units = (*sheet.units[:first], None, sheet.units[first] or unit_in(sheet.names[first]))
    names = (*sheet.names[:first], "Time" if labels[0].is_clock else "Hour", "Value")
    shape = f"a row for each day, with {len(labels)} columns {sheet.names[first]!r} to "
    shape += f"{sheet.names[first + len(labels) - 1]!r}"
    return replace(sheet, names=names, units=units, rows=rows, lines=lines, ragged={}, shape=shape)


def _run_of_a_day(names: Sequence[str]) -> tuple[int, list[_Label]] | None:
    """The first column of a day's hours or quarters, and the labels of all of them."""
    read = [_label(name) for name in names]
    first = 0
    for _, group in groupby(read, key=lambda label: None if label is None else (label.kind, label.is_clock)):
        run = list(group)
        labels = [label for label in run if label is not None]
        # A year or a number before the first hour may look like one of them.
        for skipped in range(min(3, len(labels))):
            if _is_day(labels[skipped:]):
                return first + skipped, labels[skipped:]
        first += len(run)
    return None


def _label(name: str) -> _Label | None:
    if (hours := _HOURS.fullmatch(name.strip())) and int(hours[2]) == int(hours[1]) + 1:
        return _Label(("", ""), int(hours[1]) * 60, is_clock=True)
    if (second := signless_clock_seconds(name)) is not None:
        return _Label(("", ""), second // 60, is_clock=True)
    if (number := _NUMBER.fullmatch(name.strip())) is not None:
        return _Label((number[1].strip().lower(), number[3].strip().lower()), int(number[2]), is_clock=False)
    return None


def _is_day(labels: Sequence[_Label]) -> bool:
    steps = {later.value - earlier.value for earlier, later in pairwise(labels)}
    if len(steps) != 1:
        return False
    step, first = steps.pop(), labels[0].value
    if not labels[0].is_clock:
        return step == 1 and first in (0, 1) and any(len(labels) in counts for counts in _COUNTS)
    return step in _STEPS_MIN and first in (0, step) and len(labels) * step >= _LEAST_MIN


def _has_days(sheet: Sheet, before: int) -> bool:
    """Whether a column before the hours holds dates without clocks."""
    cells = [row[:before] for row in sheet.rows[:3]]
    return any((moment := read_moment(cell)) is not None and moment.second is None for row in cells for cell in row)
