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
# How much larger or smaller than the neighbour's own a forecast may make its error.
_ERROR_BOUNDS = (0.2, 1.5)
# From this lead time on a renewed forecast is as wrong as the one of midnight.
_RENEWED_WITHIN_H = 6.0


@dataclass(frozen=True, slots=True)
class DayShape:
    """One day on a 24-hour wall clock: arrays of shape (slots of a day,) in kW; NaN where nothing was measured.

    `pv_forecast_kw` is what had been forecast for that day when it began, and `pv_nowcast_kw` what was forecast last
    before each slot, where the forecast was renewed through the day.
    """

    day: date
    load_kw: Floats
    pv_kw: Floats
    pv_forecast_kw: Floats | None = None
    pv_nowcast_kw: Floats | None = None

    @property
    def hourly_load_kw(self) -> Floats:
        """Load of each hour of the wall clock, of shape (24,); NaN where an hour is not known whole."""
        return np.asarray(self.load_kw.reshape(24, -1).mean(axis=1), dtype=np.float64)


def shape_of(record: DayRecord, zone: ZoneInfo, step: timedelta) -> DayShape:
    """A stored day on the wall clock of the planner."""

    def clock(series: Floats | None) -> Floats | None:
        return None if series is None else profile(record, series, zone=zone, step=step)

    return DayShape(
        day=record.day,
        load_kw=profile(record, record.load_kw, zone=zone, step=step),
        pv_kw=profile(record, record.pv_kw, zone=zone, step=step),
        pv_forecast_kw=clock(record.pv_forecast_kw),
        pv_nowcast_kw=clock(record.pv_nowcast_kw),
    )


def renewed(nowcast_kw: Floats, day_ahead_kw: Floats, lead_h: Floats) -> Floats:
    """The forecast of a slot as it stands `lead_h` hours before it: P = nowcast + (day ahead - nowcast) min(lead/6, 1).

    Forecasts from satellite pictures beat those of weather models in the first hours only (Perez et al. 2010, Solar
    Energy 84).
    """
    share = np.clip(lead_h / _RENEWED_WITHIN_H, 0, 1)
    return np.asarray(nowcast_kw + (day_ahead_kw - nowcast_kw) * share, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Horizon:
    """The slots to be forecast: where each falls on the wall clock, and how many days after today."""

    today: date
    index: NDArray[np.intp]
    day_offset: NDArray[np.intp]
    step_hours: float


@dataclass(frozen=True, slots=True)
class Recent:
    """Measured means of the slots just past, oldest first, in kW, and the PV forecast for them; empty after a start."""

    load_kw: Floats
    pv_kw: Floats
    pv_forecast_kw: Floats | None = None


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

    Both are scaled by how the hours just past compared with what was foreseen for them: load with the neighbours', PV
    with its forecast (against the neighbours' sun the forecast would be corrected for a difference that it knows).

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
        errors_kw = [_forecast_error(day, ahead, shapes, pv_forecast_kw) for day in known]
        dressed = np.where(pv_forecast_kw > 0, pv_forecast_kw + np.array(errors_kw), 0.0)
        pv = np.where(np.isnan(pv_forecast_kw), own_pv, dressed)
    load, pv = _filled(load), _filled(pv)
    load *= _correction(recent.load_kw, _neighbours_kw(recent.load_kw, known, shapes, ahead, "load_kw"), ahead)
    foreseen_kw = recent.pv_forecast_kw
    if foreseen_kw is None or np.isnan(foreseen_kw).any():
        foreseen_kw = _neighbours_kw(recent.pv_kw, known, shapes, ahead, "pv_kw")
    pv *= _correction(recent.pv_kw, foreseen_kw, ahead)
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


def _forecast_error(day: date, ahead: Horizon, shapes: Mapping[date, DayShape], forecast_kw: Floats) -> Floats:
    """How far PV was from its forecast at the same time of day on a neighbour; 0 where that is unknown.

    An error grows and shrinks with what is forecast: a bright day's is too large for a dull one. It is that of the
    same lead time, where the neighbour's forecast was renewed through its day.
    """
    shape = shapes[day]
    if shape.pv_forecast_kw is None:
        return np.zeros(len(ahead.index))
    theirs_kw: Floats = shape.pv_forecast_kw[ahead.index]
    if shape.pv_nowcast_kw is not None:
        last_kw = shape.pv_nowcast_kw[ahead.index]
        lead_h = np.arange(len(ahead.index), dtype=np.float64) * ahead.step_hours
        theirs_kw = np.where(np.isnan(last_kw), theirs_kw, renewed(last_kw, theirs_kw, lead_h))
    size = np.clip(forecast_kw / np.maximum(theirs_kw, _LEAST_SIGNAL_KW), *_ERROR_BOUNDS)
    error_kw = (shape.pv_kw[ahead.index] - theirs_kw) * size
    return np.asarray(np.nan_to_num(error_kw, nan=0.0), dtype=np.float64)


def _filled(members: Floats) -> Floats:
    """Gaps of one member take the mean of the others; where all are silent, zero."""
    if not np.isnan(members).any():
        return members
    known = ~np.isnan(members)
    total = np.where(known, members, 0).sum(axis=0)
    mean = total / np.maximum(known.sum(axis=0), 1)
    return np.where(known, members, mean)


def _neighbours_kw(
    measured_kw: Floats,
    neighbours: Sequence[date],
    shapes: Mapping[date, DayShape],
    ahead: Horizon,
    series: str,
) -> Floats:
    """Mean of the neighbours in the slots of today that were measured last."""
    slots_back = min(len(measured_kw), int(ahead.index[0]))
    window = slice(int(ahead.index[0]) - slots_back, int(ahead.index[0]))
    means_kw = [getattr(shapes[day], series)[window].mean() for day in neighbours] if slots_back else []
    known_kw = [mean for mean in means_kw if not np.isnan(mean)]
    return np.full(slots_back, np.mean(known_kw) if known_kw else np.nan)


def _correction(measured_kw: Floats, foreseen_kw: Floats, ahead: Horizon) -> Floats:
    """Factor per slot: how the last hours compared with what was foreseen for them, fading with lead time."""
    lead_h = np.arange(len(ahead.index)) * ahead.step_hours
    back = min(len(measured_kw), len(foreseen_kw), int(ahead.index[0]))
    if not back or np.isnan(measured_kw[-back:]).any() or not foreseen_kw[-back:].mean() > _LEAST_SIGNAL_KW:
        return np.ones_like(lead_h)
    ratio = np.clip(measured_kw[-back:].mean() / foreseen_kw[-back:].mean(), *_CORRECTION_BOUNDS)
    return np.asarray(1 + (ratio - 1) * np.exp(-lead_h / _CORRECTION_FADES_H), dtype=np.float64)
