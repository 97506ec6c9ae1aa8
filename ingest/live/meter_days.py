"""The meter day by day: of what the service measured and what files brought in, the one that knows more of the day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import gcd

import numpy as np

from energy.home import Home
from energy.pricing.metering import MeterReadings
from energy.slots import day_bounds, hours, local_day
from ingest.live.meter import MeteredSlot
from ingest.live.metered import meter_readings, step_of
from knowledge.days import DayRecord, Floats

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, eq=False)
class MeterDay:
    """Readings of a local day, the share of it that they cover, and whether they come from a file."""

    readings: MeterReadings
    share: float
    of_file: bool


def meter_days(home: Home, records: Iterable[DayRecord], slots: Sequence[MeteredSlot]) -> dict[date, MeterDay]:
    """The readings that cover most of each day; where both cover as much, those of the file, which a meter wrote."""
    found = _measured(home, slots)
    for record in records:
        stored = _stored(record)
        if stored.share > 0 and (record.day not in found or stored.share >= found[record.day].share):
            found[record.day] = stored
    return found


def joined(parts: Sequence[MeterReadings]) -> MeterReadings:
    """Readings of several stretches in order, in slots that fit all of them; each energy is laid evenly over them."""
    step = gcd(*(part.step // _MINUTE for part in parts)) * _MINUTE
    fine = [_in_slots_of(step, part) for part in parts]
    starts = [start for part in fine for start in part.starts]
    order = np.argsort(np.array([start.timestamp() for start in starts]), kind="stable")
    imported = np.concatenate([part.import_kwh for part in fine])
    exported = np.concatenate([part.export_kwh for part in fine])
    return MeterReadings([starts[at] for at in order], imported[order], exported[order], step)


def _in_slots_of(step: timedelta, part: MeterReadings) -> MeterReadings:
    pieces = part.step // step
    starts = [start + piece * step for start in part.starts for piece in range(pieces)]
    imported, exported = (np.repeat(kwh / pieces, pieces) for kwh in (part.import_kwh, part.export_kwh))
    return MeterReadings(starts, imported, exported, step)


def _measured(home: Home, slots: Sequence[MeteredSlot]) -> dict[date, MeterDay]:
    if not slots:
        return {}
    step = step_of(slots)
    readings = meter_readings(slots, home, step)
    days = np.array([local_day(slot.start, home.tz) for slot in slots])
    found = {}
    for day in dict.fromkeys(days.tolist()):
        start, end = day_bounds(day, home.tz)
        part = readings.part(days == day)
        found[day] = MeterDay(part, len(part.starts) * step / (end - start), of_file=False)
    return found


def _stored(record: DayRecord) -> MeterDay:
    count = len(record.load_kw)
    starts = [record.start + at * record.step for at in range(count)]
    imported, exported = (_kwh(kw, record) for kw in (record.grid_import_kw, record.grid_export_kw))
    share = float(np.mean(~np.isnan(imported) & ~np.isnan(exported))) if count else 0.0
    return MeterDay(MeterReadings(starts, imported, exported, record.step), share, of_file=True)


def _kwh(power_kw: Floats | None, record: DayRecord) -> Floats:
    if power_kw is None:
        return np.full(len(record.load_kw), np.nan)
    return np.asarray(power_kw, dtype=np.float64) * hours(record.step)
