"""Columns that say the same in several ways, as a power, an energy and a counter: one of them is read."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from energy.errors import DataError, UnclearError
from ingest.history.files.cells.powers import hourly_means
from ingest.history.files.cells.units import UNITS
from ingest.history.files.cells.words import without_register
from ingest.history.files.reading import FileReading
from ingest.history.files.table.options import ALL_OF_THEM, ColumnWish, Options
from ingest.history.files.table.sheet import Sheet
from ingest.history.files.table.timecolumns import column_named
from knowledge.days import Floats

_SAME = 0.05
Read = Callable[[Options], FileReading]


def settled_where_alike(read: Read, sheet: Sheet, options: Options) -> FileReading:
    """Read a file; where several columns may be one thing and say the same hour by hour, the finest one is read.

    Raises:
        UnclearError: something can be meant in two ways.
        DataError: the file cannot be read.
    """
    try:
        return read(options)
    except UnclearError as err:
        finest = _finest_of_alike(read, sheet, options, err)
        if finest is None:
            raise
    reading = settled_where_alike(read, sheet, options.also(Options(columns=finest), None))
    told = f"several columns say the same as {' + '.join(repr(one.name) for one in finest)}, which is read"
    return replace(reading, notes=(*reading.notes, told))


def _finest_of_alike(
    read: Read, sheet: Sheet, options: Options, question: UnclearError
) -> tuple[ColumnWish, ...] | None:
    """The columns that are read where all that a question names give the same hours; None where they do not."""
    word, _, role = question.option.partition(" ")
    if word != "column" or ALL_OF_THEM not in question.choices:
        return None
    groups: dict[tuple[str, ...], list[ColumnWish]] = {}
    for name in question.choices[:-1]:
        wish = ColumnWish(role, name)
        header = sheet.names[column_named(sheet, wish)]
        groups.setdefault(without_register(header) or (name,), []).append(wish)
    found: list[tuple[int, tuple[ColumnWish, ...], Floats]] = []
    kinds: list[str] = []
    for group in groups.values():
        try:
            reading = read(_alone(sheet, options, group))
        except DataError:
            return None
        kinds.append(UNITS[reading.taken[0].unit].kind)
        slots = reading.slots
        hourly = hourly_means(reading.series[role], slots, from_s=slots.start_s // 3600 * 3600)
        # A counter does not show its last interval.
        found.append((int(np.isfinite(reading.series[role]).sum()), tuple(group), hourly))
    first = found[0][2]
    # Two equal roofs are alike too, and are in the same unit.
    alike = len(set(kinds)) == len(kinds) > 1 and all(_are_alike(first, hourly) for _, _, hourly in found[1:])
    return max(found, key=lambda one: one[0])[1] if alike else None


def _alone(sheet: Sheet, options: Options, group: Sequence[ColumnWish]) -> Options:
    """Options under which nothing but some columns is read."""
    kept = {column_named(sheet, wish) for wish in group}
    others = (ColumnWish("none", f"#{at + 1}") for at in range(len(sheet.names)) if at not in kept)
    times = (wish for wish in options.columns if wish.role in ("time", "date", "hour"))
    return replace(options, columns=(*times, *group, *others))


def _are_alike(one: Floats, other: Floats) -> bool:
    if len(one) != len(other):
        return False
    known = ~np.isnan(one) & ~np.isnan(other)
    off = np.abs(one[known] - other[known]).sum()
    return bool(known.any() and off <= _SAME * max(np.abs(one[known]).sum(), np.abs(other[known]).sum()))
