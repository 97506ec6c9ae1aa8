from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from agent.language.answers.answering import run
from agent.language.questions.question import understand
from agent.queries import Span, charge_range, how_often, last_at_limit, prices_then, when_expensive, who_chose
from energy.commands import Mode
from energy.slots import local_day

DAY = timedelta(days=1)
STEP = timedelta(minutes=30)


def decided(known: Any) -> list[tuple[datetime, Mode]]:
    """Time and mode of each of today's decisions, read one by one."""
    begins = known.records[known.today].start
    times = [begins + n * STEP for n in range((known.now - begins) // STEP + 1)]
    found = {one.at: one.command.mode for at in times if (one := known.sources.decision(at)) and one.command}
    return sorted(found.items())


def test_a_mode_is_counted_once_for_each_time_that_it_is_taken_up(known: Any) -> None:
    modes = decided(known)
    start = modes[0][0]
    for mode in Mode:
        begun = [at for n, (at, one) in enumerate(modes) if one is mode and (n == 0 or modes[n - 1][1] is not mode)]
        lasted = [
            later - at
            for (at, one), later in zip(modes, [*(at for at, _ in modes[1:]), known.now], strict=True)
            if one is mode
        ]
        found = how_often(known.sources, mode, start, known.now)
        assert found.text == ("totals.never", "totals.once", "totals.times")[min(len(begun), 2)]
        assert found.facts.get("count", 0) == len(begun)
        if begun:
            assert found.facts["mode_hours"] == pytest.approx(sum(lasted, timedelta()) / timedelta(hours=1))
            assert found.facts["last_at"] == begun[-1]
    assert not how_often(known.sources, Mode.CHARGE, start - 60 * DAY, start - 59 * DAY).known


def test_lowest_and_highest_charge_are_those_of_the_metered_slots(known: Any) -> None:
    yesterday = known.today - DAY
    socs = {at + STEP: one.soc for at, one in known.metered.items() if local_day(at, known.home.tz) == yesterday}
    found = charge_range(known.sources, Span(yesterday, yesterday), now=known.now)
    assert found.facts["lowest_percent"] == pytest.approx(min(socs.values()) * 100)
    assert found.facts["highest_percent"] == pytest.approx(max(socs.values()) * 100)
    assert socs[found.facts["highest_at"]] == max(socs.values())
    assert not charge_range(known.sources, Span(known.today - 30 * DAY, known.today - 29 * DAY), now=known.now).known


@pytest.mark.parametrize("full", [True, False])
def test_the_battery_was_last_at_its_limit_when_the_meter_last_saw_it_there(known: Any, full: bool) -> None:
    battery = known.home.battery
    socs = [(at + STEP, one.soc) for at, one in sorted(known.metered.items())]
    there = [at for at, soc in socs if (soc >= battery.max_soc - 0.01 if full else soc <= battery.min_soc + 0.01)]
    found = last_at_limit(known.sources, full=full, now=known.now)
    if there:
        assert found.facts["last_at"] == there[-1]
    else:
        assert found.text == f"status.never_{'full' if full else 'empty'}"
        nearest = (max if full else min)(soc for _, soc in socs)
        assert found.facts["charge_percent"] == pytest.approx(nearest * 100)


def test_dear_hours_are_those_above_the_middle_of_the_prices(known: Any) -> None:
    yesterday = known.today - DAY
    starts = sorted(at for at in known.metered if local_day(at, known.home.tz) == yesterday)
    prices = known.home.tariff.prices(starts, known.home.tz).import_per_kwh
    dear = [at for at, price in zip(starts, prices, strict=True) if price > (prices.min() + prices.max()) / 2]
    found = when_expensive(known.sources, Span(yesterday, yesterday), now=known.now)
    assert 0 < len(dear) < len(starts)
    assert found.facts["dear_hours"] == len(dear) / 2
    bought = np.array([known.metered[at].grid_import_kw for at in dear]) / 2
    at_prices = known.home.tariff.prices(dear, known.home.tz).import_per_kwh
    assert found.facts["load_kwh"] == pytest.approx(sum(known.metered[at].load_kw for at in dear) / 2)
    assert found.facts["import_kwh"] == pytest.approx(bought.sum())
    assert found.facts["cost"] == pytest.approx(float(bought @ at_prices))


def test_the_prices_of_a_day_past_are_those_it_had(known: Any) -> None:
    yesterday = known.today - DAY
    starts = sorted(at for at in known.metered if local_day(at, known.home.tz) == yesterday)
    prices = known.home.tariff.prices(starts, known.home.tz).import_per_kwh
    facts = prices_then(known.sources, Span(yesterday, yesterday), now=known.now).facts
    for name, value in (("lowest_price", prices.min()), ("highest_price", prices.max())):
        within = [
            p for at, p in zip(starts, prices, strict=True) if facts[f"{name}_start"] <= at < facts[f"{name}_end"]
        ]
        assert set(within) == {value} == {facts[f"{name}_per_kwh"]}


def test_without_a_model_the_planner_chose(known: Any) -> None:
    found = who_chose(known.sources)
    assert found.text == "status.chosen.planner"
    assert found.facts["mode"] == known.sources.decision().command.mode.value
    assert "model" not in found.facts


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("When was the battery last full?", "status."),
        ("¿Cuándo estuvo llena la batería por última vez?", "status."),
        ("Who decided that, you or the model?", "status.chosen"),
        ("¿Quién decidió eso, tú o el modelo?", "status.chosen"),
        ("How many times did you hold today?", "totals."),
        ("¿Cuántas veces cargaste de la red hoy?", "totals."),
        ("How low did the battery get yesterday?", "extreme.charge"),
        ("¿Cuál fue la carga mínima de ayer?", "extreme.charge"),
        ("How much did we use at peak price yesterday?", "totals.dear"),
        ("¿Cuánto compramos ayer en horas punta?", "totals.dear"),
        ("How much cheaper was yesterday than the day before?", "compare."),
        ("What was our most expensive hour yesterday?", "extreme.hour_cost.most"),
        ("When were prices lowest yesterday?", "prices.then"),
        ("¿Cuándo fueron más bajos los precios ayer?", "prices.then"),
        ("What is the average daily use in December?", "totals.load"),
        ("¿Cuál es el consumo medio diario de diciembre?", "totals."),
        ("Do we use more on weekends?", "compare.weekends"),
        ("¿Consumimos más los fines de semana?", "compare.weekends"),
        ("Which week was the cheapest?", "totals.breakdown"),
        ("How much of yesterday's sun did we use ourselves?", "totals.share"),
        ("What does the forecast say about sun tomorrow?", "plan.expected.pv"),
        ("What happened last night?", "plan.done"),
        ("Was it colder yesterday than the day before?", "compare."),
        ("What if the price doubles?", "what_if."),
        ("resumen de la semana", "totals.span"),
        ("How much does it cost to charge the car tonight?", "best_start."),
        ("¿Cuánto cuesta cargar el coche esta noche?", "best_start."),
        ("How much will we need from the grid tonight?", "plan.ahead"),
        ("How much does the fridge use?", "unknown.not_measured"),
        ("¿Cuánto gasta la nevera?", "unknown.not_measured"),
        ("How much did we import versus export this week?", "totals.span"),
        ("What did we earn from exports yesterday?", "totals.export"),
        ("When will we run out of battery?", "plan.battery"),
        ("What's the battery level?", "status.now"),
        ("Show me Monday", "totals.day"),
        ("¿Cuánto más barato fue ayer que anteayer?", "compare."),
    ],
)
def test_they_are_asked_in_everyday_words(known: Any, question: str, told: str) -> None:
    asked = understand(question, now=known.now, zone=known.home.tz)
    assert run(known.sources, asked, now=known.now).text.startswith(told)
    answer = known.asker.answer(question, now=known.now)
    assert "{" not in answer.text
    assert len(answer.text) > 20


def test_what_happened_at_an_hour_is_that_decision_and_since_it_all_of_them(known: Any) -> None:
    at_nine = known.asker.answer("What did you do at 9 am?", now=known.now)
    since = known.asker.answer("What have you done since 9 am?", now=known.now)
    assert at_nine.text.startswith("At 09:00 the advisor chose")
    assert since.text.startswith("What the advisor chose from 09:00 to")


def test_hours_still_to_come_today_are_yesterday_s(known: Any) -> None:
    asked = known.asker.answer("How much did we use between 10 and 11 pm?", now=known.now)
    named = known.asker.answer("How much did we use between 10 and 11 pm yesterday?", now=known.now)
    assert asked.text == named.text


def test_the_bill_of_a_month_that_is_not_over_is_the_bill_so_far(known: Any) -> None:
    asked = known.asker.answer("What will our bill be this month?", now=known.now)
    assert "stands at" in asked.text


def test_how_full_the_battery_was_is_told_of_the_time_asked_about(known: Any) -> None:
    def asked(question: str) -> Any:
        return known.asker.answer(question, now=known.now).text

    assert asked("How full was the battery yesterday?") == asked("How low did the battery get yesterday?")
    assert asked("How full was the battery yesterday evening?") == asked("How full was the battery yesterday at 18:00?")
    assert asked("How full is the battery today?") == asked("How full is the battery?")


def test_the_last_hours_are_those_before_now(known: Any) -> None:
    found = known.asker.answer("How much did we use in the last 3 hours?", now=known.now)
    day = known.asker.answer("How much did we use today?", now=known.now)
    slots = [one.load_kw * 0.5 for at, one in known.metered.items() if known.now - timedelta(hours=3) <= at < known.now]
    assert float(found.facts["load_kwh"]) == pytest.approx(sum(slots), abs=0.05)
    assert found.text != day.text


def test_prices_that_are_past_and_power_cuts_are_no_outlook(known: Any) -> None:
    asked = known.asker.answer("What was the highest price this week?", now=known.now)
    assert asked.facts.keys() != known.asker.answer("What is the highest price now?", now=known.now).facts.keys()
    assert known.asker.answer("Did we have a power cut yesterday?", now=known.now).tools == ("scope",)
