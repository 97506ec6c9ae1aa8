"""Which past days are like today: exact ranking by fingerprint and recency, over strictly earlier days."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from energy.home import Home
from energy.tariff import is_rest_day
from knowledge.days import DayRecord, Floats, energy_kwh, is_complete
from knowledge.fingerprint import FEATURES, RECENCY_DAYS, WEEK, WEIGHTS, Glance, Scale, fingerprint, glance

# Days whose spread standardises the vectors of the index: the first four weeks are past for all that follow.
_REFERENCE_DAYS = 28


@dataclass(frozen=True, slots=True)
class SimilarDay:
    """A past day, how far it is from the one asked about, and what made it near."""

    day: date
    distance: float
    age_days: int
    why: str


class FingerprintTable:
    """Fingerprints of a home's days that may be neighbours, each made when its day began; grows by whole days.

    Days that lack too much of their load or PV are left out, as if they had not been.
    """

    def __init__(self, home: Home, records: Iterable[DayRecord] = ()) -> None:
        self._home = home
        self._glances: list[Glance] = []
        self._rows: list[Floats] = []
        self._place: dict[date, int] = {}
        self.add(records)

    def add(self, records: Iterable[DayRecord]) -> None:
        """Learn days, oldest first; one that is not later than the last one known is passed over."""
        for record in records:
            if (self._glances and record.day <= self._glances[-1].day) or not is_complete(record):
                continue
            self._rows.append(self.fingerprint(record.day, _expected_kwh(record)))
            self._place[record.day] = len(self._glances)
            self._glances.append(glance(record, self._home.tz))

    @property
    def days(self) -> list[date]:
        """All days that can be neighbours, oldest first."""
        return list(self._place)

    def fingerprint(self, day: date, expected_pv_kwh: float | None = None) -> Floats:
        """What is known of any day when it begins, of shape (features,)."""
        known = self._earlier(day)
        return fingerprint(
            day,
            self._glances[max(0, known - WEEK.days) : known],
            expected_pv_kwh=expected_pv_kwh,
            rest_day=is_rest_day(self._home.tariff, day),
        )

    def coordinates(self) -> Floats:
        """Where each day lies in the index, of shape (days, features + 1); see `coordinate`."""
        scale = self._reference_scale()
        rows = zip(self._place, self._rows, strict=True)
        return np.array([_coordinate(day, row, scale) for day, row in rows]).reshape(-1, len(FEATURES) + 1)

    def coordinate(self, day: date, expected_pv_kwh: float | None = None) -> Floats:
        """Where a day lies in the index: weighted z-scores by the home's first weeks, and its date.

        The date counts as in `rank`, so that the index finds recent days near. Only the scale differs from `rank`.
        """
        return _coordinate(day, self.fingerprint(day, expected_pv_kwh), self._reference_scale())

    def rank(
        self,
        day: date,
        count: int,
        *,
        expected_pv_kwh: float | None = None,
        among: frozenset[date] | None = None,
    ) -> list[SimilarDay]:
        """The `count` nearest of the days before `day`, nearest first; `among` narrows the field.

        Distance squared = weighted squared z-scores over all earlier days + (age / RECENCY_DAYS) squared.
        """
        known = self._earlier(day)
        places = [at for at in range(known) if among is None or self._glances[at].day in among]
        if not places:
            return []
        rows = np.array(self._rows[:known])
        scale = Scale.of(rows)
        wanted = scale.standardise(self.fingerprint(day, expected_pv_kwh))
        parts = (scale.standardise(rows[places]) - wanted) ** 2
        ages = np.array([(day - self._glances[at].day).days for at in places])
        distances = np.sqrt(parts.sum(axis=1) + (ages / RECENCY_DAYS) ** 2)
        nearest = np.argsort(distances, kind="stable")[:count]
        return [
            SimilarDay(
                day=self._glances[places[at]].day,
                distance=float(distances[at]),
                age_days=int(ages[at]),
                why=_why(parts[at], int(ages[at])),
            )
            for at in nearest
        ]

    def _reference_scale(self) -> Scale:
        return Scale.of(np.array(self._rows[:_REFERENCE_DAYS]).reshape(-1, len(FEATURES)))

    def _earlier(self, day: date) -> int:
        """How many known days are strictly before `day`."""
        return bisect_left(self._glances, day, key=lambda seen: seen.day)


# Features told together, because a person thinks of them as one thing.
_GROUPS = {
    "load of the day before": slice(0, 8),
    "load of the week before": slice(8, 16),
    "sun": slice(16, 18),
    "temperature": slice(18, 19),
    "kind of day": slice(19, 20),
    "season": slice(20, 22),
}


def _coordinate(day: date, row: Floats, scale: Scale) -> Floats:
    return np.append(scale.standardise(row), day.toordinal() / RECENCY_DAYS)


def _expected_kwh(record: DayRecord) -> float | None:
    """PV energy that was forecast for a day, None without a forecast."""
    if record.pv_forecast_kw is None or np.isnan(record.pv_forecast_kw).all():
        return None
    return energy_kwh(record.pv_forecast_kw, record.step)


def _why(parts: Floats, age_days: int) -> str:
    """The two groups of features that agree best, and the one that agrees least."""
    off = {name: float(parts[which].sum() / WEIGHTS[which].sum()) for name, which in _GROUPS.items()}
    by_agreement: Sequence[str] = sorted(off, key=lambda name: off[name])
    ago = "the day before" if age_days == 1 else f"{age_days} days before"
    return f"{ago}; alike in {by_agreement[0]} and {by_agreement[1]}, least in {by_agreement[-1]}"
