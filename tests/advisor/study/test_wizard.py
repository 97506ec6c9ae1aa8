"""What a terminal asks, and that its answers are those of the options."""

import shlex
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from advisor.study.asking import StudyAsked, wishes_of
from advisor.study.command import study
from advisor.study.wizard import asked_in_a_terminal
from eval.study.play.wishes import StudyWishes

# Language, place, people, floor, heating, cooling, car, panels, batteries, tariffs, two prices, subsidy.
ALL_AS_OFFERED = ("", "Madrid", *[""] * 11)


def wishes_from(*lines: str, said: dict[str, Any] | None = None) -> tuple[StudyWishes, str]:
    """The wishes of what is typed line by line, and what the terminal showed."""
    app, found = typer.Typer(), []

    @app.command()
    def ask() -> None:
        found.append(wishes_of(asked_in_a_terminal(StudyAsked(said=said)), None))

    done = CliRunner().invoke(app, [], input="\n".join(lines) + "\n")
    assert done.exception is None, done.output
    return found[0], done.output


def test_a_person_answers_in_spanish_and_may_mistype_each_answer() -> None:
    typed = ("fr", "es", "Sevila", "Sevilla", "0", "tres", "4", "", "gas", "2", "quizás", "s", "sí", "-3; 5", "2,5; 4")
    rest = ("abc", "0; 10", "nadie", "es-2.0td es-pvpc", "-5", "550", "", "120", "")
    wishes, shown = wishes_from(*typed, *rest)
    assert (wishes.place_name, wishes.kwp, wishes.battery_kwh) == ("Sevilla", (2.5, 4.0), (0.0, 10.0))
    home = wishes.household
    assert (home.people, home.heating, home.hot_water, home.cooling, home.car) == (
        4,
        "heat_pump",
        "heat_pump",
        True,
        True,
    )
    assert (wishes.prices.battery_per_kwh, wishes.prices.pv_per_kwp, wishes.prices.subsidy_share) == (550, 1200, 0)
    assert wishes.tariffs == ("es-2.0td", "es-pvpc")
    for told in (
        "¿querías decir Sevilla, Segovia?",
        "Debe estar entre 1 y 10 (escrito: 0).",
        "'tres' no es un número.",
        "Escribe un número del 1 al 3.",
        "Responde sí o no.",
        "Debe estar entre 0 y 200 (escrito: -3).",
        "Debe estar entre 0 y 100000 (escrito: -5).",
        "Debe estar entre 0 y 90 (escrito: 120).",
        "Precio de la batería por kWh (EUR)",
    ):
        assert told in shown


def asked_and_named(monkeypatch: pytest.MonkeyPatch, *options: str, typed: Sequence[str] = ()) -> tuple[Any, str]:
    """What `advisor study` would play with some options, typing the rest where something is typed; its command."""
    app, found = typer.Typer(), []
    app.command()(study)
    monkeypatch.setattr("advisor.study.run.run_study", lambda *arguments: found.append(arguments))
    terminal = SimpleNamespace(argv=[], stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("advisor.study.command.sys", terminal)
    done = CliRunner().invoke(app, options, input="\n".join(typed) + "\n")
    assert done.exception is None, done.output
    ((asked, run, command),) = found
    return (wishes_of(asked, None), asked.words, run), command


def test_the_report_names_the_whole_command_which_asks_for_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = ("es", "40.4,-3.7", "4", "95,5", "2", "s", "no", "0; 4,5", "0; 10", "es-pvpc es-2.0td", "550", "", "20")
    given = ("--habits", "retired", "--out", "our study.html", "--quick", "--people", "2")
    asked, command = asked_and_named(monkeypatch, *given, typed=answers)
    assert command.startswith("advisor study --place 40.4,-3.7 --people 4 --habits retired --floor 95.5 ")
    assert "--kwp 0 --kwp 4.5" in command
    again, _ = asked_and_named(monkeypatch, *shlex.split(command)[2:])
    assert again == asked


@pytest.mark.parametrize("place", ["Madrid", "40.4,-3.7"])
def test_enter_alone_takes_what_is_usual(place: str) -> None:
    wishes, _ = wishes_from(*(place if line == "Madrid" else line for line in ALL_AS_OFFERED))
    assert (wishes.kwp, wishes.battery_kwh, wishes.household.people) == ((0.0, 5.0), (0.0, 5.0, 10.0), 3)
    assert (wishes.country, wishes.tariffs) == ("ES", ("es-2.0td",))


def test_a_place_without_a_tariff_is_said_at_once_and_another_one_is_asked() -> None:
    wishes, shown = wishes_from("en", "London", *ALL_AS_OFFERED[1:])
    assert "No tariff in GBP can be simulated for London" in shown
    assert wishes.place_name == "Madrid"


def test_what_options_said_is_offered_and_what_is_not_asked_is_kept() -> None:
    said = {"household": {"people": 5, "car": True, "habits": "retired"}, "kwp": [3.5], "year": 2026}
    wishes, _ = wishes_from(*ALL_AS_OFFERED, said=said)
    home = wishes.household
    assert (home.people, home.car, home.habits, wishes.kwp, wishes.year) == (5, True, "retired", (3.5,), 2026)
