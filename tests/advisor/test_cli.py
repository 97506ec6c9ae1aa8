"""The command line as somebody meets it: a greeting, a version, help, and the settings file obeyed."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import click
import pytest
import typer

from advisor.cli import HINTS, app, reporting_errors
from advisor.memory_choice import USUAL_MEMORY, chosen_memory, memory_folder
from advisor.spoken_language import spoken_language
from agent.decision.wording.problem_words import in_language
from energy.battery import Battery
from energy.errors import AdvisorError, DataError, MemoryFault, ModelError, SettingsError, TransportError
from energy.home import Home
from energy.pricing.tariff import FlatTariff

# Commands that need no --json, with the reason: every other one reports, and must offer it.
WITHOUT_JSON = {
    "run": "runs until stopped; what it does is in the journal and on the page",
    "simulate": "plays a house until stopped",
    "mcp": "speaks JSON on its standard output all the time",
    "fleet run": "works until stopped; `fleet status` reports",
    "fleet page": "serves a page until stopped",
    "setup": "asks a person, and writes files that say everything",
    "models pull": "fetches a model, with its progress; `models` reports",
    "weather publish": "publishes and prints nothing; `weather show` reports",
    "ha dashboard": "prints a document of another format, YAML",
    "schema command": "prints JSON whatever is said",
    "schema device-command": "prints JSON whatever is said",
}


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command by its whole name; a group that does something by itself too."""
    inner = getattr(command, "commands", {})
    for name, one in inner.items():
        yield from leaves(one, (*path, name))
    if path and (not inner or getattr(command, "invoke_without_command", False)):
        yield " ".join(path), command


def test_alone_it_greets_and_shows_four_ways_in_that_are_commands(
    advisor: Callable[..., CompletedProcess[str]],
) -> None:
    greeting = advisor().stdout
    ways = [line.split()[1] for line in greeting.splitlines() if line.startswith("  advisor ")]
    assert len(ways) == 4
    assert set(ways) <= {name for name, _ in leaves(typer.main.get_command(app))}


def test_it_says_its_version_and_offers_completion(advisor: Callable[..., CompletedProcess[str]]) -> None:
    assert advisor("--version").stdout.startswith("energy-advisor ")
    assert "--install-completion" in advisor("--help").stdout


def test_every_command_that_reports_does_so_in_json_too_and_each_says_what_it_is_for() -> None:
    known = dict(leaves(typer.main.get_command(app)))
    options = {name: {option for each in command.params for option in each.opts} for name, command in known.items()}
    assert {name for name, offered in options.items() if "--json" not in offered} == WITHOUT_JSON.keys()
    assert [name for name, command in known.items() if not command.help] == []


@pytest.mark.parametrize("kind", [TransportError, ModelError, MemoryFault, SettingsError, DataError])
def test_an_error_comes_with_a_hint(
    kind: type[Exception], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["advisor"])

    def failing() -> None:
        raise kind("something is wrong")

    program = typer.Typer()
    program.command()(failing)
    with pytest.raises(SystemExit) as left:
        reporting_errors(program)
    assert left.value.code == (2 if kind is SettingsError else 1)
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "error: something is wrong",
        f"hint: {HINTS.get(kind, HINTS[AdvisorError])}",
    ]  # type: ignore[call-overload]


@pytest.mark.parametrize("how", ["--language es", "--language=es", "settings"])
def test_a_spanish_household_is_told_in_spanish_with_a_hint(
    how: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    if how == "settings":
        (tmp_path / "advisor.toml").write_text('[service]\nlanguage = "es"\n', encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["advisor", "do", *(how.split() if how != "settings" else [])])
    program = typer.Typer()

    @program.command()
    def do(language: str = "") -> None:
        raise TransportError("no readings from the house since 2016-12-20 23:55")

    @program.callback()
    def several() -> None:
        pass

    with pytest.raises(SystemExit):
        reporting_errors(program)
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "error: no hay lecturas de la casa desde el 20 de diciembre de 2016 a las 23:55",
        "pista: advisor doctor comprueba el bróker, los sensores y la configuración",
    ]


@pytest.mark.parametrize("hint", HINTS.values())
def test_every_hint_is_known_in_spanish(hint: str) -> None:
    assert in_language(hint, "es") != hint


@pytest.mark.parametrize("text", ["[service]\nlanguage = 'fr'", "not TOML", "service = 3", ""])
def test_settings_that_cannot_be_read_are_told_in_english(tmp_path: Path, text: str) -> None:
    (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
    assert spoken_language(["run", "--config", str(tmp_path / "wrong.toml")]) == "en"
    assert spoken_language(["run", "--config"]) == "en"


def test_memory_and_home_are_those_of_the_settings_unless_the_command_line_names_others(tmp_path: Path) -> None:
    home = Home(
        name="casa",
        zone="Europe/Madrid",
        pv_peak_kw=4,
        battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3),
        tariff=FlatTariff(import_price=0.2),
    )
    (tmp_path / "home.json").write_text(home.model_dump_json(), encoding="utf-8")
    config = tmp_path / "advisor.toml"
    config.write_text(f'home_file = "home.json"\nmemory_dir = {json.dumps(str(tmp_path / "mem"))}\n', encoding="utf-8")
    assert chosen_memory(None, None, config) == (tmp_path / "mem", "casa")
    assert chosen_memory(None, "other", config) == (tmp_path / "mem", "other")
    assert chosen_memory(tmp_path, None, config) == (tmp_path, None)
    assert chosen_memory(None, None, tmp_path / "none.toml") == (USUAL_MEMORY, None)
    assert memory_folder(None, config) == tmp_path / "mem"
    assert memory_folder(tmp_path, config) == tmp_path
    assert memory_folder(None, tmp_path / "none.toml") == USUAL_MEMORY
