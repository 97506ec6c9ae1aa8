import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from energy.errors import DataError
from energy.slots import day_bounds
from ingest.prices.reading import ReaderContext, holds_prices, read_prices

MADRID = ZoneInfo("Europe/Madrid")
DAY = date(2026, 1, 15)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
HOUR, QUARTER, HALF = timedelta(hours=1), timedelta(minutes=15), timedelta(minutes=30)


def asked(**changes: Any) -> ReaderContext:
    return ReaderContext(**({"zone": MADRID, "currency": "EUR", "day": DAY} | changes))


def local(day: date, step: timedelta) -> list[str]:
    start, end = day_bounds(day, MADRID)
    return [(start + at * step).astimezone(MADRID).isoformat() for at in range((end - start) // step)]


def nord_pool(day: date, step: timedelta) -> dict[str, Any]:
    """The widespread integration from HACS: raw lists beside plain ones."""
    times = [*local(day, step), (day_bounds(day, MADRID)[1]).astimezone(MADRID).isoformat()]
    raw = [{"start": a, "end": b, "value": 0.1 + at / 1000} for at, (a, b) in enumerate(zip(times, times[1:]))]  # noqa: B905, RUF007
    return {
        "unit": "kWh",
        "currency": "EUR",
        "price_in_cents": False,
        "today": [row["value"] for row in raw],
        "tomorrow": [],
        "tomorrow_valid": False,
        "raw_today": raw,
        "raw_tomorrow": [],
    }


SHAPES: dict[str, tuple[Any, ReaderContext, timedelta, float]] = {
    "Nord Pool, quarter-hours": (nord_pool(DAY, QUARTER), asked(), QUARTER, 0.1),
    "Nord Pool, day lists alone": ({"today": [0.1 + at / 100 for at in range(24)]}, asked(), HOUR, 0.1),
    "Nord Pool, in cents": (
        {"unit": "kWh", "currency": "EUR", "price_in_cents": True, "today": [10.0] * 24},
        asked(),
        HOUR,
        0.1,
    ),
    "Nord Pool, the action's answer per MWh": (
        {"ES": [{"start": time, "end": None, "price": 100.0} for time in local(DAY, HOUR)]},
        asked(unit="EUR/MWh"),
        HOUR,
        0.1,
    ),
    "ENTSO-e": (
        {"prices_today": [{"time": time.replace("T", " "), "price": 0.1} for time in local(DAY, HOUR)]},
        asked(),
        HOUR,
        0.1,
    ),
    "PVPC": (
        {"unit_of_measurement": "€/kWh", "tariff": "2.0TD", **{f"price_{hour:02d}h": 0.1 for hour in range(24)}},
        asked(),
        HOUR,
        0.1,
    ),
    "Tibber, the action's answer": (
        {"prices": {"Home": [{"start_time": time, "price": 0.1, "level": "CHEAP"} for time in local(DAY, QUARTER)]}},
        asked(),
        QUARTER,
        0.1,
    ),
    "Tibber, the API": (
        {
            "today": [
                {"total": 0.1, "energy": 0.07, "tax": 0.03, "startsAt": time, "currency": "EUR"}
                for time in local(DAY, HOUR)
            ],
            "tomorrow": [],
        },
        asked(),
        HOUR,
        0.1,
    ),
    "Octopus, rates of an event": (
        {"rates": [{"start": time, "value_inc_vat": 0.1, "is_capped": False} for time in local(DAY, HALF)]},
        asked(),
        HALF,
        0.1,
    ),
    "Octopus, the API in pence, newest first": (
        {"results": [{"value_inc_vat": 10.0, "valid_from": time} for time in reversed(local(DAY, HALF))]},
        asked(unit="p/kWh", currency="GBP"),
        HALF,
        0.1,
    ),
    "EPEX Spot": (
        {"unit_of_measurement": "€/kWh", "data": [{"start_time": t, "price_per_kwh": 0.1} for t in local(DAY, HOUR)]},
        asked(),
        HOUR,
        0.1,
    ),
    "EPEX Spot, older": (
        {"data": [{"start_time": t, "price_eur_per_mwh": 100.0, "price_ct_per_kwh": 10.0} for t in local(DAY, HOUR)]},
        asked(),
        HOUR,
        0.1,
    ),
    "EPEX Spot, a state per MWh with a list per kWh": (
        {
            "unit_of_measurement": "EUR/MWh",
            "data": [{"start_time": t, "price_eur_per_mwh": 100.0, "price_ct_per_kwh": 10.0} for t in local(DAY, HOUR)],
        },
        asked(),
        HOUR,
        0.1,
    ),
    "a name that says per kWh under a state per MWh": (
        {"unit_of_measurement": "EUR/MWh", "data": [{"start_time": t, "price_per_kwh": 0.1} for t in local(DAY, HOUR)]},
        asked(),
        HOUR,
        0.1,
    ),
    "Energi Data Service": (
        {
            "currency": "DKK",
            "unit": "kWh",
            "raw_today": [{"hour": time, "price": 0.1} for time in local(DAY, HOUR)],
            "raw_tomorrow": None,
            "forecast": [{"hour": "2026-01-18T00:00:00+01:00", "price": 9.0}],
        },
        asked(currency="DKK"),
        HOUR,
        0.1,
    ),
    "EnergyZero, the action's answer": (
        {"prices": [{"timestamp": time.replace("T", " "), "price": 0.1} for time in local(DAY, HOUR)]},
        asked(),
        HOUR,
        0.1,
    ),
    "Amber, half hours that begin a second late": (
        {
            "forecasts": [
                {"start_time": time.replace(":00+", ":01+"), "duration": 30, "per_kwh": 0.1, "spike_status": "none"}
                for time in local(DAY, HALF)
            ]
        },
        asked(currency="AUD"),
        HALF,
        0.1,
    ),
    "Amber, five minutes": (
        {"forecasts": [{"start_time": t, "per_kwh": 0.1} for t in local(DAY, timedelta(minutes=5))]},
        asked(currency="AUD"),
        timedelta(minutes=5),
        0.1,
    ),
    "time and price alone": (dict.fromkeys(local(DAY, HOUR), "0.1"), asked(), HOUR, 0.1),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_whole_day_per_kwh(shape: str) -> None:
    document, how, step, first = SHAPES[shape]
    points = read_prices(document, how)
    start, end = day_bounds(DAY, MADRID)
    assert (points[0].start, points[-1].end) == (start, end)
    assert {point.end - point.start for point in points} == {step}
    assert points[0].price == pytest.approx(first)


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25)])
@pytest.mark.parametrize("step", [HOUR, QUARTER])
def test_days_on_which_clocks_change_have_as_many_prices_as_hours(day: date, hours: int, step: timedelta) -> None:
    count = hours * (HOUR // step)
    for document in (nord_pool(day, step), {"today": [float(at) / 1000 for at in range(count)]}):
        points = read_prices(document, asked(day=day))
        assert len(points) == count
        assert (points[0].start, points[-1].end) == day_bounds(day, MADRID)


def test_by_the_hour_the_skipped_hour_has_no_price_and_the_doubled_one_has_two() -> None:
    spring = {f"price_next_day_{hour:02d}h": hour / 100 for hour in range(24)}
    points = read_prices(spring, asked(day=SPRING - timedelta(days=1)))
    assert len(points) == 23
    autumn = {f"price_{hour:02d}h": hour / 100 for hour in range(24)} | {"price_02h_d": 0.99}
    points = read_prices(autumn, asked(day=AUTUMN))
    assert len(points) == 25
    assert [point.price for point in points[2:4]] == [0.02, 0.99]
    assert points[3].start == datetime(2026, 10, 25, 1, tzinfo=UTC)


def test_times_without_a_zone_are_the_homes_and_the_second_of_two_equal_ones_is_later() -> None:
    hours = ["00:00", "01:00", "02:00", "02:00", "03:00"]
    document = [{"start": f"2026-10-25T{hour}", "price": at / 100} for at, hour in enumerate(hours)]
    points = read_prices(document, asked())
    assert [point.start.hour for point in points] == [22, 23, 0, 1, 2]
    assert [point.price for point in points] == [0.0, 0.01, 0.02, 0.03, 0.04]


def test_hours_and_quarters_may_follow_each_other_in_one_list() -> None:
    times = [*local(DAY, HOUR)[:2], *local(DAY, QUARTER)[8:]]
    points = read_prices([{"start": time, "price": 0.1} for time in times], asked())
    assert [point.end - point.start for point in points[:3]] == [HOUR, HOUR, QUARTER]


def test_a_price_that_is_not_there_yet_is_a_gap() -> None:
    document = {
        "raw_tomorrow": [{"start": time, "value": 0.1 if at < 20 else None} for at, time in enumerate(local(DAY, HOUR))]
    }
    assert len(read_prices(document, asked())) == 20


@pytest.mark.parametrize(
    ("document", "how", "message"),
    [
        ({"ES": [{"start": t, "price": 85.3} for t in local(DAY, HOUR)]}, asked(), "more than any household pays"),
        ({"SE3": [{"start": t, "price": 250.0} for t in local(DAY, HOUR)]}, asked(currency="SEK"), "per MWh"),
        ([{"start": t, "price": 9.3} for t in local(DAY, HOUR)], asked(), "cents?"),
        ([{"start": t, "price": 1.3} for t in local(DAY, HOUR)], asked(unit="NOK/kWh"), "'NOK'"),
        ([{"start": t, "price": "nan"} for t in local(DAY, HOUR)], asked(), "is not a price"),
        ([{"start": local(DAY, HOUR)[0], "price": price} for price in (0.1, 0.2)], asked(), "two prices for"),
        ({"today": [0.1] * 7}, asked(), "7 prices for 2026-01-15"),
        ({"today": [0.1] * 24}, asked(unit="EUR"), "is not an energy price"),
    ],
)
def test_what_cannot_be_says_what_and_why(document: Any, how: ReaderContext, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        read_prices(document, how)


def test_lists_without_a_date_are_not_read_where_nobody_knows_the_day() -> None:
    assert read_prices({"today": [0.1] * 24}, asked(day=None)) == []


@pytest.mark.parametrize("document", [{}, "0.2", 0.2, [], {"today": []}, {"friendly_name": "Price", "state": "0.2"}])
def test_a_single_price_is_no_list_of_prices(document: Any) -> None:
    assert not holds_prices(document, asked())


def test_yen_and_crowns_are_read_as_they_are() -> None:
    rows = [{"start": time, "price": 31.0} for time in local(DAY, HOUR)]
    assert read_prices(rows, asked(currency="JPY", unit="¥/kWh"))[0].price == 31.0
    assert read_prices(rows, asked(currency="NOK", unit="øre/kWh"))[0].price == pytest.approx(0.31)
