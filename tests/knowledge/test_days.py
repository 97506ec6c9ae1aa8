from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from energy.home import Home
from knowledge.days import DayRecord, energy_kwh, is_complete, profile

HALF_HOUR = timedelta(minutes=30)


def test_the_lost_hour_of_spring_repeats_the_slot_before_it(
    home: Home, make_days: Callable[..., list[DayRecord]]
) -> None:
    [record] = make_days(1, first=date(2026, 3, 29))
    shaped = profile(record, np.arange(46) / 2, zone=home.tz, step=HALF_HOUR)
    assert shaped[:8].tolist() == [0.0, 0.5, 1.0, 1.5, 1.5, 1.5, 2.0, 2.5]
    assert shaped[-1] == 22.5


def test_the_doubled_hour_of_autumn_is_averaged(home: Home, make_days: Callable[..., list[DayRecord]]) -> None:
    [record] = make_days(1, first=date(2026, 10, 25))
    shaped = profile(record, np.arange(50) / 2, zone=home.tz, step=HALF_HOUR)
    # Half-hours 4 and 5 happen twice: (2.0 + 3.0) / 2 and (2.5 + 3.5) / 2.
    assert shaped[3:7].tolist() == [1.5, 2.5, 3.0, 4.0]


@pytest.mark.parametrize(
    ("minutes", "head", "expected"),
    [(60, [1.0, 3.0], [1.0, 1.0, 3.0, 3.0]), (15, [1.0, 2.0, 3.0, 4.0], [1.5, 3.5]), (20, [3.0, 6.0, 9.0], [4.0, 8.0])],
)
def test_coarse_slots_are_repeated_and_fine_ones_averaged(
    home: Home, make_days: Callable[..., list[DayRecord]], minutes: int, head: list[float], expected: list[float]
) -> None:
    [record] = make_days(1, minutes=minutes)
    values = np.zeros(len(record.load_kw))
    values[: len(head)] = head
    shaped = profile(record, values, zone=home.tz, step=HALF_HOUR)
    assert shaped[: len(expected)].tolist() == pytest.approx(expected)


def test_a_short_gap_is_bridged_in_energy_and_a_long_one_disqualifies(
    home: Home, make_days: Callable[..., list[DayRecord]]
) -> None:
    [record] = make_days(1)
    holed = np.ones_like(record.load_kw)
    holed[7:9] = np.nan
    assert energy_kwh(holed, record.step) == pytest.approx(24.0)
    assert np.isnan(profile(record, holed, zone=home.tz, step=HALF_HOUR)[7])
    assert is_complete(replace(record, load_kw=holed))
    holed[:12] = np.nan
    assert not is_complete(replace(record, load_kw=holed))
