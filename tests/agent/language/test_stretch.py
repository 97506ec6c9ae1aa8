from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from agent.queries import Span, battery_then, losses, metered_in, most_expensive_hour, nights, usually_empty

DAY = timedelta(days=1)
STEP = timedelta(minutes=30)


def local(known: Any, back: int, hour: int) -> datetime:
    return datetime.combine(known.today - back * DAY, time(hour), tzinfo=known.home.tz).astimezone(UTC)


@pytest.mark.parametrize(
    ("quantity", "series", "fact"),
    [
        ("load", "load_kw", "load_kwh"),
        ("pv", "pv_kw", "pv_kwh"),
        ("import", "grid_import_kw", "import_kwh"),
        ("export", "grid_export_kw", "export_kwh"),
        ("charge", "charge_kw", "charge_kwh"),
        ("discharge", "discharge_kw", "discharge_kwh"),
    ],
)
def test_an_evening_is_the_sum_of_its_slots(known: Any, quantity: Any, series: str, fact: str) -> None:
    start, end = local(known, 1, 12), local(known, 1, 20)
    slots = [one for at, one in known.metered.items() if start <= at < end]
    found = metered_in(known.sources, quantity, start, end)
    assert found.facts[fact] == pytest.approx(sum(getattr(one, series) for one in slots) / 2)
    assert found.facts["metered_hours"] == 8
    whole = metered_in(known.sources, None, start, end)
    assert whole.facts[fact] == pytest.approx(found.facts[fact])


def test_what_has_no_flow_is_left_to_the_day_and_what_was_not_metered_is_said(known: Any) -> None:
    start, end = local(known, 1, 12), local(known, 1, 20)
    assert metered_in(known.sources, "temperature", start, end) is None
    found = metered_in(known.sources, "load", start - 60 * DAY, end - 60 * DAY)
    assert (found.known, found.text) == (False, "unknown.not_metered_then")


def test_a_night_goes_from_ten_to_seven(known: Any) -> None:
    span = Span(known.today - 5 * DAY, known.today - DAY)
    load_kw = np.mean([known.records[span.first + n * DAY].load_kw for n in range(5)], axis=0)
    hour = np.arange(48) / 2
    found = nights(known.sources, span)
    assert found.facts["night_kwh"] == pytest.approx(load_kw[(hour >= 22) | (hour < 7)].sum() / 2)
    assert found.facts["day_kwh"] == pytest.approx(load_kw[(hour < 22) & (hour >= 7)].sum() / 2)
    assert not nights(known.sources, Span(known.today + DAY, known.today + 2 * DAY)).known


def test_a_battery_runs_empty_once_from_noon_to_noon(known: Any) -> None:
    span = Span(known.today - 3 * DAY, known.today)
    found = usually_empty(known.sources, span, now=known.now)
    low = known.home.battery.min_soc + 0.01
    socs = [(at, one.soc) for at, one in known.metered.items()]
    times = [at + STEP for (_, before), (at, soc) in pairwise(socs) if soc <= low < before]
    noons = {(at - STEP).astimezone(known.home.tz) - DAY / 2 for at in times}
    assert found.facts["empty_days"] == len({at.date() for at in noons}) > 0
    assert found.facts["middle_clock"] in {f"{at.astimezone(known.home.tz):%H:%M}" for at in times}
    assert not usually_empty(known.sources, Span(known.today - 40 * DAY, known.today - 39 * DAY), now=known.now).known


def test_an_empty_battery_is_told_with_what_it_gave_since_it_was_full(known: Any) -> None:
    end = known.now
    found = battery_then(known.sources, end - timedelta(hours=1), end, full=False)
    seen = [(at, one) for at, one in known.metered.items() if end - DAY - timedelta(hours=1) <= at]
    there = min((item for item in seen if item[0] >= end - timedelta(hours=1)), key=lambda item: item[1].soc)
    turn = max((item for item in seen if item[0] <= there[0]), key=lambda item: item[1].soc)
    assert found.facts["charge_percent"] == pytest.approx(there[1].soc * 100)
    assert found.facts["turn_at"] == turn[0] + STEP
    gave = sum(one.discharge_kw for at, one in seen if turn[0] < at <= there[0]) / 2
    assert found.facts.get("moved_kwh", 0.0) == pytest.approx(gave)
    assert battery_then(known.sources, end - 60 * DAY, end - 59 * DAY, full=False) is None


def test_what_a_battery_lost_is_what_its_efficiencies_took(known: Any) -> None:
    span = Span(known.today - 3 * DAY, known.today)
    slots = list(known.metered.values())[1:]
    battery = known.home.battery
    stored = sum(one.charge_kw * (1 - battery.charge_efficiency) for one in slots) / 2
    drawn = sum(one.discharge_kw * (1 / battery.discharge_efficiency - 1) for one in slots) / 2
    found = losses(known.sources, span, now=known.now)
    assert found.facts["lost_kwh"] == pytest.approx(stored + drawn, abs=1e-6)
    assert found.facts["lost_kwh"] > 0
    assert not losses(known.sources, Span(known.today - 40 * DAY, known.today - 39 * DAY), now=known.now).known


@pytest.mark.parametrize("most", [True, False])
def test_the_most_expensive_hour_is_that_of_the_meter(known: Any, *, most: bool) -> None:
    yesterday = known.today - DAY
    zone = known.home.tz
    slots = [one for at, one in known.metered.items() if at.astimezone(zone).date() == yesterday]
    prices = known.home.tariff.prices([one.start for one in slots], zone)
    costs = np.array([one.grid_import_kw for one in slots]) * prices.import_per_kwh / 2
    costs -= np.array([one.grid_export_kw for one in slots]) * prices.export_per_kwh / 2
    hourly = costs.reshape(24, 2).sum(axis=1)
    found = most_expensive_hour(known.sources, Span(yesterday, yesterday), most=most, now=known.now)
    assert found.facts["hour_cost"] == pytest.approx(hourly.max() if most else hourly.min())
    assert found.facts["day_cost"] == pytest.approx(hourly.sum())
