"""History out of Home Assistant's long-term statistics: running totals and means become local days."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from energy.errors import DataError
from energy.home import Home
from energy.slots import DAY, day_bounds, floor_slot, hours, local_day
from ingest.history.nights import darkened
from ingest.history.table import History, on_local_days, split_days
from ingest.homeassistant.client import HomeAssistant, Period, Signed, StatisticRole, StatisticRow
from ingest.live.snapshot import believable_range
from knowledge.days import DayRecord, Floats, completeness, is_complete

Sources = Mapping[StatisticRole, Signed]

HOUR, FIVE_MINUTES = timedelta(hours=1), timedelta(minutes=5)
_PERIODS: dict[timedelta, Period] = {HOUR: "hour", FIVE_MINUTES: "5minute"}
# Home Assistant purges five-minute statistics after ten days, unless told otherwise.
_SHORT_TERM = timedelta(days=11)
# A month of hours and a day of five minutes are answered in well under a second.
_CHUNKS = {HOUR: timedelta(days=31), FIVE_MINUTES: DAY}
_EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)
# Statistics of an hour are there some seconds after it; a slow machine may need minutes.
_SETTLED = timedelta(minutes=10)
# The energy of a short outage is known and its shape hardly matters; over a longer one, both are left unknown.
_SPREAD = timedelta(hours=2)
# Panels that slept give little in the slots at either end of the night.
_DAWN_SHARE = 0.2
_FORENOON = timedelta(hours=12)
_NOISE_KW = 0.05
# A balance of coarse counters (0.1 kWh is common) goes a little below nothing.
_BALANCE_NOISE_KW = 0.3
_TOLD_GAPS = 10


@dataclass(frozen=True, slots=True)
class SlotGrid:
    """Slots of one step from a start on."""

    start: datetime
    step: timedelta
    count: int

    @property
    def end(self) -> datetime:
        """Where the last slot ends."""
        return self.start + self.count * self.step

    def place(self, moment: datetime) -> int:
        """Which slot a moment falls in; negative before the first."""
        return (moment - self.start) // self.step


def new_days(
    assistant: HomeAssistant, home: Home, sources: Sources, *, stored: Sequence[DayRecord], now: datetime
) -> History:
    """The days that memory lacks: those after its last complete one, else all. May be none.

    A stored day is handed on again only where Home Assistant knows more of it.

    Raises:
        DataError: as `read_statistics`.
    """
    _check_sources(assistant, sources)
    complete = [record.day for record in stored if is_complete(record)]
    since = max(complete) + DAY if complete else first_day(assistant, sources, home.tz, now)
    if since > last_finished_day(now, home.tz):
        return History(home, HOUR, ())
    known = {record.day: completeness(record) for record in stored}
    history = read_statistics(assistant, home, sources, since=since, now=now)
    return replace(history, days=tuple(day for day in history.days if completeness(day) > known.get(day.day, 0.0)))


def first_day(assistant: HomeAssistant, sources: Sources, zone: ZoneInfo, now: datetime) -> date:
    """The first local day of which PV and the meter (or load) have statistics.

    Raises:
        DataError: one of them has none.
    """
    needed: tuple[StatisticRole, ...] = ("pv_power", "load_power" if "load_power" in sources else "grid_power")
    firsts = [_first_row(assistant, sources[role], now) for role in needed]
    if None in firsts:
        role = needed[firsts.index(None)]
        raise DataError(f"{role}: Home Assistant has no statistics yet: wait a day, or import older ones")
    return local_day(max(first for first in firsts if first is not None), zone)


def _first_row(assistant: HomeAssistant, signed: Signed, now: datetime) -> datetime | None:
    """When the first hour of a role begins: found by months, which are few."""
    months = assistant.statistics(signed.ids, _EARLIEST, end=now, period="month")
    starts = [rows[0].start for rows in months.values() if rows]
    if not starts:
        return None
    hourly = assistant.statistics(signed.ids, min(starts), end=min(starts) + 32 * DAY, period="hour")
    return min((rows[0].start for rows in hourly.values() if rows), default=None)


def last_finished_day(now: datetime, zone: ZoneInfo) -> date:
    """Yesterday, once its last statistics are there."""
    return local_day(now - _SETTLED, zone) - DAY


def read_statistics(assistant: HomeAssistant, home: Home, sources: Sources, *, since: date, now: datetime) -> History:
    """Whole local days from `since` to yesterday: in five-minute means where Home Assistant still has them, else hours.

    Load is what the sources say, else the balance of PV, grid and battery. Days of which nothing is known are left out.

    Raises:
        DataError: a source has no statistics, or there is no finished day.
    """
    _check_sources(assistant, sources)
    until = last_finished_day(now, home.tz)
    if until < since:
        raise DataError(f"no finished day since {since}: the last one is {until}")
    coarse, faults = _days(assistant, home, sources, HOUR, since=since, until=until)
    recent = max(since, local_day(now - _SHORT_TERM, home.tz))
    fine = _days(assistant, home, sources, FIVE_MINUTES, since=recent, until=until)[0] if recent <= until else {}
    chosen = [_better(record, fine.get(day)) for day, record in coarse.items()]
    days = tuple(record for record in chosen if completeness(record) > 0)
    if not days:
        raise DataError(f"Home Assistant has no statistics from {since} to {until}: check the ids in [homeassistant]")
    return History(home, days[-1].step, days, (*_gap_notes(chosen, home.tz), *faults))


def _check_sources(assistant: HomeAssistant, sources: Sources) -> None:
    for needed in ("pv_power",) if "load_power" in sources else ("pv_power", "grid_power"):
        if needed not in sources:
            raise DataError(
                f"{needed}: no statistic is named for it: complete Home Assistant's energy dashboard, or name one "
                "in [homeassistant.statistics]",
            )
    known = assistant.statistic_ids()
    for role, name in ((role, name) for role, signed in sources.items() for name in signed.ids):
        if name not in known:
            raise DataError(f"{role}: Home Assistant has no statistics of {name!r}: check [homeassistant.statistics]")
        meta = known[name]
        wanted = ("temperature",) if role == "outdoor_temperature" else ("energy", "power")
        if meta.unit_class not in wanted:
            raise DataError(
                f"{role}: {name!r} is in {meta.statistics_unit_of_measurement!r}, which does not measure "
                f"{' or '.join(wanted)}: choose another statistic",
            )


def _better(coarse: DayRecord, fine: DayRecord | None) -> DayRecord:
    return fine if fine is not None and is_complete(fine) else coarse


def _days(
    assistant: HomeAssistant, home: Home, sources: Sources, step: timedelta, *, since: date, until: date
) -> tuple[dict[date, DayRecord], tuple[str, ...]]:
    start = floor_slot(day_bounds(since, home.tz)[0], step)
    # The forenoon after shows whether the last evening's silence was night.
    end = day_bounds(until, home.tz)[1] + _FORENOON
    grid = SlotGrid(start, step, -((start - end) // step))
    rows = fetch_rows(assistant, {name for signed in sources.values() for name in signed.ids}, grid)
    series = {
        role: signed_means(signed, rows, grid, dawn_kwh=_dawn_kwh(role, home, step)) for role, signed in sources.items()
    }
    faults = [fault for role in series if (fault := _refuse_absurd(role, series[role], grid, home))]
    series["pv_power"] = darkened(series["pv_power"], start, step, home)
    kept, fine = on_local_days(_house(series) | _at_grid(sources, rows, grid, home), start, step, home.tz)
    days = split_days(home, start, fine, kept)
    return {record.day: record for record in days if since <= record.day <= until}, tuple(faults)


def fetch_rows(assistant: HomeAssistant, ids: Iterable[str], grid: SlotGrid) -> dict[str, list[StatisticRow]]:
    """All rows of the grid, and of the day before it: a running total needs one to start from."""
    rows: dict[str, list[StatisticRow]] = {name: [] for name in sorted(ids)}
    at, end = grid.start - DAY, grid.end
    while at < end:
        until = min(at + _CHUNKS[grid.step], end)
        for name, found in assistant.statistics(list(rows), at, end=until, period=_PERIODS[grid.step]).items():
            rows[name] += found
        at = until
    return rows


def signed_means(
    signed: Signed, rows: Mapping[str, list[StatisticRow]], grid: SlotGrid, *, dawn_kwh: float = 0.0
) -> Floats:
    """Mean of each slot of added less subtracted statistics; NaN where one of them is unknown."""
    total = np.zeros(grid.count)
    for names, factor in ((signed.add, 1.0), (signed.subtract, -1.0)):
        for name in names:
            total += factor * slot_means(rows.get(name, ()), grid, dawn_kwh=dawn_kwh)
    return total


def slot_means(rows: Sequence[StatisticRow], grid: SlotGrid, *, dawn_kwh: float = 0.0) -> Floats:
    """Mean of each slot: a mean as it is, a running total by its differences per hour.

    Home Assistant's sum counts on over resets of the meter. After an outage the first difference holds all that flowed
    meanwhile: over up to two hours it is spread evenly, over more it is unknown like the outage itself, unless it is
    so little (`dawn_kwh`) that panels can have made it since they woke. A total that goes backwards was corrected by
    hand: that slot is unknown.
    """
    values = np.full(grid.count, np.nan)
    before: tuple[int, float] | None = None
    for at, row in _once(rows, grid).items():
        if row.sum is None:
            if row.mean is not None and 0 <= at < grid.count:
                values[at] = row.mean
            continue
        if before is not None and (flowed_kwh := row.sum - before[1]) >= 0:
            slots = at - before[0]
            if (slots - 1) * grid.step <= _SPREAD:
                values[max(at - slots + 1, 0) : max(at + 1, 0)] = flowed_kwh / slots / hours(grid.step)
            elif flowed_kwh <= dawn_kwh and at >= 0:
                values[at] = flowed_kwh / hours(grid.step)
        before = (at, row.sum)
    return values


def _once(rows: Sequence[StatisticRow], grid: SlotGrid) -> dict[int, StatisticRow]:
    """One row of each slot, the last of several: a repaired or imported database may have an hour twice."""
    return {grid.place(row.start): row for row in rows}


def _dawn_kwh(role: StatisticRole, home: Home, step: timedelta) -> float:
    return _DAWN_SHARE * home.pv_peak_kw * hours(step) if role == "pv_power" else 0.0


def _refuse_absurd(role: StatisticRole, values: Floats, grid: SlotGrid, home: Home) -> str | None:
    """Make unknown what this home cannot have measured; what was found, in words."""
    low, high = believable_range(role, home)
    wrong = np.flatnonzero((values < low - _NOISE_KW) | (values > high))
    if not len(wrong):
        return None
    first = (grid.start + int(wrong[0]) * grid.step).astimezone(home.tz)
    worst = values[wrong[0]]
    values[wrong] = np.nan
    return (
        f"{role}: {len(wrong)} values outside {low:g} to {high:g} left out, first {worst:.1f} at {first:%Y-%m-%d %H:%M}"
    )


def _at_grid(sources: Sources, rows: Mapping[str, list[StatisticRow]], grid: SlotGrid, home: Home) -> dict[str, Floats]:
    """Import and export apart, where the meter has a statistic for each; what this home cannot measure is unknown."""
    meter = sources.get("grid_power")
    if meter is None or not meter.add or not meter.subtract:
        return {}
    high = believable_range("grid_power", home)[1]
    parts = {
        "grid_import_kw": signed_means(Signed(add=meter.add), rows, grid),
        "grid_export_kw": signed_means(Signed(add=meter.subtract), rows, grid),
    }
    for values in parts.values():
        values[(values < -_NOISE_KW) | (values > high)] = np.nan
    return {name: np.maximum(values, 0.0) for name, values in parts.items()}


def _house(series: Mapping[StatisticRole, Floats]) -> dict[str, Floats]:
    """What a day record keeps; load by the balance where it is not measured: PV + grid import + battery discharge."""
    pv_kw = series["pv_power"]
    if "load_power" in series:
        load_kw = series["load_power"]
    else:
        load_kw = pv_kw + series["grid_power"] + series.get("battery_power", np.zeros_like(pv_kw))
    # What a car took is no load of the house; of before its charger was there nothing is known, and nothing was taken.
    load_kw = load_kw - np.nan_to_num(np.maximum(series.get("car_power", np.zeros_like(pv_kw)), 0.0))
    load_kw = np.where(load_kw < -_BALANCE_NOISE_KW, np.nan, np.maximum(load_kw, 0.0))
    kept = {"load_kw": load_kw, "pv_kw": np.maximum(pv_kw, 0.0)}
    if "outdoor_temperature" in series:
        kept["temperature_c"] = series["outdoor_temperature"]
    return kept


def _gap_notes(records: Sequence[DayRecord], zone: ZoneInfo) -> tuple[str, ...]:
    """The stretches in which load or PV is unknown, in the home's time."""
    gaps: list[list[datetime]] = []
    for record in records:
        for at in np.flatnonzero(np.isnan(record.load_kw) | np.isnan(record.pv_kw)).tolist():
            start = record.start + at * record.step
            if gaps and gaps[-1][1] == start:
                gaps[-1][1] = start + record.step
            else:
                gaps.append([start, start + record.step])
    lines = [
        f"gap: load or PV unknown from {start.astimezone(zone):%Y-%m-%d %H:%M} for {hours(end - start):g} h"
        for start, end in gaps[:_TOLD_GAPS]
    ]
    return (*lines, *([f"and {len(gaps) - _TOLD_GAPS} more gaps"] if len(gaps) > _TOLD_GAPS else []))
