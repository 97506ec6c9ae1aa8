"""A short question takes from the one before it what it leaves out; a wish is offered as a note, nothing is guessed."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.language.questions.question import Question, understand

MADRID = ZoneInfo("Europe/Madrid")
NOW = datetime(2026, 1, 14, 20, 10, tzinfo=UTC)  # a Wednesday, 21:10 in Madrid


def _after(*texts: str) -> Question:
    """The last question of a conversation."""
    earlier = None
    for text in texts:
        earlier = understand(text, now=NOW, zone=MADRID, earlier=earlier)
    assert earlier is not None
    return earlier


@pytest.mark.parametrize(
    ("before", "text", "aim", "quantity", "first"),
    [
        ("How much did we use on Monday?", "and yesterday?", "totals", "load", date(2026, 1, 13)),
        ("How much did we use yesterday?", "and the day before?", "totals", "load", date(2026, 1, 12)),
        ("How much did we spend last week?", "and this week?", "totals", "cost", date(2026, 1, 12)),
        ("What did electricity cost us yesterday?", "and in kWh?", "totals", "load", date(2026, 1, 13)),
        ("¿Cuánto gastamos el lunes?", "¿y ayer?", "totals", "load", date(2026, 1, 13)),
        ("¿Cuánto pagamos la semana pasada?", "¿y en kWh?", "totals", "load", date(2026, 1, 5)),
        ("How much did we import yesterday?", "what about Monday?", "totals", "import", date(2026, 1, 12)),
    ],
)
def test_what_a_question_leaves_out_is_taken_from_the_one_before(
    before: str, text: str, aim: str, quantity: str, first: date
) -> None:
    asked = _after(before, text)
    assert (asked.aim, asked.quantity, asked.spans[0].first) == (aim, quantity, first)


def test_why_not_is_asked_of_the_moment_before() -> None:
    asked = _after("Why did you charge at 23:00?", "why not?")
    assert asked.aim == "why_not"
    assert asked.window is not None
    assert asked.window.at == datetime(2026, 1, 13, 22, tzinfo=UTC)


def test_a_whole_question_takes_nothing_from_the_one_before() -> None:
    asked = _after("How much did we use on Monday?", "What is the plan for tonight?")
    assert (asked.aim, asked.spans[0].first) == ("plan", date(2026, 1, 14))


def test_without_a_question_before_a_short_one_is_not_understood() -> None:
    assert _after("and the day before?").aim == "unsure"


@pytest.mark.parametrize(
    "text", ["don't go below 30 % tonight", "Keep 70% until tomorrow 8:00", "guarda el 40 % esta noche"]
)
def test_a_wish_is_offered_as_a_note_and_nothing_is_kept(known: Any, text: str) -> None:
    answer = known.asker.answer(text, now=NOW)
    assert not answer.answered
    assert "notes add" in answer.text
    assert "% " in answer.text


def test_what_is_not_understood_is_said_with_the_two_nearest_questions(known: Any) -> None:
    answer = known.asker.answer("the what of the battery and the price of which", now=NOW)
    assert not answer.answered
    assert answer.asked is not None
    assert answer.text.count('"') == 4


def test_an_answer_says_what_it_was_taken_for(known: Any) -> None:
    answer = known.asker.answer("How much did we use yesterday?", now=NOW)
    assert answer.asked is not None
    assert (answer.asked.kind, answer.asked.slots, answer.asked.understander) == ("totals", ("yesterday",), "learned")
    assert answer.asked.confidence > 0.6
    [(start, end)] = answer.asked.intervals
    assert (start, end) == (datetime(2026, 1, 12, 23, tzinfo=UTC), datetime(2026, 1, 13, 23, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "beginning"),
    [("Will the battery be empty by morning?", ("Yes", "No")), ("¿Llegará la batería hasta mañana?", ("Sí", "No"))],
)
def test_whether_the_battery_lasts_is_answered_with_yes_or_no_first(
    known: Any, text: str, beginning: tuple[str, str]
) -> None:
    assert known.asker.answer(text, now=NOW).text.startswith(beginning)


def test_why_it_charges_is_told_from_what_flows_now(known: Any) -> None:
    answer = known.asker.answer("Why is the battery charging?", now=NOW)
    assert "kW" in answer.text.split(".")[0] + answer.text.split(".")[1]
    assert "the house used" in answer.text
