"""Which past days are like today: exact ranking by fingerprint, notes, hours so far and recency, strictly earlier."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from energy.home import Home
from energy.pricing.tariff import is_rest_day
from energy.slots import DAY
from knowledge.days import DayRecord, Floats
from knowledge.fingerprint import (
    FEATURES,
    GROUPS,
    NOTHING_EXPECTED,
    WEEK,
    WEIGHTS,
    Expected,
    Glance,
    Scale,
    Weights,
    fingerprint,
    foreseen,
    glance,
)
from knowledge.note_similarity import Embed, NoteDistances
from knowledge.quality import is_example

# Days whose spread standardises the vectors of the index: the first four weeks are past for all that follow.
_REFERENCE_DAYS = 28
# Two days drawn by lot differ by a mean squared z-score of 2: a day that differs more is no more like today than any.
_NO_MORE_ALIKE = 2.0
_LOAD_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class SimilarDay:
    """A past day, how far it is from the one asked about, and what made it near.

    `source` is "recent" where no day was like the one asked about and a late day of the same kind stands in, and
    "prior" for a day that no home has lived, of `knowledge.default_profile`; "lent" for
    a day of a home like this one.
    """

    day: date
    distance: float
    age_days: int
    why: str
    source: Literal["similar", "recent", "prior", "lent"] = "similar"
    notes: tuple[str, ...] = ()


class FingerprintTable:
    """Fingerprints of a home's days that may be neighbours, each made when its day began; grows by whole days.

    Days that are no example (see `knowledge.quality`) are left out, as if they had not been.
    """

    def __init__(
        self,
        home: Home,
        records: Iterable[DayRecord] = (),
        *,
        embed: Embed | None = None,
        weights: Weights = WEIGHTS,
    ) -> None:
        self._home, self._weights = home, weights
        self._notes_apart = NoteDistances(embed)
        self._glances: list[Glance] = []
        self._rows = np.empty((0, len(FEATURES)))
        self._hourly_kw = np.empty((0, 24))
        self.add(records)

    def add(self, records: Iterable[DayRecord]) -> None:
        """Learn days, oldest first; one that is not later than the last one known is passed over."""
        rows: list[Floats] = []
        for record in records:
            if (self._glances and record.day <= self._glances[-1].day) or not is_example(record, self._home):
                continue
            rows.append(self.fingerprint(record.day, foreseen(record)))
            self._glances.append(glance(record, self._home.tz))
        if rows:
            seen = [past.hourly_kw for past in self._glances[-len(rows) :]]
            self._rows = np.concatenate([self._rows, np.array(rows)])
            self._hourly_kw = np.concatenate([self._hourly_kw, np.array(seen)])

    @property
    def days(self) -> list[date]:
        """All days that can be neighbours, oldest first."""
        return [seen.day for seen in self._glances]

    @property
    def days_with_notes(self) -> frozenset[date]:
        """Days of which something had been said."""
        return frozenset(seen.day for seen in self._glances if seen.notes)

    def fingerprint(self, day: date, expected: Expected = NOTHING_EXPECTED) -> Floats:
        """What is known of any day when it begins, of shape (features,)."""
        known = self._earlier(day)
        return fingerprint(
            day,
            self._glances[max(0, known - WEEK.days) : known],
            expected=expected,
            rest_day=is_rest_day(self._home.tariff, day),
            rest_day_follows=is_rest_day(self._home.tariff, day + DAY),
        )

    def coordinates(self) -> Floats:
        """Where each day lies in the index, of shape (days, features + 1); see `coordinate`."""
        ages = np.array([day.toordinal() for day in self.days]) / self._weights.recency_days
        return np.column_stack([self._reference_scale().standardise(self._rows, self._weights), ages])

    def coordinate(self, day: date, expected: Expected = NOTHING_EXPECTED) -> Floats:
        """Where a day lies in the index: weighted z-scores by the home's first weeks, and its date.

        The date counts as in `rank`, so that the index finds recent days near. Only the scale differs from `rank`.
        """
        scores = self._reference_scale().standardise(self.fingerprint(day, expected), self._weights)
        return np.append(scores, day.toordinal() / self._weights.recency_days)

    def rank(
        self,
        day: date,
        count: int,
        *,
        expected: Expected = NOTHING_EXPECTED,
        so_far_kw: Floats | None = None,
        among: frozenset[date] | None = None,
    ) -> list[SimilarDay]:
        """The `count` nearest of the days before `day`, nearest first; `among` narrows the field.

        Distance squared = weighted squared z-scores over all earlier days + what was said of the days + the load of
        the hours so far (`so_far_kw`, of shape (24,), NaN where still to come) + (age / recency) squared. Days no
        more alike than two drawn by lot give way to the latest of the same kind; a day that is there twice counts once.
        """
        known = self._earlier(day)
        places = np.array([at for at in range(known) if among is None or self._glances[at].day in among], dtype=np.intp)
        if not len(places):
            return []
        scale, weights = Scale.of(self._rows[:known]), self._weights
        wanted = scale.standardise(self.fingerprint(day, expected), weights)
        parts = (scale.standardise(self._rows[places], weights) - wanted) ** 2
        ages = np.array([(day - self._glances[at].day).days for at in places])
        note_gaps = weights.notes * self._notes_apart.gaps(expected.notes, [self._glances[at].notes for at in places])
        unlike = parts.sum(axis=1) + note_gaps
        squares = unlike + self._so_far(so_far_kw, known)[places] + (ages / weights.recency_days) ** 2
        order = self._once(np.argsort(squares, kind="stable"), places, count)
        found = [
            SimilarDay(
                day=self._glances[places[at]].day,
                distance=float(np.sqrt(squares[at])),
                age_days=int(ages[at]),
                why=_why(parts[at], int(ages[at]), self._glances[places[at]].notes),
                notes=self._glances[places[at]].notes,
            )
            for at in order
            if unlike[at] <= _NO_MORE_ALIKE * weights.features.sum()
        ]
        return found + self._recent(day, count - len(found), {near.day for near in found})

    def _so_far(self, so_far_kw: Floats | None, known: int) -> Floats:
        """Part of the squared distance of every earlier day that the load measured so far today makes.

        Its spread is that of all hours: by an hour's own, a quiet night would look telling, and decisions get worse.
        """
        hours = np.empty(0, dtype=np.intp) if so_far_kw is None else np.flatnonzero(~np.isnan(so_far_kw))
        if so_far_kw is None or not len(hours):
            return np.zeros(known)
        past = self._hourly_kw[:known, hours]
        spread = max(float(np.nanstd(self._hourly_kw[:known])), 1e-9)
        off = np.nan_to_num((past - so_far_kw[hours]) / spread, nan=0.0) ** 2
        return np.asarray(self._weights.hour * off.sum(axis=1), dtype=np.float64)

    def _once(self, order: NDArray[np.intp], places: NDArray[np.intp], count: int) -> list[int]:
        """The first `count` in order, passing over days whose load repeats that of one taken."""
        taken: dict[bytes, int] = {}
        for at in order.tolist():
            if len(taken) == count:
                break
            taken.setdefault(np.round(self._hourly_kw[places[at]], _LOAD_DECIMALS).tobytes(), at)
        return list(taken.values())

    def _recent(self, day: date, count: int, taken: set[date]) -> list[SimilarDay]:
        """The latest days of the same kind that are not taken yet."""
        rest = is_rest_day(self._home.tariff, day)
        kin = [seen.day for seen in self._glances[: self._earlier(day)] if seen.day not in taken]
        kin = [past for past in kin if is_rest_day(self._home.tariff, past) == rest] or kin
        return [
            SimilarDay(
                day=past,
                distance=(day - past).days / self._weights.recency_days,
                age_days=(day - past).days,
                why=f"no day like this one is known; {_ago((day - past).days)}, of the same kind",
                source="recent",
            )
            for past in reversed(kin[-count:] if count else [])
        ]

    def _reference_scale(self) -> Scale:
        return Scale.of(self._rows[:_REFERENCE_DAYS])

    def _earlier(self, day: date) -> int:
        """How many known days are strictly before `day`."""
        return bisect_left(self._glances, day, key=lambda seen: seen.day)


def _ago(days: int) -> str:
    return "the day before" if days == 1 else f"{days} days before"


def _why(parts: Floats, age_days: int, notes: Sequence[str]) -> str:
    """The two groups of features that agree best, the one that agrees least, and what had been said of the day."""
    off = {name: float(parts[which].sum() / WEIGHTS.features[which].sum()) for name, which in GROUPS.items()}
    by_agreement: Sequence[str] = sorted(off, key=lambda name: off[name])
    remark = f'; "{"; ".join(notes)}" was said of it' if notes else ""
    return (
        f"{_ago(age_days)}; most alike in {by_agreement[0]} and {by_agreement[1]}, least in {by_agreement[-1]}{remark}"
    )
