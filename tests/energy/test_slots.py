from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from energy.slots import clock_index, day_bounds, day_slots, floor_slot, local_day, slots_between

MADRID = ZoneInfo("Europe/Madrid")
HALF_HOUR = timedelta(minutes=30)


@pytest.mark.parametrize(
    ("day", "slots"),
    [(date(2026, 3, 28), 48), (date(2026, 3, 29), 46), (date(2026, 10, 25), 50)],
)
def test_local_days_have_23_24_or_25_hours(day: date, slots: int) -> None:
    starts = day_slots(day, MADRID, HALF_HOUR)
    assert len(starts) == slots
    assert {local_day(start, MADRID) for start in starts} == {day}
    assert starts[-1] + HALF_HOUR == day_bounds(day, MADRID)[1]


def test_clock_index_skips_the_lost_hour_and_repeats_the_doubled_one() -> None:
    lost = [clock_index(start, MADRID, HALF_HOUR) for start in day_slots(date(2026, 3, 29), MADRID, HALF_HOUR)]
    doubled = [clock_index(start, MADRID, HALF_HOUR) for start in day_slots(date(2026, 10, 25), MADRID, HALF_HOUR)]
    assert lost == [0, 1, 2, 3, *range(6, 48)]
    assert doubled == [0, 1, 2, 3, 4, 5, 4, 5, *range(6, 48)]


def test_slots_are_half_open() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert slots_between(start, start + timedelta(minutes=61), HALF_HOUR) == [
        start,
        start + HALF_HOUR,
        start + 2 * HALF_HOUR,
    ]
    assert floor_slot(start + timedelta(minutes=29, seconds=59), HALF_HOUR) == start
    assert floor_slot(start + HALF_HOUR, HALF_HOUR) == start + HALF_HOUR
