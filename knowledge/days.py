"""One local day of a home as it was measured, and its shape on a 24-hour wall clock."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from math import gcd, lcm
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from energy.slots import DAY, clock_index, hours

Floats = NDArray[np.float64]
# A day that lacks more than about an hour of load or PV is no example for another day.
ENOUGH = 0.95
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, eq=False)
class DayRecord:
    """Slot means of one local day from its midnight on, each of shape (slots,), NaN where nothing was measured.

    A day holds 23, 24 or 25 hours of slots. `pv_forecast_kw` and `temperature_forecast_c` are what had been forecast
    when the day began, `pv_nowcast_kw` what was forecast last before each slot, where the forecast was renewed through
    the day, and `notes` what the household had said of the day by then ("guests", "away").
    """

    home: str
    day: date
    start: datetime
    step: timedelta
    load_kw: Floats
    pv_kw: Floats
    temperature_c: Floats | None = None
    ghi_w_m2: Floats | None = None
    pv_forecast_kw: Floats | None = None
    import_price: Floats | None = None
    export_price: Floats | None = None
    temperature_forecast_c: Floats | None = None
    grid_import_kw: Floats | None = None
    grid_export_kw: Floats | None = None
    charge_kw: Floats | None = None
    discharge_kw: Floats | None = None
    notes: tuple[str, ...] = ()
    pv_nowcast_kw: Floats | None = None


def completeness(record: DayRecord) -> float:
    """Share of slots in which both load and PV are known."""
    return float(np.mean(~np.isnan(record.load_kw) & ~np.isnan(record.pv_kw)))


def is_complete(record: DayRecord) -> bool:
    """Whether a day may serve as an example."""
    return completeness(record) >= ENOUGH


def profile(record: DayRecord, values: Floats, *, zone: ZoneInfo, step: timedelta) -> Floats:
    """One of a day's series on a 24-hour wall clock in slots of `step`, of shape (24 h / step,).

    Coarser slots are repeated and finer ones averaged. Where clocks go forward the slot before the hole is repeated,
    where they go back the doubled hours are averaged. NaN stays where nothing of a slot was measured.
    """
    fine = _MINUTE * gcd(record.step // _MINUTE, step // _MINUTE)
    values = np.repeat(values, record.step // fine)
    if len(values) != DAY // fine:
        values = _on_wall_clock(values, record.start, zone, fine)
    return _known_mean(values.reshape(-1, step // fine))


def of_one_step(records: Sequence[DayRecord]) -> tuple[DayRecord, ...]:
    """The same days in one step, the finest that all of theirs divide: a history may be of several sources."""
    steps = {record.step for record in records}
    if len(steps) < 2:
        return tuple(records)
    common = _MINUTE * lcm(*(step // _MINUTE for step in steps))
    return tuple(coarser(record, common) for record in records)


def coarser(record: DayRecord, step: timedelta) -> DayRecord:
    """The same day in a longer step, a multiple of its own."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    series = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    means = {name: _known_mean(value.reshape(-1, step // record.step)) for name, value in series.items()}
    return DayRecord(**(values | means | {"step": step}))


def energy_kwh(power_kw: Floats, step: timedelta) -> float:
    """Energy of a day's powers, gaps taken as the mean of the rest; NaN if all is unknown."""
    known = power_kw[~np.isnan(power_kw)]
    return float(known.mean() * len(power_kw) * hours(step)) if len(known) else np.nan


def _on_wall_clock(values: Floats, start: datetime, zone: ZoneInfo, step: timedelta) -> Floats:
    """Bring a day of another length than 24 hours onto the wall clock."""
    index = np.array([clock_index(start + at * step, zone, step) for at in range(len(values))])
    known = ~np.isnan(values)
    slots = DAY // step
    total = np.bincount(index[known], values[known], minlength=slots)
    count = np.bincount(index[known], minlength=slots)
    clock = np.divide(total, count, out=np.full(slots, np.nan), where=count > 0)
    reached = np.zeros(slots, dtype=bool)
    reached[index] = True
    before = np.maximum.accumulate(np.where(reached, np.arange(slots), 0))
    return np.asarray(clock[before], dtype=np.float64)


def _known_mean(groups: Floats) -> Floats:
    """Mean of the known values of each row; NaN where a row has none."""
    known = ~np.isnan(groups)
    total = np.where(known, groups, 0.0).sum(axis=1)
    count = known.sum(axis=1)
    mean: Floats = np.divide(total, count, out=np.full(len(groups), np.nan), where=count > 0)
    return mean
