"""Half-open time slots in UTC, and the local days they belong to."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


def floor_slot(moment: datetime, step: timedelta) -> datetime:
    """Start of the slot of length `step` that holds `moment`, counted from the Unix epoch."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(step.total_seconds()), tz=UTC)


def slots_between(start: datetime, end: datetime, step: timedelta) -> list[datetime]:
    """Starts of all slots in [start, end)."""
    return [start + index * step for index in range(-((start - end) // step))]


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """First instant of a local day and of the next one, in UTC: 23, 24 or 25 hours apart."""
    first = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    following = datetime.combine(day + DAY, time(), tzinfo=zone).astimezone(UTC)
    return first, following


def day_slots(day: date, zone: ZoneInfo, step: timedelta) -> list[datetime]:
    """Starts of the slots of one local day."""
    return slots_between(*day_bounds(day, zone), step)


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The local date at a moment."""
    return moment.astimezone(zone).date()


def clock_index(moment: datetime, zone: ZoneInfo, step: timedelta) -> int:
    """Which slot of a 24-hour wall clock a moment falls in: 0 at local midnight.

    On the day clocks go back two slots share an index; on the day they go forward some are unused.
    """
    local = moment.astimezone(zone)
    seconds = local.hour * 3600 + local.minute * 60 + local.second
    return seconds // int(step.total_seconds())


def hours(step: timedelta) -> float:
    """Length of a slot in hours."""
    return step / timedelta(hours=1)
