from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from energy.home import Home
from knowledge.days import DayRecord, Floats
from knowledge.quality import flaw, flaws, is_example

DayMaker = Callable[..., list[DayRecord]]


def stuck(load_kw: Floats) -> Floats:
    return np.concatenate([load_kw[:10], np.full(24, load_kw[10]), load_kw[34:]])


def dead(load_kw: Floats) -> Floats:
    return np.zeros_like(load_kw)


def gappy(load_kw: Floats) -> Floats:
    return np.concatenate([np.full(8, np.nan), load_kw[8:]])


@pytest.mark.parametrize(("broken", "why"), [(stuck, "a flat line"), (dead, "a flat line"), (gappy, "gaps")])
def test_a_broken_meter_is_no_example(
    home: Home, make_days: DayMaker, broken: Callable[[Floats], Floats], why: str
) -> None:
    [record] = make_days(1)
    assert is_example(record, home)
    assert flaw(replace(record, load_kw=broken(record.load_kw)), home) == why


def test_half_a_day_without_any_load_is_life(home: Home, make_days: DayMaker) -> None:
    [record] = make_days(1)
    quiet = np.concatenate([np.zeros(26), record.load_kw[26:]])
    assert flaw(replace(record, load_kw=quiet), home) is None


def test_sun_in_the_dead_of_night_shows_a_clock_that_jumped(home: Home, make_days: DayMaker) -> None:
    [record] = make_days(1)
    assert flaw(replace(record, pv_kw=np.roll(record.pv_kw, -24)), home) == "sun at night"


def test_days_before_a_move_tell_of_another_life(home: Home, make_days: DayMaker) -> None:
    records = make_days(10)
    moved = home.model_copy(update={"known_since": date(2026, 1, 4)})
    assert flaws(records, moved) == {"before the move": 3}


def test_a_day_the_clocks_go_forward_is_as_good_as_any(home: Home, make_days: DayMaker) -> None:
    [record] = make_days(1, first=date(2026, 3, 29))
    assert len(record.load_kw) == 46
    assert flaw(record, home) is None
