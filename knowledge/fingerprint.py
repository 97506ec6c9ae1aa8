"""What is known of a day when it begins, as numbers: never anything measured on that day or later."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np

from energy.slots import DAY
from knowledge.days import DayRecord, Floats, energy_kwh, profile

_HOUR = timedelta(hours=1)
_HOURS = DAY // _HOUR
_BLOCK_HOURS = 3
_BLOCKS = _HOURS // _BLOCK_HOURS
WEEK = timedelta(days=7)

FEATURES: tuple[str, ...] = (
    *(f"yesterday's load {3 * block:02d}-{3 * block + 3:02d} h" for block in range(_BLOCKS)),
    *(f"last week's load {3 * block:02d}-{3 * block + 3:02d} h" for block in range(_BLOCKS)),
    "yesterday's sun",
    "expected sun",
    "yesterday's temperature",
    "expected temperature",
    "rest day",
    "rest day follows",
    "season (cosine)",
    "season (sine)",
)
# Features told together, because a person thinks of them as one thing.
GROUPS = {
    "load of the day before": slice(0, 8),
    "load of the week before": slice(8, 16),
    "solar": slice(16, 18),
    "temperature": slice(18, 20),
    "day type": slice(20, 22),
    "season": slice(22, 24),
}
_ONE_SHAPE = [1 / _BLOCKS] * _BLOCKS


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Share of each part in the squared distance between days; a load shape counts as one thing, not as eight.

    `hour` is the share of each hour measured so far, `notes` that of days of which different things were said, and a
    day `recency_days` old is as far away as one standard deviation of a feature of weight one. Chosen by the continuous
    ranked probability score of the load forecast, walking forward over recorded homes 1 to 8 and three synthetic ones;
    `advisor eval ablation` shows what each part is worth. The optimum is flat: half or double costs under 1 %.
    """

    features: Floats = field(
        default_factory=lambda: np.array([*_ONE_SHAPE, *_ONE_SHAPE, 0.25, 0.5, 0.5, 4.0, 0.5, 1.0, 0.125, 0.125])
    )
    hour: float = 0.3
    notes: float = 40.0
    recency_days: float = 20.0

    def without(self, part: str) -> "Weights":
        """The same with one part left out: a group of features, "hours so far", "notes" or "recency"."""
        features = self.features.copy()
        if part in GROUPS:
            features[GROUPS[part]] = 0.0
        return Weights(
            features,
            0.0 if part == "hours so far" else self.hour,
            0.0 if part == "notes" else self.notes,
            np.inf if part == "recency" else self.recency_days,
        )


WEIGHTS = Weights()
PARTS = (*GROUPS, "hours so far", "notes", "recency")
# Vectors of different definitions are never compared; a changed weight changes the version by itself.
VERSION = (
    "2-" + hashlib.sha256(repr((FEATURES, WEIGHTS.features.tolist(), WEIGHTS.recency_days)).encode()).hexdigest()[:8]
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What is foreseen of a day when it begins, None where nothing is: PV energy, mean temperature, household notes."""

    pv_kwh: float | None = None
    temperature_c: float | None = None
    notes: tuple[str, ...] = ()


NOTHING_EXPECTED = Expected()


def foreseen(record: DayRecord) -> Expected:
    """What had been foreseen of a recorded day by its midnight."""
    forecast, temperature = record.pv_forecast_kw, record.temperature_forecast_c
    return Expected(
        pv_kwh=None if forecast is None or np.isnan(forecast).all() else energy_kwh(forecast, record.step),
        temperature_c=None if temperature is None or np.isnan(temperature).all() else float(np.nanmean(temperature)),
        notes=record.notes,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """The few numbers of a past day that later fingerprints are made of; NaN where unknown.

    `hourly_kw` is its load on a 24-hour wall clock, of shape (24,), and `load_blocks_kw` the mean of each three hours.
    """

    day: date
    hourly_kw: Floats
    load_blocks_kw: Floats
    pv_kwh: float
    temperature_c: float
    notes: tuple[str, ...] = ()


def glance(record: DayRecord, zone: ZoneInfo) -> Glance:
    """Look once at a day: hourly load, PV energy, mean temperature, what had been said of it."""
    temperature = np.empty(0) if record.temperature_c is None else record.temperature_c
    known = temperature[~np.isnan(temperature)]
    hourly_kw = profile(record, record.load_kw, zone=zone, step=_HOUR)
    return Glance(
        day=record.day,
        hourly_kw=hourly_kw,
        load_blocks_kw=np.array([_mean(block) for block in hourly_kw.reshape(_BLOCKS, _BLOCK_HOURS).tolist()]),
        pv_kwh=energy_kwh(record.pv_kw, record.step),
        temperature_c=float(known.mean()) if len(known) else np.nan,
        notes=record.notes,
    )


def fingerprint(
    day: date,
    earlier: Sequence[Glance],
    *,
    expected: Expected,
    rest_day: bool,
    rest_day_follows: bool,
) -> Floats:
    """Features of `day` in the order of `FEATURES`, from days strictly before it; NaN where unknown.

    `earlier` runs from old to new and may have gaps; only the week before `day` is looked at.
    """
    week = [seen for seen in earlier if timedelta(0) < day - seen.day <= WEEK]
    yesterday = week[-1] if week and week[-1].day == day - DAY else _NOTHING
    sun_kwh = _mean([seen.pv_kwh for seen in week]) if expected.pv_kwh is None else expected.pv_kwh
    warmth_c = np.nan if expected.temperature_c is None else expected.temperature_c
    season = 2 * np.pi * day.timetuple().tm_yday / 365.25
    rest = [float(rest_day), float(rest_day_follows)]
    return np.concatenate(
        [
            yesterday.load_blocks_kw,
            _mean_blocks([seen.load_blocks_kw for seen in week]),
            [yesterday.pv_kwh, sun_kwh, yesterday.temperature_c, warmth_c],
            [*rest, np.cos(season), np.sin(season)],
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

    def standardise(self, rows: Floats, weights: Weights = WEIGHTS) -> Floats:
        """Weighted z-scores, so that plain Euclidean distance is the distance meant; the unknown is average."""
        scores = np.nan_to_num((rows - self.mean) / self.spread, nan=0.0)
        return np.asarray(scores * np.sqrt(weights.features), dtype=np.float64)


_NOTHING = Glance(date.min, np.full(_HOURS, np.nan), np.full(_BLOCKS, np.nan), np.nan, np.nan)


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return sum(known) / len(known) if known else np.nan


def _mean_blocks(days: Sequence[Floats]) -> Floats:
    if not days:
        return _NOTHING.load_blocks_kw
    return np.array([_mean(block) for block in np.array(days).T.tolist()])
