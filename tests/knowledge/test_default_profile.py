from datetime import date, datetime, timedelta

import numpy as np
import pytest

from energy.home import Home
from knowledge.default_profile import PRIOR_DAYS, default_days
from knowledge.forecast import DayShape, futures, horizon
from knowledge.zone_place import place_of_zone

HALF_HOUR = timedelta(minutes=30)


def test_a_day_of_which_nothing_was_metered_says_nothing_of_how_much_is_used(home: Home) -> None:
    nothing = np.full(48, np.nan)
    step, empty = timedelta(minutes=30), {date(2026, 1, 1): DayShape(date(2026, 1, 1), nothing, nothing)}
    made, ordinary = default_days(home, step, empty), default_days(home, step, {})
    assert all(np.array_equal(made[day].load_kw, ordinary[day].load_kw) for day in ordinary)


def test_a_home_without_history_is_taken_for_an_ordinary_one(home: Home) -> None:
    days = default_days(home, HALF_HOUR, {})
    used_kwh = [shape.load_kw.sum() / 2 for shape in days.values()]
    assert tuple(days) == PRIOR_DAYS
    assert min(used_kwh) == pytest.approx(5)
    assert max(used_kwh) == pytest.approx(20)
    sun_kw = np.array([shape.pv_kw for shape in days.values()])
    assert (sun_kw[:, :12] == 0).all()
    assert 0.25 < sun_kw.max(axis=1).min() < sun_kw.max() == pytest.approx(0.75 * home.pv_peak_kw, rel=0.01)


# zone, whether its summer is in July
PLACES = [("Europe/Madrid", True), ("Europe/Berlin", True), ("Australia/Sydney", False)]


@pytest.mark.parametrize(("zone", "northern"), PLACES)
def test_place_and_season_say_when_the_sun_is_up_and_how_much_is_used(home: Home, zone: str, northern: bool) -> None:
    here = home.model_copy(update={"zone": zone})
    months = (date(2026, 7, 1), date(2026, 1, 1))
    summer, winter = (default_days(here, HALF_HOUR, {}, month) for month in (months if northern else reversed(months)))

    def lit(days: dict[date, DayShape]) -> int:
        return int((np.max([shape.pv_kw for shape in days.values()], axis=0) > 0).sum())

    def total(days: dict[date, DayShape], name: str) -> float:
        return float(sum(getattr(shape, name).sum() for shape in days.values()))

    assert lit(winter) < 24 < lit(summer)
    assert total(winter, "pv_kw") < total(summer, "pv_kw")
    assert total(winter, "load_kw") > total(summer, "load_kw")
    assert max(shape.pv_kw.max() for shape in summer.values()) <= home.pv_peak_kw


def test_days_that_were_seen_say_how_much_is_used_whatever_the_season(home: Home) -> None:
    seen = {date(2026, 1, 1): DayShape(date(2026, 1, 1), np.full(48, 1.5), np.zeros(48))}
    used_kwh = [shape.load_kw.sum() / 2 for shape in default_days(home, HALF_HOUR, seen, date(2026, 7, 1)).values()]
    assert np.exp(np.mean(np.log(used_kwh))) == pytest.approx(36)


def test_a_zone_without_a_place_gets_an_equinox(home: Home) -> None:
    nowhere = home.model_copy(update={"zone": "Etc/GMT+8"})
    dated, undated = (default_days(nowhere, HALF_HOUR, {}, day) for day in (date(2026, 1, 1), None))
    assert all(np.array_equal(dated[day].pv_kw, undated[day].pv_kw) for day in undated)


@pytest.mark.parametrize(
    ("zone", "latitude", "longitude"),
    [("Europe/Madrid", 40.4, -3.68), ("America/Los_Angeles", 34.05, -118.24), ("Pacific/Auckland", -36.87, 174.77)],
)
def test_a_zone_lies_where_its_principal_place_is(zone: str, latitude: float, longitude: float) -> None:
    found = place_of_zone(zone)
    assert found is not None
    assert (found.latitude, found.longitude) == pytest.approx((latitude, longitude), abs=0.01)


def test_a_day_that_was_seen_sets_the_scale(home: Home) -> None:
    seen = {date(2026, 1, 1): DayShape(date(2026, 1, 1), np.full(48, 1.5), np.zeros(48))}
    used_kwh = [shape.load_kw.sum() / 2 for shape in default_days(home, HALF_HOUR, seen).values()]
    assert np.exp(np.mean(np.log(used_kwh))) == pytest.approx(36)
    assert max(used_kwh) / min(used_kwh) == pytest.approx(1.4**2)


def test_prior_days_serve_as_neighbours(home: Home) -> None:
    days = default_days(home, HALF_HOUR, {})
    ahead = horizon([datetime(2026, 1, 10, 18, tzinfo=home.tz)], home.tz, HALF_HOUR)
    made = futures(ahead, PRIOR_DAYS, days, pv_forecast_kw=None, pv_peak_kw=home.pv_peak_kw)
    assert made.load_kw.shape == (12, 1)
    assert made.load_kw.std() > 0
