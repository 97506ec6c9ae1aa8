"""What is wrong with single rows: each fault sets aside the day that it falls on, and only that day."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from energy.errors import DataError
from ingest.history.files.cells.clock import day_of
from ingest.history.files.table.rowtimes import RowTimes
from ingest.history.files.table.sheet import Sheet

# Where so many rows are wrong, it is the file that is not understood.
_MOST_WRONG = 0.2


class Faults:
    """Collects the faults of a file's rows."""

    def __init__(self, path: Path, sheet: Sheet, times: RowTimes, zone: ZoneInfo) -> None:
        self.path = path
        self._sheet, self._zone = sheet, zone
        order = np.argsort(times.rows, kind="stable")
        self._rows, self._starts_s = times.rows[order], times.starts_s[order]
        self._found: dict[int, str] = {}
        timed = set(times.rows.tolist())
        for at, why in (times.wrong | {at: why for at, why in sheet.ragged.items() if at in timed}).items():
            self._found[at] = why
        self._refuse_many()

    def where(self, at: int) -> str:
        """A row's place, for people."""
        return f"{self.path} row {self._sheet.lines[at]} ({self._sheet.delimiter.join(self._sheet.rows[at])[:60]!r})"

    def add(self, at: int, why: str) -> None:
        """Note what is wrong with a row."""
        self._found.setdefault(at, why)

    def add_cells(self, column: int, rows: Iterable[int]) -> None:
        """Note the cells of a column that are no number."""
        name = self._sheet.names[column]
        for at in rows:
            cell = self._sheet.rows[at][column]
            hint = "say --decimal comma if it has decimals" if "," in cell else "leave unknown values empty"
            self.add(at, f"column {name!r}: {cell[:60]!r} is not a number: {hint}")
        self._refuse_many()

    def by_day(self) -> dict[date, str]:
        """The first fault of each day."""
        found: dict[date, str] = {}
        for at, why in sorted(self._found.items()):
            found.setdefault(self._day(at), f"{self.path} row {self._sheet.lines[at]}, {why}")
        return found

    def _day(self, at: int) -> date:
        """The day of a row, or of the row with a time that stands nearest above it."""
        place = max(int(np.searchsorted(self._rows, at, side="right")) - 1, 0)
        return day_of(int(self._starts_s[place]), self._zone)

    def _refuse_many(self) -> None:
        if len(self._found) > max(_MOST_WRONG * len(self._sheet.rows), 1):
            at, why = min(self._found.items())
            raise DataError(
                f"{self.path} row {self._sheet.lines[at]}, {why}; {len(self._found)} of {len(self._sheet.rows)} rows "
                "are like it",
            )
