"""Every number, time and date of a text stands in its facts, or is named."""

from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.llm.grounding import ungrounded_numbers


@pytest.mark.parametrize(
    ("text", "facts", "missing"),
    [
        ("costs 3.21 now", "cost 3.21", []),
        ("costs 3.2 now", "cost 3.214", []),
        ("costs about 3", "cost 3.214", []),
        ("costs 3.20", "cost 3.214", ["3.20"]),
        ("costs 3.25", "cost 3.2", ["3.25"]),
        ("costs 3.20", "cost 3.2", []),
        ("costs 0.13", "cost 0.125", []),
        ("loses 0.40", "result -0.4", []),
        ("needs 1,200 W", "load 1200", []),
        ("kostet 3,2", "cost 3.2", []),
        ("at 17:00", "dear at 17:00", []),
        ("at 7:30", "dear at 07:30", []),
        ("at 17:30", "dear at 17:00", ["17:30"]),
        ("17 kWh", "dear at 17:00", ["17"]),
        ("as on 2016-12-02", "2016-12-02: similar", []),
        ("as on 2016-12-03", "2016-12-02: similar", ["2016-12-03"]),
        ("in 2016", "2016-12-02: similar", ["2016"]),
        ("42% or 43%", "charge 42", ["43"]),
        ("nothing to count", "", []),
        # Either clock, either order of a date, either decimal sign, any scale of a unit.
        ("at 7:30 pm", "dear at 19:30", []),
        ("a las 7:30 p.m.", "dear at 19:30", []),
        ("at 7:30 am", "dear at 19:30", ["7:30 am"]),
        ("at 12 am", "dear at 00:00", []),
        ("as on 2 December 2016", "2016-12-02: similar", []),
        ("como el 2 de diciembre", "2016-12-02: similar", []),
        ("as on 3 and 2 December 2016", "2016-12-02: similar; 2016-12-03: alike", []),
        ("como el 14, 15 y 2 de diciembre", "2016-12-02: similar; 2016-12-14: alike", ["15"]),
        ("as on December 3", "2016-12-02: similar", ["december 3"]),
        ("in May 2017", "2016-12-02: similar", ["2017"]),
        ("needs 12500 Wh", "needs 12.5 kWh", []),
        ("needs 12,5 kWh", "needs 12.5 kWh", []),
        ("needs 12.5 kW", "needs 12.5 kWh", ["12.5"]),
        ("costs 21 cents", "costs 0.21 EUR", []),
        ("costs €0.21", "costs 0.21 EUR", []),
        ("cuesta 21 céntimos", "cuesta 0,21 EUR", []),
        ("costs 22 cents", "costs 0.21 EUR", ["22"]),
        ("ends at 42 kWh", "ends at 42 %", ["42"]),
        ("in 90 minutes", "in 1.5 h", []),
        ("1.200,5 W", "load 1200.5 W", []),
        ("٤٢ %", "charge 42 %", []),
        ("two hours more", "in 3 h", ["two hours"]),
        ("dos horas más", "in 2 h", []),
        ("one of them", "", []),
        # Small models loop digits; more than 28 exceed Python's usual decimal precision.
        ("saves 0." + "3" * 40, "cost 3.21", ["0." + "3" * 40]),
        ("saves 3." + "0" * 40, "cost 3", []),
        ("costs 1", "cost " + "9" * 40, ["1"]),
    ],
)
def test_every_number_must_stand_in_the_facts(text: str, facts: str, missing: list[str]) -> None:
    assert ungrounded_numbers(text, facts) == missing


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("a kWh costs 21 cents now", []),
        ("0,21 EUR/kWh ahora, 42 % de carga", []),
        ("42 kWh are stored", ["42"]),
        ("the sun brings 4.2 kWh", []),
        ("it lasts 24 hours, until 19:30", []),
        ("it lasts 24 kWh", ["24"]),
    ],
)
def test_facts_by_name_take_their_unit_from_the_name(text: str, missing: list[str]) -> None:
    facts = {
        "charge_percent": "42",
        "price_now": "0.21",
        "pv_kwh": "4.2",
        "horizon_hours": "24",
        "price_highest_at": "19:30",
    }
    assert ungrounded_numbers(text, facts) == missing


numbers = st.decimals(min_value=0, max_value=9999, places=3)


@given(numbers, st.integers(0, 3))
def test_a_fact_may_be_told_to_any_digit_in_either_notation(fact: Decimal, digits: int) -> None:
    rounded = fact.quantize(Decimal(1).scaleb(-digits), rounding="ROUND_HALF_UP")
    for written in (f"{rounded}", f"{rounded}".replace(".", ",") if digits != 3 else f"{rounded}"):
        assert ungrounded_numbers(f"it is {written} kWh", f"energy {fact} kWh") == []


@given(numbers, numbers)
def test_another_number_is_never_grounded(fact: Decimal, said: Decimal) -> None:
    expected = [] if said == fact else [f"{said}"]
    assert ungrounded_numbers(f"it is {said} kWh", f"energy {fact} kWh") == expected


@given(st.times(), st.times())
def test_a_time_is_grounded_on_both_clocks_and_no_other_time_is(fact: time, said: time) -> None:
    same = (fact.hour, fact.minute) == (said.hour, said.minute)
    half = f"{said.hour % 12 or 12}:{said.minute:02d} {'pm' if said.hour >= 12 else 'am'}"
    for written in (f"{said:%H:%M}", half):
        assert (ungrounded_numbers(f"at {written}", f"dear at {fact:%H:%M}") == []) is same


@given(st.dates(date(2001, 1, 1), date(2099, 12, 31)), st.integers(0, 400))
def test_a_date_is_grounded_in_every_form_and_no_other_date_is(fact: date, days: int) -> None:
    answer = fact + timedelta(days=days)
    for written in (f"{answer}", f"{answer.day} {answer:%B} {answer.year}", f"{answer:%B} {answer.day}, {answer.year}"):
        assert (ungrounded_numbers(f"as on {written}", f"{fact}: similar") == []) is (days == 0)


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_text_makes_it_stumble(text: str, facts: str) -> None:
    assert ungrounded_numbers(text, text) == [] or "\n" in text
    ungrounded_numbers(text, facts)
