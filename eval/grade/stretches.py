"""Parts of a record: its calendar months and its whole local days, each a record of its own."""

from collections.abc import Callable, Hashable
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from energy.slots import day_bounds, hours
from eval.grade.records import Record, Series

Key = TypeVar("Key", bound=Hashable)

# A shorter part of a month says nothing of the month.
_LEAST_HOURS_OF_MONTH = 7 * 24


def by_month(record: Record) -> dict[str, Record]:
    """Calendar months (2017-01) of a finished record that it holds at least a week of."""
    parts = _parts(record, lambda local: f"{local:%Y-%m}")
    return {month: part for month, part in parts.items() if _hours(part) >= _LEAST_HOURS_OF_MONTH}


def by_day(record: Record) -> dict[date, Record]:
    """Whole local days of a finished record."""
    zone = ZoneInfo(record.outcome.zone)
    parts = _parts(record, lambda local: local.date())
    return {day: part for day, part in parts.items() if _hours(part) == _length_h(day, zone)}


def _hours(record: Record) -> float:
    return 0.0 if record.series is None else len(record.series.start_s) * record.outcome.cell.step_minutes / 60


def _length_h(day: date, zone: ZoneInfo) -> float:
    first, following = day_bounds(day, zone)
    return hours(following - first)


def _parts(record: Record, key: Callable[[datetime], Key]) -> dict[Key, Record]:
    """Runs of slots whose local start has the same key."""
    if record.series is None:
        return {}
    zone = ZoneInfo(record.outcome.zone)
    keys = [key(datetime.fromtimestamp(start, tz=zone)) for start in record.series.start_s.tolist()]
    firsts: dict[Key, int] = {}
    for at, value in enumerate(keys):
        firsts.setdefault(value, at)
    ends = [*list(firsts.values())[1:], len(keys)]
    return {
        value: _cut(record, record.series, first, end) for (value, first), end in zip(firsts.items(), ends, strict=True)
    }


def _cut(record: Record, series: Series, first: int, end: int) -> Record:
    """Slots [first, end), starting with what was stored then."""
    start_kwh = float(series.stored_kwh[first - 1]) if first else record.outcome.start_kwh
    cut = {name: getattr(series, name)[first:end] for name in Series.__dataclass_fields__}
    return Record(record.outcome.model_copy(update={"start_kwh": start_kwh, "bill": None}), Series(**cut))
