"""Which columns of a table hold its times, found by what is in them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from energy.errors import DataError, UnclearError
from ingest.history.files.cells.moments import clock_seconds, epoch_seconds, read_moment, signless_clock_seconds
from ingest.history.files.cells.words import plain
from ingest.history.files.table.options import ColumnWish, Options
from ingest.history.files.table.sheet import Sheet

_SAMPLE = 300
# Cells of footers and totals may differ.
_MOST = 0.8
_HOUR_WORDS = re.compile(
    r"hora|hour|stunde|uhr|zeit|time|heure|uur|\bora\b|interval|period|quarter|slot|\bhh?\b|\bnr\b"
)
_END_WORDS = re.compile(r"\b(end|ends|ending|to|until|hasta|fin|bis|ende|tot|til|a)\b")
_START_WORDS = re.compile(r"\b(start|starts|begin|beginning|from|since|desde|inicio|von|beginn|van|fra)\b")
_LEAST_HOURS, _HOURS_AT_MOST = 23, 100
_MANY = 20
# A flag beside the hours (summer time) has fewer values.
_FEW_HOURS = 10
_MOST_LATER, _MANY_ROWS = 0.5, 3000


@dataclass(frozen=True, slots=True)
class TimeColumns:
    """Where times stand: one column of dates with times or of seconds, or a date beside a clock or an hour's number."""

    time: int
    clock: int | None = None
    numbered: bool = False
    epoch: bool = False
    end: int | None = None
    names_end: bool = False

    @property
    def used(self) -> frozenset[int]:
        """All columns that say when."""
        return frozenset(at for at in (self.time, self.clock, self.end) if at is not None)


def time_columns(sheet: Sheet, options: Options) -> TimeColumns:
    """The columns of times.

    Raises:
        UnclearError: several may be meant, or none is found.
        DataError: an option names a column that is not there.
    """
    wishes = {wish.role: column_named(sheet, wish) for wish in options.columns if wish.role in ("time", "date", "hour")}
    if "time" in wishes:
        return _one(sheet, wishes["time"])
    dated = [at for at in range(len(sheet.names)) if _mostly(sheet, at, _is_dated)]
    whole = [at for at in dated if _has_clock(sheet, at)]
    bare = [at for at in dated if at not in whole]
    day = wishes.get("date", (bare or dated)[0] if dated else None)
    clock = wishes.get("hour", None if day is None else _clock_beside(sheet, day))
    if "date" not in wishes and "hour" not in wishes:
        if day in bare and clock is not None:
            # What has fewer times than the rows have days and clocks is when a row was written.
            whole = [at for at in whole if _times(sheet, at) > _MOST_LATER * _times(sheet, day, clock)]
        if whole:
            return _whole(sheet, whole)
    if day is not None and clock is not None:
        return TimeColumns(day, clock, numbered=not _mostly(sheet, clock, _is_clock))
    seconds = [at for at in range(len(sheet.names)) if _mostly(sheet, at, lambda cell: epoch_seconds(cell) is not None)]
    if seconds:
        return TimeColumns(seconds[0], epoch=True)
    raise UnclearError(
        f"{sheet.path}: no column holds times of the day; its columns are {named(sheet.names)}: say "
        "which with --column time=NAME, or --column date=NAME --column hour=NAME; totals of days cannot be used",
        option="column time",
        choices=tuple(sheet.names),
    )


def _times(sheet: Sheet, *columns: int) -> int:
    return len({tuple(row[at] for at in columns) for row in sheet.rows[:_MANY_ROWS]})


def column_named(sheet: Sheet, wish: ColumnWish) -> int:
    """Place of the column that a person named.

    Raises:
        DataError: it is not there.
    """
    found = _place(sheet.names, wish.name)
    if found is None:
        raise DataError(
            f"{sheet.path}: there is no column {wish.name!r} for --column {wish.role}=…; there are "
            f"{named(sheet.names)}",
        )
    return found


def named(names: Sequence[str]) -> str:
    """Column names for people, of many the first and the last."""
    shown = [repr(name) for name in names]
    return ", ".join(shown if len(shown) <= _MANY else [*shown[:8], "…", *shown[-2:]])


def has_column(sheet: Sheet, wish: ColumnWish) -> bool:
    """Whether a table has the column that a person named."""
    return _place(sheet.names, wish.name) is not None


def _place(names: Sequence[str], name: str) -> int | None:
    if name in names:
        return names.index(name)
    if re.fullmatch(r"#\d+", name) and 1 <= int(name[1:]) <= len(names):
        return int(name[1:]) - 1
    alike = [at for at, one in enumerate(names) if plain(one) == plain(name)]
    return alike[0] if len(alike) == 1 else None


def _one(sheet: Sheet, at: int) -> TimeColumns:
    epoch = not _mostly(sheet, at, _is_dated) and _mostly(sheet, at, lambda cell: epoch_seconds(cell) is not None)
    return TimeColumns(at, epoch=epoch, names_end=_names_end(sheet, at))


def _whole(sheet: Sheet, whole: Sequence[int]) -> TimeColumns:
    """One column of whole times, or of two the one that names the start of each interval."""
    utc = [at for at in whole if re.search(r"\butc|\bgmt", plain(sheet.names[at]))]
    offset = [at for at in whole if _mostly(sheet, at, _has_offset)]
    if len(whole) == 2:
        first, second = whole
        if _START_WORDS.search(plain(sheet.names[first])) or _names_end(sheet, second):
            return TimeColumns(first, end=second)
        if _START_WORDS.search(plain(sheet.names[second])) or _names_end(sheet, first):
            return TimeColumns(second, end=first)
        if _follow(sheet, first, second):
            return TimeColumns(first, end=second)
    chosen = (offset or utc or list(whole))[0]
    if len(whole) > 1 and not (offset or utc):
        raise UnclearError(
            f"{sheet.path}: the columns {', '.join(repr(sheet.names[at]) for at in whole)} all hold times: say which "
            f"one "
            "counts with --column time=NAME",
            option="column time",
            choices=tuple(sheet.names[at] for at in whole),
        )
    return TimeColumns(chosen, names_end=_names_end(sheet, chosen))


def _follow(sheet: Sheet, first: int, second: int) -> bool:
    """Whether each interval ends, in the second column, where the next one begins in the first."""
    pairs = list(dict.fromkeys((row[first], row[second]) for row in sheet.rows[:_SAMPLE]))
    onwards = sum(one[1] == after[0] for one, after in pairwise(pairs))
    backwards = sum(one[0] == after[1] for one, after in pairwise(pairs))
    return len(pairs) > 2 and max(onwards, backwards) >= _MOST * (len(pairs) - 1)


def _names_end(sheet: Sheet, at: int) -> bool:
    return _END_WORDS.search(plain(sheet.names[at]).replace("_", " ")) is not None


def _clock_beside(sheet: Sheet, day: int) -> int | None:
    others = [at for at in range(len(sheet.names)) if at != day]
    clocks = [at for at in others if _mostly(sheet, at, lambda cell: clock_seconds(cell) is not None)]
    if clocks:
        starting = [at for at in clocks if not _names_end(sheet, at)]
        return (starting or clocks)[0]
    named = [at for at in others if _HOUR_WORDS.search(plain(sheet.names[at]).replace("_", " "))]
    named = [at for at in named if _times(sheet, at) > min(_FEW_HOURS, len(sheet.rows) // 2)]
    numbered = [at for at in named if _mostly(sheet, at, _is_number_of_hour) or _mostly(sheet, at, _is_clock)]
    return next(iter(numbered or [at for at in others if _counts_through_days(sheet, day, at)]), None)


def _counts_through_days(sheet: Sheet, day: int, at: int) -> bool:
    """Whether a column has the same numbers in a row, from 0 or 1 on, on nearly every day."""
    pairs = {(row[day], row[at]) for row in sheet.rows if row[at].isdecimal() and len(row[at]) < 4}
    numbers = {int(number) for _, number in pairs}
    if not _LEAST_HOURS <= len(numbers) <= _HOURS_AT_MOST or numbers != set(range(min(numbers), max(numbers) + 1)):
        return False
    return min(numbers) in (0, 1) and len(pairs) >= _MOST * len(numbers) * len({when for when, _ in pairs})


def _mostly(sheet: Sheet, at: int, test: Callable[[str], bool]) -> bool:
    cells = [row[at] for row in sheet.rows[:_SAMPLE] if row[at]]
    return bool(cells) and sum(test(cell) for cell in cells) >= _MOST * len(cells)


def _has_clock(sheet: Sheet, at: int) -> bool:
    """Whether dates stand with times; midnight alone may be written as a bare date."""
    cells = [row[at] for row in sheet.rows[:_SAMPLE] if row[at]]
    return any((moment := read_moment(cell)) is not None and moment.second is not None for cell in cells)


def _is_clock(cell: str) -> bool:
    return signless_clock_seconds(cell) is not None


def _is_dated(cell: str) -> bool:
    return read_moment(cell) is not None


def _has_offset(cell: str) -> bool:
    return (moment := read_moment(cell)) is not None and moment.offset_s is not None


def _is_number_of_hour(cell: str) -> bool:
    number = re.fullmatch(r"[HhQq]?0*(\d{1,3})h?(?:\s*-\s*\d+)?", cell)
    return number is not None and int(number[1]) <= _HOURS_AT_MOST
