"""What a terminal asks, and that its answers are those of the options."""

import pytest
import typer
from typer.testing import CliRunner

from advisor.study.asking import StudyAsked, wishes_of
from advisor.study.wizard import asked_in_a_terminal
from eval.study.play.wishes import StudyWishes


def wishes_from(*lines: str) -> tuple[StudyWishes, str]:
    """The wishes of what is typed line by line, and what the terminal showed."""
    app, found = typer.Typer(), []

    @app.command()
    def ask() -> None:
        found.append(wishes_of(asked_in_a_terminal(StudyAsked()), None))

    done = CliRunner().invoke(app, [], input="\n".join(lines) + "\n")
    assert done.exception is None, done.output
    return found[0], done.output


def test_a_person_answers_in_spanish_and_may_mistype_the_place() -> None:
    answers = ("es", "Sevila", "Sevilla", "4", "y", "n", "y", "550", "1100", "abc", "0, 4", "5; 8", "")
    wishes, shown = wishes_from(*answers)
    assert (wishes.place_name, wishes.kwp, wishes.battery_kwh) == ("Sevilla", (0.0, 4.0), (5.0, 8.0))
    assert (wishes.household.people, wishes.household.heating, wishes.household.car) == (4, "heat_pump", True)
    assert (wishes.prices.battery_per_kwh, wishes.prices.pv_per_kwp) == (550, 1100)
    assert wishes.tariffs == ("es-2.0td",)
    assert "did you mean Sevilla" in shown
    assert "¿Cuántas personas viven en ella?" in shown


@pytest.mark.parametrize("place", ["Madrid", "40.4,-3.7"])
def test_enter_alone_takes_what_is_usual(place: str) -> None:
    wishes, _ = wishes_from("", place, *[""] * 9)
    assert (wishes.kwp, wishes.battery_kwh, wishes.household.people) == ((0.0, 5.0), (0.0, 5.0, 10.0), 3)
    assert wishes.country == "ES"
