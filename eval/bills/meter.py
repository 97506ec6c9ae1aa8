"""What a home's meter read in a period: as read where it was, else as stored load and sun would have made it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agent.decision.journal import open_journal
from energy.errors import DataError
from energy.pricing.calendar import BillingPeriod
from energy.pricing.metering import MeterReadings
from energy.pricing.tariff import FlatTariff
from energy.slots import day_bounds
from eval.collect.billed_planner import by_the_bill
from eval.collect.closed_loop import Planner
from eval.collect.homes import with_battery
from eval.collect.playing import play, self_consumption, stretch
from ingest.history.table import History
from ingest.live.meter import MeteredSlot
from ingest.live.meter_days import joined, meter_days
from knowledge.days import ENOUGH, DayRecord, is_complete


@dataclass(frozen=True, slots=True)
class ReadMeter:
    """Readings of a period, and of how many of its days the service measured them, a file has them, and none."""

    readings: MeterReadings
    service_days: int
    file_days: int
    computed_days: int


def meter_of(history: History, period: BillingPeriod, journal: Path) -> ReadMeter:
    """What the service measured or a file has, whichever knows more of a day; days without either are computed.

    Raises:
        DataError: no day of the period is metered or complete.
    """
    days = [day for day in history.days if period.first <= day.day <= period.last]
    read = meter_days(history.home, days, _slots(history, period, journal))
    others = [day for day in days if is_complete(day) and (day.day not in read or read[day.day].share < ENOUGH)]
    for day in others:
        read.pop(day.day, None)
    parts = [day.readings for day in read.values()]
    if others or not parts:
        parts.append(_played(history, others, period, "self-consumption"))
    of_file = sum(day.of_file for day in read.values())
    return ReadMeter(joined(parts), len(read) - of_file, of_file, len(others))


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


def _slots(history: History, period: BillingPeriod, journal: Path) -> list[MeteredSlot]:
    """What the service measured in the period."""
    if not journal.is_file():
        return []
    start, end = day_bounds(period.first, history.home.tz)[0], day_bounds(period.last, history.home.tz)[1]
    with open_journal(journal, read_only=True) as opened:
        return opened.measured(history.home.name, start, end)
