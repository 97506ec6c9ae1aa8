"""Half-open time slots in UTC, and the local days they belong to."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime

DAY = timedelta(days=1)
# A home's data and plans lie in these years; near the first and the last year there is, time zones overflow.
FIRST_YEAR, LAST_YEAR = 1970, 2199


def believable_year(moment: datetime) -> datetime:
    """The moment itself, if a home can mean it.

    Raises:
        ValueError: its year is none that a clock of a home shows.
    """
    if FIRST_YEAR <= moment.year <= LAST_YEAR:
        return moment
    raise ValueError(f"year {moment.year} is not between {FIRST_YEAR} and {LAST_YEAR}: check the clock")


# A time as it enters from outside: with its zone, and of a year in which it can be computed with.
Instant = Annotated[AwareDatetime, AfterValidator(believable_year)]


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
