"""One past day in totals: what was used, made, bought, sold and paid, from what was measured and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from agent.queries.remembered import day_energies
from energy.home import Home
from energy.pricing.tariff import Prices, prices_where_known
from energy.slots import day_slots, hours, local_day
from ingest.live.meter import MeteredSlot
from knowledge.days import ENOUGH, DayRecord, Floats

# A charge this near to a limit is at it, as far as a household cares.
NEAR_LIMIT = 0.01


def run_starts(values: Sequence[object]) -> list[int]:
    """Places at which another value begins, the first one among them."""
    return [at for at in range(len(values)) if at == 0 or values[at] != values[at - 1]]


@dataclass(frozen=True, slots=True)
class DayTotals:
    """Energy in kWh, cost in the home's currency, mean temperature, highest mean load of a slot and when it began.

    NaN where nothing was measured. `coverage` is the share of the day so far in which load and sun are known.
    """

    day: date
    coverage: float
    load_kwh: float
    pv_kwh: float
    peak_kw: float
    peak_at: datetime | None
    temperature_c: float
    import_kwh: float
    export_kwh: float
    charge_kwh: float
    discharge_kwh: float
    cost: float

    @property
    def is_whole(self) -> bool:
        """Whether so much of the day is known that it may be ranked with others."""
        return self.coverage >= ENOUGH


@dataclass(frozen=True, slots=True, eq=False)
class Metered:
    """Consecutive metered slots as arrays of shape (slots,), powers in kW; prices are NaN where none is known.

    `load_kw` is all that was used, `devices_kw` what cars and other devices took of it.
    """

    starts: list[datetime]
    hours: float
    load_kw: Floats
    devices_kw: Floats
    pv_kw: Floats
    soc: Floats
    grid_import_kw: Floats
    grid_export_kw: Floats
    charge_kw: Floats
    discharge_kw: Floats
    prices: Prices

    def days(self, zone: ZoneInfo) -> tuple[date, ...]:
        """The local days of which slots were metered, in order."""
        return tuple(sorted({local_day(start, zone) for start in self.starts}))

    def part(self, which: slice) -> "Metered":
        """Some of the slots, in order."""
        flows = ("grid_import_kw", "grid_export_kw", "charge_kw", "discharge_kw")
        series = ("load_kw", "devices_kw", "pv_kw", "soc", *flows)
        return Metered(
            starts=self.starts[which],
            hours=self.hours,
            prices=Prices(self.prices.import_per_kwh[which], self.prices.export_per_kwh[which]),
            **{name: getattr(self, name)[which] for name in series},
        )

    def covers(self, day: date, home: Home, now: datetime) -> bool:
        """Whether hardly a slot of the day, up to `now`, is missing."""
        step = timedelta(hours=self.hours)
        return len(self.starts) >= ENOUGH * len(_due(day, home, step, now))

    @property
    def cost(self) -> Floats:
        """What each slot cost at the meter."""
        bought = self.grid_import_kw * self.prices.import_per_kwh
        return (bought - self.grid_export_kw * self.prices.export_per_kwh) * self.hours


def metered(slots: Sequence[MeteredSlot], home: Home, step: timedelta) -> Metered:
    """Metered slots with their flows: as measured, or worked out from load, sun and the change of charge."""
    starts = [slot.start for slot in slots]
    load_kw, pv_kw = _column(slots, "whole_load_kw"), _column(slots, "pv_kw")
    worked_out_kw = _battery_kw(slots, home, step)
    charge_kw = _known(_column(slots, "charge_kw"), np.maximum(worked_out_kw, 0))
    discharge_kw = _known(_column(slots, "discharge_kw"), np.maximum(-worked_out_kw, 0))
    at_grid_kw = load_kw - pv_kw + charge_kw - discharge_kw
    return Metered(
        starts=starts,
        hours=hours(step),
        load_kw=load_kw,
        devices_kw=_known(_column(slots, "devices_kw"), np.zeros(len(slots))),
        pv_kw=pv_kw,
        soc=_column(slots, "soc"),
        grid_import_kw=_known(_column(slots, "grid_import_kw"), np.maximum(at_grid_kw, 0)),
        grid_export_kw=_known(_column(slots, "grid_export_kw"), np.maximum(-at_grid_kw, 0)),
        charge_kw=charge_kw,
        discharge_kw=discharge_kw,
        prices=prices_where_known(home.tariff, starts, home.tz),
    )


def totals_of(day: date, home: Home, *, record: DayRecord | None, seen: Metered | None, now: datetime) -> DayTotals:
    """Totals of a day: load and sun from its record, or from the meter while there is none; the rest from the meter.

    What was bought and sold is told only of days that were metered all through, today up to `now`, else as the record
    has it from a file or from Home Assistant.
    """
    if record is not None:
        step = record.step
        starts = [record.start + at * step for at in range(len(record.load_kw))]
        load_kw, pv_kw = record.load_kw, record.pv_kw
        slots, temperature_c = len(load_kw), _mean(record.temperature_c)
        # A day is remembered without what cars and other devices took.
        devices_kwh = _sum(seen.devices_kw) * seen.hours if seen is not None else 0.0
    else:
        assert seen is not None  # noqa: S101 (a day is asked for only where one of the two is there)
        step = timedelta(hours=seen.hours)
        starts, load_kw, pv_kw, temperature_c = seen.starts, seen.load_kw, seen.pv_kw, np.nan
        devices_kwh = 0.0
        slots = len(_due(day, home, step, now))
    peak = int(np.nanargmax(load_kw)) if (~np.isnan(load_kw)).any() else None
    return DayTotals(
        day=day,
        coverage=float((~np.isnan(load_kw) & ~np.isnan(pv_kw)).sum() / max(slots, 1)),
        load_kwh=_sum(load_kw) * hours(step) + devices_kwh,
        pv_kwh=_sum(pv_kw) * hours(step),
        peak_kw=float(load_kw[peak]) if peak is not None else np.nan,
        peak_at=starts[peak] if peak is not None else None,
        temperature_c=temperature_c,
        **_at_meter(day, home, record=record, seen=seen, now=now),
    )


def _due(day: date, home: Home, step: timedelta, now: datetime) -> list[datetime]:
    """Slots of a day that are over."""
    return [start for start in day_slots(day, home.tz, step) if start + step <= now]


def _at_meter(
    day: date, home: Home, *, record: DayRecord | None, seen: Metered | None, now: datetime
) -> dict[str, float]:
    """What was bought, sold, charged and paid: as metered, else as remembered, else unknown."""
    if seen is not None and seen.covers(day, home, now):
        return {
            "import_kwh": _sum(seen.grid_import_kw) * seen.hours,
            "export_kwh": _sum(seen.grid_export_kw) * seen.hours,
            "charge_kwh": _sum(seen.charge_kw) * seen.hours,
            "discharge_kwh": _sum(seen.discharge_kw) * seen.hours,
            "cost": float(seen.cost.sum()),
        }
    if record is not None:
        return day_energies(record, home)
    return dict.fromkeys(("import_kwh", "export_kwh", "charge_kwh", "discharge_kwh", "cost"), np.nan)


def _battery_kw(slots: Sequence[MeteredSlot], home: Home, step: timedelta) -> Floats:
    """AC power into the battery (positive) from the change of charge since the slot before; 0 after a gap."""
    battery = home.battery
    soc = _column(slots, "soc")
    follows = np.array([False, *(b.start - a.start == step for a, b in pairwise(slots))])
    gained_kwh = np.where(follows, np.diff(soc, prepend=soc[:1]), 0.0) * battery.capacity_kwh
    at_ac = np.where(gained_kwh > 0, gained_kwh / battery.charge_efficiency, gained_kwh * battery.discharge_efficiency)
    return np.asarray(at_ac / hours(step), dtype=np.float64)


def _column(slots: Sequence[MeteredSlot], name: str) -> Floats:
    return np.array([np.nan if (value := getattr(slot, name)) is None else value for slot in slots])


def _known(values: Floats, otherwise: Floats) -> Floats:
    return np.where(np.isnan(values), otherwise, values)


def _sum(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.sum()) if len(known) else np.nan


def _mean(values: Floats | None) -> float:
    known = np.empty(0) if values is None else values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan
