from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from agent.queries import Span, bought, busiest_hour, expensive_day, metered_in, own_share, weekends

DAY = timedelta(days=1)


@pytest.mark.parametrize("quantity", ["load", "pv"])
@pytest.mark.parametrize("most", [True, False])
def test_the_busiest_hour_is_that_of_the_mean_day(known: Any, quantity: Any, *, most: bool) -> None:
    span = Span(date(2026, 1, 1), date(2026, 1, 7))
    found = busiest_hour(known.sources, span, quantity=quantity, most=most)
    series = [getattr(known.records[span.first + n * DAY], f"{quantity}_kw") for n in range(7)]
    hourly = np.mean(series, axis=0).reshape(24, 2).mean(axis=1)
    hour = int(hourly.argmax() if most else hourly.argmin())
    assert found.facts["from_clock"] == f"{hour:02d}:00"
    assert found.facts["mean_kw"] == pytest.approx(hourly[hour])
    assert found.facts["day_mean_kw"] == pytest.approx(hourly.mean())


def test_the_share_of_own_power_is_what_the_grid_did_not_give(known: Any) -> None:
    span = Span(known.today - 2 * DAY, known.today - DAY)
    slots = [slot for start, slot in known.metered.items() if span.first <= start.astimezone(known.home.tz).date()]
    slots = [one for one in slots if one.start.astimezone(known.home.tz).date() <= span.last]
    load, bought_ = sum(one.load_kw for one in slots), sum(one.grid_import_kw for one in slots)
    found = own_share(known.sources, span, now=known.now)
    assert found.facts["own_percent"] == pytest.approx((1 - bought_ / load) * 100, abs=0.01)
    assert found.facts["import_kwh"] == pytest.approx(bought_ / 2)


def test_weekends_are_the_mean_saturday_and_sunday(known: Any) -> None:
    span = Span(date(2025, 12, 15), date(2026, 1, 11))
    days = [known.records[span.first + n * DAY] for n in range(span.days)]
    free = np.mean([day.load_kw.sum() / 2 for day in days if day.day.weekday() >= 5])
    worked = np.mean([day.load_kw.sum() / 2 for day in days if day.day.weekday() < 5])
    found = weekends(known.sources, span, quantity="load", now=known.now)
    assert found.text == ("compare.weekends.more" if free >= worked else "compare.weekends.less")
    assert found.facts["a_mean_load_kwh"] == pytest.approx(free)
    assert found.facts["b_mean_load_kwh"] == pytest.approx(worked)
    assert (found.facts["a_days"], found.facts["b_days"]) == (8, 20)
    assert not weekends(known.sources, Span(date(2026, 1, 5), date(2026, 1, 8)), quantity="load", now=known.now).known


def test_a_dear_day_stands_beside_the_days_before_and_counts_those_with_a_price(known: Any) -> None:
    yesterday = known.today - DAY
    found = expensive_day(known.sources, Span(yesterday, yesterday), now=known.now)
    before = [known.records[yesterday - n * DAY].load_kw.sum() / 2 for n in range(1, 15)]
    assert found.facts["load_kwh"] == pytest.approx(known.records[yesterday].load_kw.sum() / 2)
    assert found.facts["usual_load_kwh"] == pytest.approx(np.mean(before))
    # Three days are metered, two of them before yesterday.
    assert (found.facts["before_days"], found.facts["priced_days"]) == (14, 2)


def test_what_the_house_bought_is_told_where_no_charge_was_chosen(known: Any) -> None:
    start = known.now - timedelta(hours=6)
    slots = [slot for at, slot in known.metered.items() if start <= at < known.now]
    assert bought(known.sources, start, known.now) == pytest.approx(sum(one.grid_import_kw for one in slots) / 2)
    assert bought(known.sources, known.now - timedelta(days=30), known.now - timedelta(days=29)) is None


def test_what_was_bought_in_an_evening_is_not_the_whole_day_s(known: Any) -> None:
    yesterday = known.today - DAY
    answer = known.asker.answer(f"How much did we buy from the grid {yesterday:%A} evening?", now=known.now)
    zone = known.sources.home.tz
    slots = [
        one
        for at, one in known.metered.items()
        if at.astimezone(zone).date() == yesterday and at.astimezone(zone).hour >= 18
    ]
    sum_kwh = sum(one.grid_import_kw for one in slots) / 2
    assert len(slots) == 12
    assert f"{sum_kwh:.1f} kWh were imported (metered: 6 h)" in answer.text
    start = min(known.metered) - timedelta(days=30)
    assert not metered_in(known.sources, "import", start, start + timedelta(hours=6)).known


@pytest.mark.parametrize(
    "question", ["How much did we buy at 20:00 on {day}?", "¿Cuánto importamos de la red a las 20:00 del {day}?"]
)
def test_a_clock_alone_is_the_hour_that_it_begins(known: Any, question: str) -> None:
    yesterday = known.today - DAY
    zone = known.sources.home.tz
    slots = [
        one
        for at, one in known.metered.items()
        if at.astimezone(zone).date() == yesterday and at.astimezone(zone).hour == 20
    ]
    sum_kwh = f"{sum(one.grid_import_kw for one in slots) / 2:.1f}"
    answer = known.asker.answer(question.format(day=f"{yesterday:%d/%m/%Y}"), now=known.now)
    assert sum_kwh in answer.text.replace(",", ".")
    assert "1 h)" in answer.text
