"""The rows of a table that count, by time and on regular slots; what is left out or wrong is noted."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from energy.errors import DataError, UnclearError
from energy.home import Home
from ingest.history.files.cells.clock import Seconds
from ingest.history.files.cells.numbers import Column
from ingest.history.files.cells.powers import Slots, runs_on
from ingest.history.files.table.columns import Meaning, is_flow
from ingest.history.files.table.faults import Faults
from ingest.history.files.table.rowtimes import RowTimes
from ingest.history.files.table.sheet import Sheet
from knowledge.days import Floats

_STEPS_S = tuple(60 * minutes for minutes in (5, 6, 10, 12, 15, 20, 30, 60))
_FINEST_S = 300
_SNAP_SHARE = 0.1
# More rows of one time than this are two tables in one, not slips.
_MOST_TWICE = 0.2


@dataclass(slots=True, eq=False)
class Rows:
    """The rows that count: place in the sheet, start and moment in seconds of UTC."""

    sheet: Sheet
    times: RowTimes
    at: NDArray[np.intp]
    starts_s: Seconds
    moments_s: Seconds
    slots: Slots
    notes: list[str] = field(default_factory=list)

    def kept(self, mask: NDArray[np.bool_]) -> "Rows":
        """The rows of a mask."""
        return Rows(
            self.sheet, self.times, self.at[mask], self.starts_s[mask], self.moments_s[mask], self.slots, self.notes
        )


def placed_rows(
    sheet: Sheet,
    times: RowTimes,
    read: tuple[Meaning, ...],
    numbers: Mapping[int, Column],
    home: Home,
    faults: Faults,
) -> Rows:
    """The rows that count, oldest first, each on a slot of its own.

    Raises:
        UnclearError: an hour that does not exist has values.
        DataError: most times are there twice, or rows are no regular intervals.
    """
    rows = _without_missing(_all_rows(sheet, times), read, numbers, home, faults)
    return _on_grid(_in_order(rows, read, numbers, faults), faults)


def _all_rows(sheet: Sheet, times: RowTimes) -> Rows:
    step_s = _FINEST_S if 0 < times.step_s < _FINEST_S else times.step_s
    slots = Slots(int(times.starts_s.min()), step_s, 1)
    return Rows(sheet, times, times.rows, times.starts_s, times.moments_s, slots)


def _without_missing(
    rows: Rows, read: tuple[Meaning, ...], numbers: Mapping[int, Column], home: Home, faults: Faults
) -> Rows:
    """Without the rows of an hour that the clocks jump over, which portals print empty or as zero."""
    missing = rows.times.missing
    if not missing.any():
        return rows
    flows = [numbers[one.column].values for one in read if is_flow(one.role)]
    counted = [runs_on(values[rows.at], rows.moments_s) for values in flows]
    for place in np.flatnonzero(missing).tolist():
        at, before = int(rows.at[place]), int(rows.at[max(place - 1, 0)])
        # A counter that stood still over the hour says nothing of it either.
        nothing = [(0.0, values[before]) if counts else (0.0,) for values, counts in zip(flows, counted, strict=True)]
        if any(not np.isnan(values[at]) and values[at] not in ok for values, ok in zip(flows, nothing, strict=True)):
            raise UnclearError(
                f"{faults.where(at)}: this time does not exist in {home.zone}, clocks jump over it, and yet it has "
                f"values: "
                "if the file's clock never changes, say --zone UTC or --zone Etc/GMT-1 (an hour east of it); else give "
                "times with an offset",
                option="zone",
            )
    first = faults.where(int(rows.at[np.flatnonzero(missing)[0]]))
    rows.notes.append(f"{first}: an hour that clocks jump over; its empty row was left out")
    return rows.kept(~missing)


def _in_order(rows: Rows, read: tuple[Meaning, ...], numbers: Mapping[int, Column], faults: Faults) -> Rows:
    """Rows by time, each time once; a row that says the same again is left out, one that differs is a fault."""
    order = np.argsort(rows.starts_s, kind="stable")
    if (np.diff(order) < 0).any():
        rows.notes.append("rows were not in order of time and were sorted")
    rows = rows.kept(order)  # type: ignore[arg-type]  # numpy takes an order as well as a mask
    again = np.flatnonzero(np.diff(rows.starts_s) == 0) + 1
    if not len(again):
        return rows
    if len(again) > _MOST_TWICE * len(rows.at):
        raise _two_tables(rows, again, faults)
    same = 0
    for place in again.tolist():
        at, before = int(rows.at[place]), int(rows.at[place - 1])
        if all(_alike(numbers[one.column].values, at, before) for one in read):
            same += 1
        else:
            faults.add(at, "its time is there twice, with other values: keep one of each")
    if same:
        rows.notes.append(f"{same} rows that repeat another were left out")
    mask = np.ones(len(rows.at), dtype=bool)
    mask[again] = False
    return rows.kept(mask)


def _alike(values: Floats, one: int, other: int) -> bool:
    return bool(values[one] == values[other] or (np.isnan(values[one]) and np.isnan(values[other])))


def _two_tables(rows: Rows, again: NDArray[np.intp], faults: Faults) -> DataError:
    """Most times are there twice: name the column that tells the rows apart."""
    at, before = int(rows.at[again[0]]), int(rows.at[again[0] - 1])
    cells = rows.sheet.rows
    apart = [
        name
        for column, name in enumerate(rows.sheet.names)
        if cells[at][column] != cells[before][column] and 1 < len({row[column] for row in cells}) <= 12
    ]
    by = f"column {apart[0]!r} tells them apart, so split the file by it" if apart else "keep one of each"
    return DataError(f"{faults.where(at)}: its time is there twice, and so are {len(again)} others: {by}")


def _on_grid(rows: Rows, faults: Faults) -> Rows:
    """Rows on regular slots; times that are a little late are moved, others off the grid are faults."""
    times = rows.times
    step_s = rows.slots.step_s
    if step_s not in _STEPS_S:
        allowed = ", ".join(str(known // 60) for known in _STEPS_S)
        raise DataError(
            f"{faults.path}: rows are mostly {times.step_s / 60:g} minutes apart: resample to one of {allowed} minutes",
        )
    fine = times.step_s < _FINEST_S
    phase = 0 if fine else _phase(rows.starts_s, step_s)
    off = (rows.starts_s - phase + step_s // 2) % step_s - step_s // 2
    on = np.ones(len(off), dtype=bool) if fine else np.abs(off) <= _SNAP_SHARE * step_s
    for place in np.flatnonzero(~on).tolist():
        faults.add(int(rows.at[place]), f"its time is off the grid of {step_s // 60} minutes that the others keep")
    moved = rows.kept(on)
    if not fine:
        moved.starts_s = moved.starts_s - off[on]
        moved.moments_s = moved.moments_s - off[on]
    start = (int(moved.starts_s.min()) - phase) // step_s * step_s + phase
    moved.slots = Slots(start, step_s, (int(moved.starts_s.max()) - start) // step_s + 1)
    return moved


def _phase(starts_s: Seconds, step_s: int) -> int:
    """Where in a step most times stand, to the minute."""
    [(phase, _)] = Counter(((starts_s + 30) // 60 * 60 % step_s).tolist()).most_common(1)
    return int(phase)
