"""Memory at work: similar days for a decision, and each finished day put away."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from energy.home import Home
from energy.slots import clock_index, day_bounds
from ingest.live.meter import MeteredSlot
from knowledge.days import DayRecord, Floats
from knowledge.default_profile import ENOUGH_DAYS, PRIOR_DAYS, default_days
from knowledge.embedder import TextEmbedder
from knowledge.fingerprint import Expected
from knowledge.forecast import DayShape, shape_of
from knowledge.index import MemoryIndex
from knowledge.similar import FingerprintTable, SimilarDay
from knowledge.store import DayStore

_log = logging.getLogger(__name__)

# How many days the coarse search hands to the exact ranking.
_COARSE = 96
_PRIOR = [SimilarDay(day, 0.0, 0, "no history yet: a day of an average household", "prior") for day in PRIOR_DAYS]


class Recall:
    """A home's past, in the forms that a decision needs; owns nothing, keeps all forms in step."""

    def __init__(self, home: Home, store: DayStore, index: MemoryIndex | None, step: timedelta) -> None:
        self._home = home
        self._store = store
        self._index = index
        self._step = step
        self._table = FingerprintTable(home, embed=TextEmbedder())
        self._shapes: dict[date, DayShape] = {}
        self._stood_in_for = True
        self._today: date | None = None
        self._learn(store.days(home.name))

    def neighbours(self, so_far: DayShape, count: int, expected: Expected) -> list[SimilarDay]:
        """The days before today that were most like it: a coarse search in Chroma, ranked exactly by all that is known.

        `so_far` is today as far as it was measured. Days of which something was said are looked at in any case. Days of
        an average household stand in as long as the home has hardly any of its own.
        """
        today = so_far.day
        coarse = self._coarse(today, expected)
        if expected.notes and coarse is not None:
            coarse |= self._table.days_with_notes
        near = self._table.rank(today, count, expected=expected, so_far_kw=so_far.hourly_load_kw, among=coarse)
        self._today = today
        # Days that a wrong clock put ahead of today are no past of it.
        self._stood_in_for = self.known_days(today) < ENOUGH_DAYS or not near
        return near + _PRIOR[: max(count - len(near), 1)] if self._stood_in_for else near

    def known_days(self, today: date) -> int:
        """How many days before today may serve as examples."""
        return sum(day < today for day in self._table.days)

    def shapes(self) -> dict[date, DayShape]:
        """All known days on the wall clock, and while there are hardly any before today, an average household's."""
        if not self._stood_in_for:
            return self._shapes
        return default_days(self._home, self._step, self._shapes, self._today) | self._shapes

    def remember(
        self, day: date, slots: Sequence[MeteredSlot], step: timedelta, *, notes: tuple[str, ...] = ()
    ) -> None:
        """Put a finished day away, gaps and all, with what was said of it; only a complete one becomes a neighbour."""
        record = replace(day_record(self._home, day, slots, step), notes=notes)
        try:
            self._store.append(self._home.name, [record])
        except OSError as err:
            _log.warning("%s is remembered until the next start only: %s", day, err)
        self._learn([record])

    def _learn(self, records: Sequence[DayRecord]) -> None:
        self._table.add(records)
        for record in records:
            self._shapes[record.day] = shape_of(record, self._home.tz, self._step)
        if self._index is None:
            return
        try:
            self._index.sync_days(self._home.name, self._table)
        except Exception as err:  # noqa: BLE001 (whatever is wrong with an index, the exact search goes on without it)
            self._do_without(err)

    def _coarse(self, today: date, expected: Expected) -> frozenset[date] | None:
        """Days that are near by the index; None where there is none, and all are looked at."""
        if self._index is None:
            return None
        try:
            return self._index.near(self._home.name, today, self._table.coordinate(today, expected), _COARSE)
        except Exception as err:  # noqa: BLE001 (as above)
            self._do_without(err)
            return None

    def _do_without(self, err: Exception) -> None:
        _log.warning("the index fails, days are compared one by one until the next start: %s", err)
        self._index = None


def day_shape(day: date, slots: Sequence[MeteredSlot], zone: ZoneInfo, step: timedelta) -> DayShape:
    """What was metered of a day so far, on the wall clock; NaN where nothing was."""
    count = timedelta(days=1) // step
    load_kw, pv_kw = np.full(count, np.nan), np.full(count, np.nan)
    for slot in slots:
        at = clock_index(slot.start, zone, step)
        load_kw[at], pv_kw[at] = slot.load_kw, slot.pv_kw
    return DayShape(day, load_kw, pv_kw)


def day_record(home: Home, day: date, slots: Sequence[MeteredSlot], step: timedelta) -> DayRecord:
    """A finished day as memory keeps it; NaN where nothing was metered."""
    first, following = day_bounds(day, home.tz)
    count = (following - first) // step

    def series(value: Callable[[MeteredSlot], float | None]) -> Floats:
        values = np.full(count, np.nan)
        for slot in slots:
            known = value(slot)
            values[(slot.start - first) // step] = np.nan if known is None else known
        return values

    def known(values: Floats) -> Floats | None:
        return None if np.isnan(values).all() else values

    return DayRecord(
        home=home.name,
        day=day,
        start=first,
        step=step,
        load_kw=series(lambda slot: slot.load_kw),
        pv_kw=series(lambda slot: slot.pv_kw),
        temperature_c=known(series(lambda slot: slot.temperature_c)),
        pv_forecast_kw=known(series(lambda slot: slot.pv_forecast_kw)),
        temperature_forecast_c=known(series(lambda slot: slot.temperature_forecast_c)),
        pv_nowcast_kw=known(series(lambda slot: slot.pv_nowcast_kw)),
    )
