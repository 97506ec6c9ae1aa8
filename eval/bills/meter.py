"""What a home's meter read in a period: as measured where it was, else as stored load and sun would have made it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from agent.decision.journal import open_journal
from energy.errors import DataError
from energy.pricing.calendar import BillingPeriod
from energy.pricing.metering import MeterReadings
from energy.pricing.tariff import FlatTariff
from energy.slots import day_bounds, hours, local_day
from eval.collect.billed_planner import by_the_bill
from eval.collect.closed_loop import Planner
from eval.collect.homes import with_battery
from eval.collect.playing import play, self_consumption, stretch
from ingest.history.table import History
from ingest.live.metered import meter_readings
from knowledge.days import ENOUGH, DayRecord, Floats, is_complete


@dataclass(frozen=True, slots=True)
class ReadMeter:
    """Readings of a period, and of how many of its days they are computed."""

    readings: MeterReadings
    computed_days: int


def meter_of(history: History, period: BillingPeriod, journal: Path) -> ReadMeter:
    """What the service measured, else the stored import and export; days without either are computed.

    Raises:
        DataError: no day of the period is metered or complete.
    """
    days = [day for day in history.days if period.first <= day.day <= period.last]
    stored = [day for day in days if _metered_share(day) >= ENOUGH]
    measured = _measured(history, period, journal)
    if measured and len({local_day(start, history.home.tz) for start in measured.starts}) >= len(stored):
        return ReadMeter(measured, 0)
    others = [day for day in days if _metered_share(day) < ENOUGH and is_complete(day)]
    parts = [_stored_readings(day) for day in stored]
    if others or not stored:
        parts.append(_played(history, others, period, "self-consumption"))
    return ReadMeter(_in_order(parts, history.step), len(others))


def readings_of(history: History, period: BillingPeriod, way: str) -> MeterReadings:
    """What the meter would have read with the battery run in some way.

    Raises:
        DataError: no day of the period is complete.
    """
    days = [day for day in history.days if period.first <= day.day <= period.last and is_complete(day)]
    return _played(history, days, period, way)


def _played(history: History, days: Sequence[DayRecord], period: BillingPeriod, way: str) -> MeterReadings:
    if not days:
        raise DataError(f"no complete day from {period.first} to {period.last}: ingest the home's history first")
    sized = history if way != "no battery" else with_battery(history, 0.0)
    # Who does not plan needs no price, and hours without one are for the bill to tell.
    home = sized.home if way == "advisor" else sized.home.model_copy(update={"tariff": FlatTariff(import_price=0.0)})
    played = stretch(home, tuple(days))
    decide = by_the_bill(sized, played, Planner(sized)) if way == "advisor" else self_consumption
    flows = play(home, played, decide).flows
    imported, exported = (np.asarray(kw) * played.hours for kw in (flows.grid_import_kw, flows.grid_export_kw))
    return MeterReadings(played.starts, imported, exported, history.step)


def _measured(history: History, period: BillingPeriod, journal: Path) -> MeterReadings | None:
    """What the service measured at the meter; None unless it did for some of the period."""
    if not journal.is_file():
        return None
    start, end = day_bounds(period.first, history.home.tz)[0], day_bounds(period.last, history.home.tz)[1]
    with open_journal(journal, read_only=True) as opened:
        slots = [slot for slot in opened.measured(history.home.name, start, end) if slot.grid_import_kw is not None]
    if not slots:
        return None
    gaps = [later.start - earlier.start for earlier, later in pairwise(slots)]
    step = min(gaps, default=history.step)
    return meter_readings(slots, history.home, step)


def _metered_share(day: DayRecord) -> float:
    """Share of a day's slots of which both import and export are known."""
    if day.grid_import_kw is None or day.grid_export_kw is None:
        return 0.0
    return float(np.mean(~np.isnan(day.grid_import_kw) & ~np.isnan(day.grid_export_kw)))


def _stored_readings(day: DayRecord) -> MeterReadings:
    starts = [day.start + at * day.step for at in range(len(day.load_kw))]
    imported, exported = (_kwh(kw, day.step) for kw in (day.grid_import_kw, day.grid_export_kw))
    return MeterReadings(starts, imported, exported, day.step)


def _kwh(power_kw: Floats | None, step: timedelta) -> Floats:
    return np.asarray(power_kw, dtype=np.float64) * hours(step)


def _in_order(parts: Sequence[MeterReadings], step: timedelta) -> MeterReadings:
    starts = [start for part in parts for start in part.starts]
    order = np.argsort(np.array([start.timestamp() for start in starts]), kind="stable")
    imported = np.concatenate([part.import_kwh for part in parts])
    exported = np.concatenate([part.export_kwh for part in parts])
    return MeterReadings([starts[at] for at in order], imported[order], exported[order], step)
