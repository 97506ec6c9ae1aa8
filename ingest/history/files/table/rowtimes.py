"""When each row of a table is: its interval's start in UTC, the step between rows, and rows that are no data."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from energy.errors import DataError, UnclearError
from ingest.history.files.cells.clock import Seconds, day_length_s, numbered_to_utc, to_utc
from ingest.history.files.cells.moments import (
    Order,
    WrittenTime,
    epoch_seconds,
    order_of,
    ordinal,
    read_moment,
    signless_clock_seconds,
    zone_said,
)
from ingest.history.files.cells.numbers import looks_like_number
from ingest.history.files.table.options import Options
from ingest.history.files.table.sheet import Sheet
from ingest.history.files.table.timecolumns import TimeColumns

_DAY_S, _HOUR_S = 86_400, 3600
_NUMBERED_STEPS_S = (900, 1800, 3600)
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_TOTALS = re.compile(
    r"\W*(grand |sub)?(tota|sum|som|gesamt|media|mean|average|mittel|durch|promedio|max|min|ø)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, eq=False)
class RowTimes:
    """Starts in seconds of UTC of the rows at `rows` (places in the sheet), in their order in the file, oldest first.

    `missing` marks times that the zone's clock jumps over. `moments` are the stamps as they stand, for counters.
    """

    rows: NDArray[np.intp]
    starts_s: Seconds
    moments_s: Seconds
    missing: NDArray[np.bool_]
    step_s: int
    ends: bool
    newest_first: bool
    wrong: dict[int, str]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Stamps:
    """Each row's day (1970-01-01 is 0) and second, or interval's number; offsets where all have one."""

    rows: NDArray[np.intp]
    days: Seconds
    seconds: Seconds
    offset_s: Seconds | None
    numbered: bool = False


def row_times(sheet: Sheet, columns: TimeColumns, options: Options, zone: ZoneInfo) -> RowTimes:
    """When the rows are.

    Raises:
        DataError: hardly a row has a time, or rows are no regular intervals.
        UnclearError: days and months, or the clock, can be read in two ways.
    """
    moments, wrong, notes = _read(sheet, columns)
    if len(moments) < 2:
        raise _no_times(sheet, wrong, len(moments))
    stamps = _epochs(moments) if columns.epoch else _stamps(sheet, columns, moments, options, wrong)
    stamps, newest_first = _oldest_first(stamps)
    stated = options.stamps or (sheet.known.stamps if sheet.known else None)
    if columns.end is not None:
        stated = "start"
    said, offset_s = zone_said(" ".join(sheet.names[at] for at in sorted(columns.used)))
    if options.zone is None and offset_s is not None and stamps.offset_s is None and not stamps.numbered:
        stamps = replace(stamps, offset_s=np.full(len(stamps.rows), offset_s, dtype=np.int64))
    zone = options.zone or said or zone
    if stamps.numbered:
        times = _numbered(stamps, zone, wrong, ends=stated == "end")
    else:
        times = _clocked(stamps, zone, wrong, ends=_ends(stamps, columns, stated, zone))
    return replace(times, newest_first=newest_first, notes=notes)


def _read(sheet: Sheet, columns: TimeColumns) -> tuple[dict[int, WrittenTime | int], dict[int, str], tuple[str, ...]]:
    """What stands in the time column, row by row; totals and footers are passed over and said."""
    moments: dict[int, WrittenTime | int] = {}
    wrong: dict[int, str] = {}
    passed: list[int] = []
    for at, cells in enumerate(sheet.rows):
        cell = cells[columns.time]
        moment = epoch_seconds(cell) if columns.epoch else read_moment(cell)
        if moment is not None and not any(_TOTALS.match(other) for other in cells if other):
            moments[at] = moment
        elif not cell or _TOTALS.match(cell) or moment is not None or not any(map(looks_like_number, cells)):
            passed.append(at)
        else:
            wrong[at] = f"column {sheet.names[columns.time]!r}: {cell[:60]!r} is not a time"
    last = max(moments, default=-1)
    footers = [at for at in wrong if at > last]
    for at in footers:
        del wrong[at]
    shown = sorted(passed + footers)
    word = f"rows passed over, as totals or remarks: {', '.join(str(sheet.lines[at]) for at in shown[:5])}"
    return moments, wrong, ((word + (" …" if len(shown) > 5 else ""),) if shown else ())


def _no_times(sheet: Sheet, wrong: dict[int, str], known: int) -> DataError:
    if wrong:
        at, why = next(iter(wrong.items()))
        return DataError(f"{sheet.path} row {sheet.lines[at]}, {why}: write it like '2026-01-31T18:30'")
    return DataError(f"{sheet.path} has {known} rows: a history needs at least two")


def _epochs(moments: dict[int, WrittenTime | int]) -> _Stamps:
    seconds = np.array([value for value in moments.values() if isinstance(value, int)], dtype=np.int64)
    rows = np.array(list(moments), dtype=np.intp)
    return _Stamps(rows, seconds // _DAY_S, seconds % _DAY_S, np.zeros(len(seconds), dtype=np.int64))


def _stamps(
    sheet: Sheet, columns: TimeColumns, moments: dict[int, WrittenTime | int], options: Options, wrong: dict[int, str]
) -> _Stamps:
    dated = {at: moment for at, moment in moments.items() if isinstance(moment, WrittenTime)}
    order = _order(sheet, dated, options)
    rows, days, seconds, offsets = [], [], [], []
    for at, moment in dated.items():
        day = ordinal(moment.year, moment.month, moment.day, order if not moment.ordered else None)
        second = _second(sheet, columns, at, moment)
        cell = sheet.rows[at][columns.time]
        if day is None or second is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            wrong[at] = _why(sheet, columns, at, cell, moment, day)
            continue
        rows.append(at)
        days.append(day - 1)
        seconds.append(second)
        offsets.append(moment.offset_s)
    if len(rows) < 2:
        raise _no_times(sheet, wrong, len(rows))
    known = None if None in offsets else np.array(offsets, dtype=np.int64)
    if known is None and any(one is not None for one in offsets):
        raise DataError(f"{sheet.path}: some times have an offset and some have none: give all or none")
    places, day_numbers = np.array(rows, dtype=np.intp), np.array(days, dtype=np.int64)
    stamps = _Stamps(places, day_numbers, np.array(seconds, dtype=np.int64), known, columns.numbered)
    return stamps if columns.numbered or known is not None else _as_numbers(stamps)


def _as_numbers(stamps: _Stamps) -> _Stamps:
    """Clocks that run from the first interval's end to 24:00, or to 25:00 in autumn, as the intervals' numbers."""
    step_s = int(stamps.seconds.min())
    if stamps.seconds.max() < _DAY_S or step_s not in _NUMBERED_STEPS_S or (stamps.seconds % step_s).any():
        return stamps
    return replace(stamps, seconds=stamps.seconds // step_s, numbered=True)


def _why(sheet: Sheet, columns: TimeColumns, at: int, cell: str, moment: WrittenTime, day: int | None) -> str:
    name = sheet.names[columns.time]
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return f"column {name!r}: {cell!r} is not between {_FIRST_YEAR} and {_LAST_YEAR}: correct the year"
    if day is None:
        return f"column {name!r}: {cell!r} is not a day of the calendar"
    clock = columns.time if columns.clock is None else columns.clock
    return f"column {sheet.names[clock]!r}: {sheet.rows[at][clock]!r} is not a time of the day"


def _second(sheet: Sheet, columns: TimeColumns, at: int, moment: WrittenTime) -> int | None:
    """The second of the day, or the number of the interval where intervals are counted."""
    if columns.clock is None:
        return moment.second or 0
    cell = sheet.rows[at][columns.clock]
    if not columns.numbered:
        return signless_clock_seconds(cell)
    found = re.search(r"\d+", cell)
    return None if found is None else int(found[0])


def _order(sheet: Sheet, dated: dict[int, WrittenTime], options: Options) -> Order | None:
    """Which of day and month stands first: as said, as some date shows, else as leaves the days in a row."""
    loose = [moment for moment in dated.values() if not moment.ordered]
    if options.dates or not loose:
        return options.dates
    if (shown := order_of(loose)) is not None:
        return shown
    pairs = {(moment.year, moment.month, moment.day) for moment in loose}
    spans = {order: _span(pairs, order) for order in ("day-first", "month-first")}
    if len(pairs) > 1 and spans["day-first"] != spans["month-first"]:
        return "day-first" if spans["day-first"] < spans["month-first"] else "month-first"
    if all(first == second for _, first, second in pairs):
        return "day-first"
    raise UnclearError(
        f"{sheet.path}: dates such as {sheet.rows[min(dated)][0]!r} can be read in two ways: say --dates day-first or "
        "--dates month-first",
        option="dates",
        choices=("day-first", "month-first"),
    )


def _span(pairs: set[tuple[int, int, int]], order: Order) -> int:
    days = [day for year, a, b in pairs if (day := ordinal(year, a, b, order)) is not None]
    return max(days) - min(days) if len(days) == len(pairs) else 1_000_000


def _oldest_first(stamps: _Stamps) -> tuple[_Stamps, bool]:
    moments = stamps.days * _DAY_S + stamps.seconds
    newest_first = int((np.diff(stamps.days) < 0).sum()) > int((np.diff(stamps.days) > 0).sum())
    if not np.diff(stamps.days).any():
        newest_first = int((np.diff(moments) < 0).sum()) > int((np.diff(moments) > 0).sum())
    within = np.diff(stamps.days) == 0
    upwards = int((np.diff(stamps.seconds)[within] > 0).sum()) >= int((np.diff(stamps.seconds)[within] < 0).sum())
    backwards = np.arange(len(stamps.rows))[::-1]
    if not newest_first and (upwards or not within.any()):
        return stamps, False
    if not newest_first:
        # Hours may run backwards within days that run forwards,
        flip = backwards[np.argsort(stamps.days[backwards], kind="stable")]
    else:
        # and the other way round.
        flip = np.argsort(stamps.days, kind="stable") if upwards and within.any() else backwards
    offset = None if stamps.offset_s is None else stamps.offset_s[flip]
    flipped = replace(
        stamps, rows=stamps.rows[flip], days=stamps.days[flip], seconds=stamps.seconds[flip], offset_s=offset
    )
    return flipped, True


def _ends(stamps: _Stamps, columns: TimeColumns, stated: str | None, zone: ZoneInfo) -> bool:
    """Whether stamps name the end of intervals: as said, as hour 24 shows, or as whole days show."""
    if stated is not None:
        return stated == "end"
    if columns.names_end or (stamps.seconds >= _DAY_S).any():
        return True
    clock = stamps.seconds
    if stamps.offset_s is not None:
        first, last = (_local_second(stamps, at, zone) for at in (0, -1))
    else:
        first, last = int(clock[0]), int(clock[-1])
    step_s = _commonest(np.diff(stamps.days * _DAY_S + clock))
    return 0 < first <= step_s and first % step_s == 0 and last == 0


def _local_second(stamps: _Stamps, at: int, zone: ZoneInfo) -> int:
    offset = 0 if stamps.offset_s is None else int(stamps.offset_s[at])
    moment = datetime.fromtimestamp(int(stamps.days[at]) * _DAY_S + int(stamps.seconds[at]) - offset, tz=UTC)
    local = moment.astimezone(zone)
    return local.hour * _HOUR_S + local.minute * 60 + local.second


def _clocked(stamps: _Stamps, zone: ZoneInfo, wrong: dict[int, str], *, ends: bool) -> RowTimes:
    naive_s = stamps.days * _DAY_S + stamps.seconds
    step_s = _commonest(np.diff(naive_s))
    missing = np.zeros(len(naive_s), dtype=bool)
    if stamps.offset_s is not None:
        moments_s = naive_s - stamps.offset_s
        starts_s = moments_s - (step_s if ends else 0)
    else:
        placed = to_utc(naive_s, zone)
        moments_s, starts_s, missing = placed.utc_s, placed.utc_s, placed.missing
        if ends:
            # Labels of hours ("the hour that ends at 3") or moments: whichever fits the days of the change.
            labels = to_utc(naive_s - step_s, zone)
            as_moments = placed.utc_s - step_s
            by_label = _trouble(labels.utc_s, labels.missing) <= _trouble(as_moments, placed.missing)
            starts_s, missing = (labels.utc_s, labels.missing) if by_label else (as_moments, placed.missing)
    return RowTimes(stamps.rows, starts_s, moments_s, missing, step_s, ends, False, wrong, ())


def _trouble(starts_s: Seconds, missing: NDArray[np.bool_]) -> int:
    return int(missing.sum()) + len(starts_s) - len(np.unique(starts_s))


def _numbered(stamps: _Stamps, zone: ZoneInfo, wrong: dict[int, str], *, ends: bool) -> RowTimes:
    """Intervals by their number in the day: 0 to 23, 1 to 24, or counted through the day that has 23 or 25 hours."""
    most, least = int(stamps.seconds.max()), int(stamps.seconds.min())
    a_day = next((count for count in (24, 48, 96) if most <= count + count // 24), 96)
    step_s = _DAY_S // a_day
    first = 0 if least == 0 else 1
    counted = _is_counted(stamps, zone, step_s, first)
    numbers = stamps.seconds - first + 1
    missing = np.zeros(len(numbers), dtype=bool)
    if counted:
        starts_s = numbered_to_utc(stamps.days, numbers, step_s, zone)
    else:
        placed = to_utc(stamps.days * _DAY_S + (numbers - 1) * step_s, zone)
        starts_s, missing = placed.utc_s, placed.missing
    return RowTimes(stamps.rows, starts_s, starts_s, missing, step_s, first == 1 or ends, False, wrong, ())


def _is_counted(stamps: _Stamps, zone: ZoneInfo, step_s: int, first: int) -> bool:
    """Whether the days of the change are counted through: they have as many numbers as intervals, without a jump."""
    for day in np.unique(stamps.days).tolist():
        intervals = day_length_s(day, zone) // step_s
        if intervals == _DAY_S // step_s:
            continue
        numbers = sorted(stamps.seconds[stamps.days == day].tolist())
        if numbers == list(range(first, intervals + first)):
            return True
    return False


def _commonest(gaps_s: Seconds) -> int:
    """The commonest distance between rows that follow each other."""
    gaps = gaps_s[gaps_s > 0]
    # Stamps may be some seconds late; below some minutes, seconds count.
    counted = Counter(np.where(gaps >= 240, (gaps + 30) // 60 * 60, gaps).tolist())
    return int(counted.most_common(1)[0][0]) if counted else 0
