"""Files that are no table of rows yet: NEM12, dates in rows of their own, days as columns with hours as rows."""

import re

from ingest.history.files.cells.moments import clock_seconds, read_moment

Record = tuple[list[str], int]
# NEM12 (Australia): Meter Data File Format Specification of AEMO; its clock is UTC+10 all year round.
_NEM12_NAMES = ["Register", "Unit", "Date (UTC+10)", "Time", "Value"]
_NEM12_DETAILS, _NEM12_DAY = "200", "300"
_DIRECTIONS = {"E": "import", "B": "export"}
_HOUR = re.compile(r"\D{0,6}\d{1,3}\D{0,6}")
_LEAST_HOURS = 23
# Remarks and totals may stand among the rows of clocks.
_MOST_CLOCKS = 0.9


def as_rows(records: list[Record]) -> list[Record]:
    """The records themselves, or as rows of a table."""
    if records and records[0][0][:2] == ["100", "NEM12"]:
        return _of_nem12(records)
    return _days_down(_with_dates(records))


def _of_nem12(records: list[Record]) -> list[Record]:
    """A row for each interval of each register."""
    rows: list[Record] = [(_NEM12_NAMES, records[0][1])]
    name, unit, minutes = "", "", 0
    for cells, line in records:
        if cells[0] == _NEM12_DETAILS and len(cells) > 8 and cells[8].isdecimal():
            name, unit, minutes = _register(cells[4]), cells[7], int(cells[8])
        elif cells[0] == _NEM12_DAY and minutes:
            for at, value in enumerate(cells[2 : 2 + 24 * 60 // minutes]):
                clock = f"{at * minutes // 60:02d}:{at * minutes % 60:02d}"
                rows.append(([name, unit, cells[1], clock, value], line))
    return rows


def _register(suffix: str) -> str:
    """`E1` is what was bought, `B1` what was sold; others (reactive energy) keep their name."""
    return f"{_DIRECTIONS[suffix[0]]} {suffix}" if suffix[:1] in _DIRECTIONS else suffix


def _days_down(records: list[Record]) -> list[Record]:
    """A row for each day, where the days are columns and the hours are rows."""
    for top, (cells, line) in enumerate(records[:20]):
        days = [at for at, cell in enumerate(cells) if at and _is_day(cell)]
        hours = []
        for below, _ in records[top + 1 :]:
            if not _is_hour(below[0]):
                break
            hours.append(below)
        if len(days) > 1 and len(hours) >= _LEAST_HOURS:
            rows = [[cells[at], *(below[at] if at < len(below) else "" for below in hours)] for at in days]
            return [(["Date", *(below[0] for below in hours)], line), *((row, line) for row in rows)]
    return records


def _with_dates(records: list[Record]) -> list[Record]:
    """A date in every row, where dates stand in rows of their own above the clocks of their day."""
    starts = [at for at, (cells, _) in enumerate(records) if _is_day(cells[0]) and not any(cells[1:])]
    clocks = sum(clock_seconds(cells[0]) is not None for cells, _ in records)
    if not starts or clocks < _LEAST_HOURS or clocks < _MOST_CLOCKS * (len(records) - starts[0] - len(starts)):
        return records
    rows: list[Record] = [(["Date", "Time", *cells[1:]], line) for cells, line in records[: starts[0]][-1:]]
    date = ""
    for cells, line in records[starts[0] :]:
        if _is_day(cells[0]) and not any(cells[1:]):
            date = cells[0]
        else:
            rows.append(([date, *cells], line))
    return rows


def _is_day(cell: str) -> bool:
    return (moment := read_moment(cell)) is not None and moment.second is None


def _is_hour(cell: str) -> bool:
    return read_moment(cell) is None and (clock_seconds(cell) is not None or _HOUR.fullmatch(cell) is not None)
