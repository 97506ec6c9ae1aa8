"""All known prices, kept on disk: what a publisher tells of today and tomorrow becomes a series with a past."""

import logging
import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from energy.slots import DAY, clock_index, floor_slot
from ingest.prices.points import PricePoint

_log = logging.getLogger(__name__)

Floats = NDArray[np.float64]
# Prices are kept in cells of five minutes, the finest that any market has.
_CELL = timedelta(minutes=5)
_CELL_S = 300
# Bills need the open month and the thirteen before it.
_KEPT = 14 * 31 * DAY
# How far back days serve as examples of days to come.
_EXAMPLES_S = int((60 * DAY).total_seconds())


def book_file(memory: Path, home: str) -> Path:
    """Where a memory folder has the prices of a home."""
    return memory / "prices" / f"{home}.json"


class _Kept(BaseModel):
    """What stands on disk: runs of equal prices, as start in seconds, number of cells and price."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    currency: str
    runs: tuple[tuple[int, int, float], ...]


class PriceBook:
    """Prices of one home per kWh, as published; a later word on the same time replaces the earlier one.

    Without a file it forgets when it ends. A damaged file is put aside and begun anew.
    """

    def __init__(self, zone: ZoneInfo, currency: str, file: Path | None = None) -> None:
        self._zone, self._currency, self._file = zone, currency, file
        self._cells: dict[int, float] = {}
        self._read()

    def add(self, points: Iterable[PricePoint], *, now: datetime) -> bool:
        """Take prices in; whether anything is new."""
        cells = {cell: point.price for point in points for cell in _cells_of(point)}
        changed = any(self._cells.get(cell) != price for cell, price in cells.items())
        if changed:
            oldest, newest = (int(end.timestamp()) // _CELL_S for end in (now - _KEPT, now + _KEPT))
            self._cells = {cell: price for cell, price in (self._cells | cells).items() if oldest <= cell < newest}
            self._write()
        return changed

    @property
    def end(self) -> datetime | None:
        """Where the last price that is known ends."""
        return datetime.fromtimestamp((max(self._cells) + 1) * _CELL_S, tz=UTC) if self._cells else None

    def known_until(self, now: datetime) -> datetime | None:
        """Where the prices that are known without a gap from `now` on end; None where that of now is not known."""
        cell = int(now.timestamp()) // _CELL_S
        if cell not in self._cells:
            return None
        while cell in self._cells:
            cell += 1
        return datetime.fromtimestamp(cell * _CELL_S, tz=UTC)

    def published(self, step: timedelta) -> tuple[datetime, Floats] | None:
        """Start and mean price of all slots that are kept, for bills; NaN where a slot was not published whole."""
        if not self._cells:
            return None
        start, rows = self._rows(min(self._cells), max(self._cells) + 1, step)
        return start, rows.mean(axis=1).round(6)

    def series(self, step: timedelta, *, now: datetime) -> tuple[datetime, Floats] | None:
        """Start and mean price of consecutive slots up to the end of what is known, for plans; None where nothing is.

        What is known behind a gap ahead is left out, as it is not known without looking into the gap. A gap in the past
        takes the mean of its time of day, so that the days around it can serve as examples; 60 days of them do.
        """
        if not self._cells:
            return None
        until = self.known_until(now)
        end = int(until.timestamp()) // _CELL_S if until else max(self._cells) + 1
        start, rows = self._rows(max(min(self._cells), end - _EXAMPLES_S // _CELL_S), end, step)
        known = ~np.isnan(rows)
        total, some = np.where(known, rows, 0).sum(axis=1), known.any(axis=1)
        means = np.divide(total, known.sum(axis=1), out=np.full(len(rows), np.nan), where=some)
        return start, self._filled(means, start, step)

    def _rows(self, first: int, end: int, step: timedelta) -> tuple[datetime, Floats]:
        """Prices of the cells from `first` to `end`, one row for each slot, and when the first slot begins."""
        start = floor_slot(datetime.fromtimestamp(first * _CELL_S, tz=UTC), step)
        first = int(start.timestamp()) // _CELL_S
        count = math.ceil((end - first) / (step // _CELL))
        cells = np.array([self._cells.get(first + at, np.nan) for at in range(count * (step // _CELL))])
        return start, cells.reshape(count, -1)

    def _filled(self, values: Floats, start: datetime, step: timedelta) -> Floats:
        missing = np.flatnonzero(np.isnan(values))
        if len(missing):
            clock = np.array([clock_index(start + at * step, self._zone, step) for at in range(len(values))])
            for at in missing.tolist():
                same = values[(clock == clock[at]) & ~np.isnan(values)]
                values[at] = same.mean() if len(same) else np.nanmean(values)
        return values.round(6)

    def _read(self) -> None:
        if self._file is None or not self._file.exists():
            return
        try:
            kept = _Kept.model_validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            _log.warning("known prices in %s are damaged: they are put aside", self._file)
            self._file.replace(self._file.with_suffix(".damaged"))
            return
        if kept.currency == self._currency:
            self._cells = {start + at: price for start, count, price in kept.runs for at in range(count)}

    def _write(self) -> None:
        if self._file is None:
            return
        runs: list[tuple[int, int, float]] = []
        for cell in sorted(self._cells):
            start, count, price = runs[-1] if runs else (0, 0, math.nan)
            if start + count == cell and price == self._cells[cell]:
                runs[-1] = (start, count + 1, price)
            else:
                runs.append((cell, 1, self._cells[cell]))
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".new")
        draft.write_text(_Kept(currency=self._currency, runs=tuple(runs)).model_dump_json(), encoding="utf-8")
        draft.replace(self._file)


def _cells_of(point: PricePoint) -> range:
    return range(int(point.start.timestamp()) // _CELL_S, int(point.end.timestamp()) // _CELL_S)
