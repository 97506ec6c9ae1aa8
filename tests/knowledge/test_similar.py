from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from energy.home import Home
from knowledge.days import DayRecord
from knowledge.fingerprint import Expected
from knowledge.similar import FingerprintTable

DayMaker = Callable[..., list[DayRecord]]


def test_only_earlier_days_with_data_are_similar(home: Home, make_days: DayMaker) -> None:
    records = make_days(40)
    records[20] = replace(records[20], load_kw=np.full_like(records[20].load_kw, np.nan))
    table = FingerprintTable(home, records)
    asked = records[30].day
    found = table.rank(asked, 100)
    assert len(found) == 29
    assert all(near.day < asked and near.day != records[20].day for near in found)
    assert [near.distance for near in found] == sorted(near.distance for near in found)
    assert table.rank(records[0].day, 8) == []


def test_neighbours_are_mostly_of_the_same_kind_of_day(home: Home, make_days: DayMaker) -> None:
    records = make_days(60)
    asked = records[-1].day + timedelta(days=1)
    nearest = FingerprintTable(home, records).rank(asked, 8, expected=Expected(pv_kwh=8.0))
    assert sum((near.day.weekday() >= 5) == (asked.weekday() >= 5) for near in nearest) >= 6
    assert "least in" in nearest[0].why


@given(at=st.integers(9, 39), factor=st.floats(0.1, 10))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_on_or_after_the_day_changes_what_is_similar(
    at: int, factor: float, home: Home, make_days: DayMaker
) -> None:
    records = make_days(40)
    later = [
        replace(record, load_kw=record.load_kw * factor, pv_kw=record.pv_kw * 0, temperature_c=None)
        for record in records[at:]
    ]
    asked = records[at].day
    before = FingerprintTable(home, records).rank(asked, 8, expected=Expected(pv_kwh=5.0))
    assert before == FingerprintTable(home, [*records[:at], *later]).rank(asked, 8, expected=Expected(pv_kwh=5.0))
    assert before == FingerprintTable(home, records[:at]).rank(asked, 8, expected=Expected(pv_kwh=5.0))


@pytest.mark.parametrize("missing", [1, 3, 10])
def test_days_missing_before_the_asked_one_are_no_obstacle(home: Home, make_days: DayMaker, missing: int) -> None:
    table = FingerprintTable(home, make_days(30))
    assert len(table.rank(date(2026, 1, 30) + timedelta(days=missing), 8)) == 8


def test_the_hours_so_far_find_the_days_that_went_like_today(home: Home, make_days: DayMaker) -> None:
    records = make_days(40)
    busy = {records[at].day for at in (12, 19, 23, 30)}
    records = [replace(day, load_kw=day.load_kw + 3.0) if day.day in busy else day for day in records]
    table = FingerprintTable(home, records[:-1])
    so_far_kw = np.full(24, np.nan)
    so_far_kw[:10] = 3.6
    found = {near.day for near in table.rank(records[-1].day, 4, so_far_kw=so_far_kw)}
    assert len(found & busy) == 4
    assert len({near.day for near in table.rank(records[-1].day, 4)} & busy) < 4


def test_days_of_which_the_same_was_said_are_near(home: Home, make_days: DayMaker) -> None:
    records = make_days(40)
    answer = {records[at].day: ("guests",) for at in (3, 11, 25)}
    records = [replace(day, notes=answer.get(day.day, ())) for day in records]
    table = FingerprintTable(home, records)
    asked = records[-1].day + timedelta(days=1)
    guests = table.rank(asked, 3, expected=Expected(notes=("Guests ",)))
    assert {near.day for near in guests} == set(answer)
    assert '"guests" was said of it' in guests[0].why
    assert not {near.day for near in table.rank(asked, 30)} & set(answer)


def test_where_no_day_is_like_today_late_days_of_the_same_kind_stand_in(home: Home, make_days: DayMaker) -> None:
    records = make_days(40)
    asked = records[-1].day + timedelta(days=1)
    found = FingerprintTable(home, records).rank(asked, 6, expected=Expected(notes=("a wedding in the garden",)))
    assert [near.source for near in found] == ["recent"] * 6
    assert all((near.day.weekday() >= 5) == (asked.weekday() >= 5) for near in found)
    assert "no day like this one is known" in found[0].why
    assert found[0].day > found[-1].day


def test_a_day_that_is_there_twice_counts_once(home: Home, make_days: DayMaker) -> None:
    records = make_days(30)
    records[20] = replace(records[20], load_kw=records[21].load_kw)
    found = {near.day for near in FingerprintTable(home, records).rank(date(2026, 1, 31), 29)}
    assert len(found & {records[20].day, records[21].day}) == 1
