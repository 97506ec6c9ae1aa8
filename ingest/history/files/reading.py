"""One file read: its columns as kW in regular slots, what each was taken for, and the days that have a fault."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from energy.errors import UnclearError
from energy.home import Home
from ingest.history.files.cells.clock import day_of
from ingest.history.files.cells.numbers import Column, decimal_sign, is_doubtful, read_numbers
from ingest.history.files.cells.powers import Slots
from ingest.history.files.cells.words import without_register
from ingest.history.files.flows import NETS, ReadColumn, has_both_signs
from ingest.history.files.idle_house import idle_house
from ingest.history.files.night_sun import refuse_night_sun
from ingest.history.files.table.columns import Meaning, meanings, unread
from ingest.history.files.table.faults import Faults
from ingest.history.files.table.options import Options
from ingest.history.files.table.rows import Rows, placed_rows
from ingest.history.files.table.rowtimes import row_times
from ingest.history.files.table.sheet import Sheet
from ingest.history.files.table.timecolumns import TimeColumns, time_columns
from knowledge.days import Floats

# Share of the slots in which parts of a sum are known together, beyond which an unknown part makes it unknown.
_TOGETHER = 0.05


@dataclass(frozen=True, slots=True)
class Taken:
    """What a column was taken for."""

    name: str
    role: str
    unit: str


@dataclass(frozen=True, slots=True, eq=False)
class FileReading:
    """A file's series by role, each with one value a slot (kW for flows), and what a person should know of it.

    `lines` is the row of the file that each slot came from, 0 for none.
    """

    path: Path
    slots: Slots
    series: dict[str, Floats]
    lines: NDArray[np.int64]
    taken: tuple[Taken, ...]
    about: str
    format: str | None
    faults: Mapping[date, str]
    notes: tuple[str, ...]
    unread: tuple[str, ...]


def read_file(path: Path, sheet: Sheet, home: Home, options: Options) -> FileReading:
    """Read a table for a home.

    Raises:
        DataError: naming file, row, column, value and what to do.
        UnclearError: something can be meant in two ways.
    """
    when = time_columns(sheet, options)
    times = row_times(sheet, when, options, home.tz)
    read = meanings(sheet, when, options)
    numbers = _numbers(sheet, read, options)
    read = _with_nets(read, numbers)
    faults = Faults(path, sheet, times, home.tz)
    rows = placed_rows(sheet, times, read, numbers, home, faults)
    series: dict[str, Floats] = {}
    taken = []
    columns = [ReadColumn.of(one, numbers[one.column], rows, home) for one in read]
    # Whether a use is one is asked before its unit, whose answer would say that it is.
    idle_house(sheet, read, _without_units(columns), rows.slots)
    for column in columns:
        role = column.meaning.role
        unit = column.unit([other for other in columns if _thing(other) == _thing(column)])
        power = column.on_slots(unit)
        series[role] = power if role not in series else _added(series[role], power)
        taken.append(Taken(column.name, role, unit.name if unit.kind != "plain" else ""))
    refuse_night_sun(sheet, series, rows.slots, home)
    idle = idle_house(sheet, read, series, rows.slots)
    counted = set(rows.at.tolist())
    for one in read:
        faults.add_cells(one.column, [at for at in numbers[one.column].wrong if at in counted])
    not_read = unread(sheet, when, read)
    notes = (
        *times.notes,
        *rows.notes,
        *_sums(taken),
        *(f"{one.name!r} is written with a minus throughout, which is taken for none" for one in columns if one.minus),
        *idle,
        *((f"columns not known and not read: {', '.join(not_read)}",) if not_read else ()),
    )
    known = sheet.known.name if sheet.known else None
    lines = np.zeros(rows.slots.count, dtype=np.int64)
    lines[rows.slots.places(rows.starts_s)[::-1]] = np.array([sheet.lines[at] for at in rows.at[::-1].tolist()])
    return FileReading(
        path, rows.slots, series, lines, tuple(taken), _about(rows, when, home), known, faults.by_day(), notes, not_read
    )


def _without_units(columns: Iterable[ReadColumn]) -> dict[str, Floats]:
    """The values of columns that name no unit, as they stand."""
    found: dict[str, Floats] = {}
    for one in columns:
        if one.meaning.unit is None and not one.counts:
            role, values = one.meaning.role, one.plain_on_slots()
            found[role] = values if role not in found else _added(found[role], values)
    return found


def _with_nets(read: Iterable[Meaning], numbers: Mapping[int, Column]) -> tuple[Meaning, ...]:
    """A direction whose values have both signs, without its opposite beside it, is the net of both."""
    roles = {one.role for one in read}
    found = []
    for one in read:
        net, sign = NETS.get(one.role, ("", ""))
        opposite = {role for role, (other, _) in NETS.items() if other == net} - {one.role}
        if not net or one.sure or roles & {net, *opposite} or not has_both_signs(numbers[one.column].values):
            found.append(one)
        else:
            found.append(replace(one, role=net, turned=sign == "-"))
    return tuple(found)


def _thing(column: ReadColumn) -> tuple[str, tuple[str, ...]]:
    """What a column is a part of: a role, and its name without the register."""
    return column.meaning.role, without_register(column.name) or (column.name,)


def _added(one: Floats, other: Floats) -> Floats:
    """The sum; where hardly a slot has both, as with the registers of two tariffs, what is unknown is nothing."""
    both = ~np.isnan(one) & ~np.isnan(other)
    either = ~np.isnan(one) | ~np.isnan(other)
    if both.sum() > _TOGETHER * either.sum():
        return one + other
    return np.where(either, np.nan_to_num(one) + np.nan_to_num(other), np.nan)


def _sums(taken: Iterable[Taken]) -> Iterable[str]:
    names: dict[str, list[str]] = {}
    for one in taken:
        names.setdefault(one.role, []).append(repr(one.name))
    return [f"{' + '.join(several)}: added up as {role}" for role, several in names.items() if len(several) > 1]


def _numbers(sheet: Sheet, read: Iterable[Meaning], options: Options) -> dict[int, Column]:
    """The columns that are read, as numbers, with the decimal sign that leaves no doubt."""
    cells = {one.column: sheet.cells(one.column) for one in read}
    if options.decimal:
        return {at: read_numbers(column, options.decimal) for at, column in cells.items()}
    own = {at: decimal_sign(set(column)) for at, column in cells.items()}
    shown = {sign for sign in own.values() if sign is not None}
    of_file = shown.pop() if len(shown) == 1 else None
    found = {}
    for at, column in cells.items():
        sign = own[at] or of_file
        if sign is None and sheet.delimiter != "," and is_doubtful(set(column)):
            example = next(cell for cell in column if "," in cell or "." in cell)
            raise UnclearError(
                f"{sheet.path}, column {sheet.names[at]!r}: {example!r} can be read in two ways: say --decimal point "
                f"or "
                "--decimal comma",
                option="decimal",
                choices=("point", "comma"),
            )
        found[at] = read_numbers(column, sign or "point")
    return found


def _about(rows: Rows, when: TimeColumns, home: Home) -> str:
    """How the file was read, in a line."""
    sheet, times = rows.sheet, rows.times
    first, last = (day_of(int(rows.starts_s[at]), home.tz) for at in (0, -1))
    mark = {"\t": "tab", ";": "semicolon", ",": "comma", "|": "bar"}.get(sheet.delimiter, repr(sheet.delimiter))
    ends = "ends" if times.ends and when.end is None else "starts"
    newest = ", newest first" if times.newest_first else ""
    step = f"{times.step_s / 60:g} min"
    table = f"{sheet.encoding}, {mark}; {len(rows.at)} rows of {step} from {first} to {last}{newest}"
    shape = f"; {sheet.shape}" if sheet.shape else ""
    return f"{table}; times are interval {ends}{shape}"
