"""From similar days to an ensemble of possible futures, never using anything later than the decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from energy.errors import DataError
from energy.slots import clock_index, local_day
from knowledge.days import DayRecord, Floats, profile

# Bounds and pace of the correction by the last hours: a short one helps a little, a lasting one harms.
_CORRECTION_BOUNDS = (0.5, 2.0)
_CORRECTION_FADES_H = 2.0
_LEAST_SIGNAL_KW = 0.1


@dataclass(frozen=True, slots=True)
class DayShape:
    """One day on a 24-hour wall clock: arrays of shape (slots of a day,) in kW; NaN where nothing was measured.

    `pv_forecast_kw` is what had been forecast for that day when it began.
    """

    day: date
    load_kw: Floats
    pv_kw: Floats
    pv_forecast_kw: Floats | None = None

    @property
    def hourly_load_kw(self) -> Floats:
        """Load of each hour of the wall clock, of shape (24,); NaN where an hour is not known whole."""
        return np.asarray(self.load_kw.reshape(24, -1).mean(axis=1), dtype=np.float64)


def shape_of(record: DayRecord, zone: ZoneInfo, step: timedelta) -> DayShape:
    """A stored day on the wall clock of the planner."""
    forecast = record.pv_forecast_kw
    return DayShape(
        day=record.day,
        load_kw=profile(record, record.load_kw, zone=zone, step=step),
        pv_kw=profile(record, record.pv_kw, zone=zone, step=step),
        pv_forecast_kw=None if forecast is None else profile(record, forecast, zone=zone, step=step),
    )


@dataclass(frozen=True, slots=True)
class Horizon:
    """The slots to be forecast: where each falls on the wall clock, and how many days after today."""

    today: date
    index: NDArray[np.intp]
    day_offset: NDArray[np.intp]
    step_hours: float


@dataclass(frozen=True, slots=True)
class Recent:
    """Measured means of the slots just past, oldest first, in kW; empty right after a start."""

    load_kw: Floats
    pv_kw: Floats


@dataclass(frozen=True, slots=True)
class Futures:
    """Possible futures of the horizon: load and PV of shape (members, slots), and the day each came from."""

    load_kw: Floats
    pv_kw: Floats
    days: tuple[date, ...]


NOTHING_RECENT = Recent(np.empty(0), np.empty(0))


def horizon(starts: Sequence[datetime], zone: ZoneInfo, step: timedelta) -> Horizon:
    """Place consecutive slots on the wall clock; a day of 23 or 25 hours skips or repeats an index."""
    today = local_day(starts[0], zone)
    return Horizon(
        today=today,
        index=np.array([clock_index(start, zone, step) for start in starts], dtype=np.intp),
        day_offset=np.array([(local_day(start, zone) - today).days for start in starts], dtype=np.intp),
        step_hours=step / timedelta(hours=1),
    )


def futures(
    ahead: Horizon,
    neighbours: Sequence[date],
    shapes: Mapping[date, DayShape],
    *,
    pv_forecast_kw: Floats | None,
    pv_peak_kw: float,
    recent: Recent = NOTHING_RECENT,
) -> Futures:
    """One future per neighbour: its load, and the PV forecast of shape (slots,) dressed with its error on that day.

    Where no forecast is known (NaN, or none at all) the neighbour's own PV stands in.
    Values are rounded to a watt, so that a stored decision replays exactly.

    Raises:
        DataError: there is no neighbour, or one is not earlier than today.
    """
    known = [day for day in neighbours if day in shapes]
    if not known:
        raise DataError(f"no past day to plan {ahead.today} with: ingest some history first")
    if late := [day for day in known if day >= ahead.today]:
        raise DataError(f"{late[0]} is not before {ahead.today}: only earlier days may be neighbours")
    load = np.array([_path(day, ahead, shapes, "load_kw") for day in known])
    own_pv = np.array([_path(day, ahead, shapes, "pv_kw") for day in known])
    pv = own_pv
    if pv_forecast_kw is not None:
        dressed = pv_forecast_kw + np.array([_forecast_error(day, ahead, shapes) for day in known])
        dressed = np.where(pv_forecast_kw > 0, dressed, 0.0)
        pv = np.where(np.isnan(pv_forecast_kw), own_pv, dressed)
    load, pv = _filled(load), _filled(pv)
    load *= _correction(recent.load_kw, known, shapes, ahead, "load_kw")
    pv *= _correction(recent.pv_kw, known, shapes, ahead, "pv_kw")
    return Futures(_to_watt(np.maximum(load, 0)), _to_watt(np.clip(pv, 0, pv_peak_kw)), tuple(known))


def _to_watt(power_kw: Floats) -> Floats:
    return np.asarray(np.round(power_kw, 3), dtype=np.float64)


def _path(day: date, ahead: Horizon, shapes: Mapping[date, DayShape], series: str) -> Floats:
    """What followed the same time of day on a neighbour; past its midnight, the day after it or itself again."""
    first = getattr(shapes[day], series)
    following = shapes.get(day + timedelta(days=1))
    after = first if following is None else getattr(following, series)
    # The day after yesterday is today: its unmeasured part must not stand for a forecast.
    after = np.where(np.isnan(after), first, after)
    values = np.where(ahead.day_offset == 0, first[ahead.index], after[ahead.index])
    return np.asarray(values, dtype=np.float64)


def _forecast_error(day: date, ahead: Horizon, shapes: Mapping[date, DayShape]) -> Floats:
    """How far PV was from its forecast at the same time of day on a neighbour; 0 where that is unknown."""
    shape = shapes[day]
    if shape.pv_forecast_kw is None:
        return np.zeros(len(ahead.index))
    error = (shape.pv_kw - shape.pv_forecast_kw)[ahead.index]
    return np.asarray(np.nan_to_num(error, nan=0.0), dtype=np.float64)


def _filled(members: Floats) -> Floats:
    """Gaps of one member take the mean of the others; where all are silent, zero."""
    if not np.isnan(members).any():
        return members
    known = ~np.isnan(members)
    total = np.where(known, members, 0).sum(axis=0)
    mean = total / np.maximum(known.sum(axis=0), 1)
    return np.where(known, members, mean)


def _correction(
    measured_kw: Floats,
    neighbours: Sequence[date],
    shapes: Mapping[date, DayShape],
    ahead: Horizon,
    series: str,
) -> Floats:
    """Factor per slot: how the last hours compared with the neighbours', fading with lead time."""
    lead_h = np.arange(len(ahead.index)) * ahead.step_hours
    slots_back = min(len(measured_kw), int(ahead.index[0]))
    if slots_back == 0 or np.isnan(measured_kw[-slots_back:]).any():
        return np.ones_like(lead_h)
    window = slice(int(ahead.index[0]) - slots_back, int(ahead.index[0]))
    expected = np.nanmean([getattr(shapes[day], series)[window].mean() for day in neighbours])
    if not expected > _LEAST_SIGNAL_KW:
        return np.ones_like(lead_h)
    ratio = np.clip(measured_kw[-slots_back:].mean() / expected, *_CORRECTION_BOUNDS)
    return np.asarray(1 + (ratio - 1) * np.exp(-lead_h / _CORRECTION_FADES_H), dtype=np.float64)
