"""What is known of a day when it begins, as numbers: never anything measured on that day or later."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np

from energy.slots import DAY
from knowledge.days import DayRecord, Floats, energy_kwh, profile

_BLOCK = timedelta(hours=3)
_BLOCKS = DAY // _BLOCK
WEEK = timedelta(days=7)

FEATURES: tuple[str, ...] = (
    *(f"yesterday's load {3 * block:02d}-{3 * block + 3:02d} h" for block in range(_BLOCKS)),
    *(f"last week's load {3 * block:02d}-{3 * block + 3:02d} h" for block in range(_BLOCKS)),
    "yesterday's sun",
    "expected sun",
    "yesterday's temperature",
    "rest day",
    "season (cosine)",
    "season (sine)",
)
# Share of each feature in the squared distance: a load shape counts as one thing, not as eight.
WEIGHTS: Floats = np.array([*[1 / _BLOCKS] * _BLOCKS, *[1 / _BLOCKS] * _BLOCKS, 0.25, 0.5, 0.5, 1.5, 0.5, 0.5])
# A day this many days old is as far away as one standard deviation of a feature of weight one.
RECENCY_DAYS = 20.0
# Vectors of different definitions are never compared; a changed weight changes the version by itself.
VERSION = "1-" + hashlib.sha256(repr((FEATURES, WEIGHTS.tolist(), RECENCY_DAYS)).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """The few numbers of a past day that later fingerprints are made of; NaN where unknown."""

    day: date
    load_blocks_kw: Floats
    pv_kwh: float
    temperature_c: float


def glance(record: DayRecord, zone: ZoneInfo) -> Glance:
    """Look once at a day: mean load of its eight three-hour blocks, PV energy, mean temperature."""
    temperature = np.empty(0) if record.temperature_c is None else record.temperature_c
    known = temperature[~np.isnan(temperature)]
    return Glance(
        day=record.day,
        load_blocks_kw=profile(record, record.load_kw, zone=zone, step=_BLOCK),
        pv_kwh=energy_kwh(record.pv_kw, record.step),
        temperature_c=float(known.mean()) if len(known) else np.nan,
    )


def fingerprint(
    day: date,
    earlier: Sequence[Glance],
    *,
    expected_pv_kwh: float | None,
    rest_day: bool,
) -> Floats:
    """Features of `day` in the order of `FEATURES`, from days strictly before it; NaN where unknown.

    `earlier` runs from old to new and may have gaps; only the week before `day` is looked at.
    """
    week = [seen for seen in earlier if timedelta(0) < day - seen.day <= WEEK]
    yesterday = week[-1] if week and week[-1].day == day - DAY else _NOTHING
    expected = _mean([seen.pv_kwh for seen in week]) if expected_pv_kwh is None else expected_pv_kwh
    season = 2 * np.pi * day.timetuple().tm_yday / 365.25
    return np.concatenate(
        [
            yesterday.load_blocks_kw,
            _mean_blocks([seen.load_blocks_kw for seen in week]),
            [yesterday.pv_kwh, expected, yesterday.temperature_c, float(rest_day), np.cos(season), np.sin(season)],
        ],
    )


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """Mean and spread of each feature, of shape (features,), over days that are past."""

    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, rows: Floats) -> Self:
        """Scale of raw fingerprints of shape (days, features); one that is constant or unknown tells nothing apart."""
        known = ~np.isnan(rows)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, rows, 0).sum(axis=0) / count
        spread = np.sqrt((np.where(known, rows - mean, 0) ** 2).sum(axis=0) / count)
        return cls(mean, np.where(spread > 1e-9, spread, np.inf))

    def standardise(self, rows: Floats) -> Floats:
        """Weighted z-scores, so that plain Euclidean distance is the distance meant; the unknown is average."""
        scores = np.nan_to_num((rows - self.mean) / self.spread, nan=0.0)
        return np.asarray(scores * np.sqrt(WEIGHTS), dtype=np.float64)


_NOTHING = Glance(date.min, np.full(_BLOCKS, np.nan), np.nan, np.nan)


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return sum(known) / len(known) if known else np.nan


def _mean_blocks(days: Sequence[Floats]) -> Floats:
    if not days:
        return _NOTHING.load_blocks_kw
    blocks = np.array(days)
    return np.array([_mean(block) for block in blocks.T.tolist()])
