"""The household's commands speak Spanish: help, errors, what is printed and asked; developers' commands are English."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from advisor.cli import app
from advisor.spoken_language import agreed, spoken_language
from agent.decision.wording.problem_words import in_language

ROOT = Path(__file__).parents[2]
PHRASES = files("agent.decision.wording") / "phrases"
CATALOGUES = {
    file.name: tomllib.loads(file.read_text("utf-8"))["texts"]
    for file in PHRASES.iterdir()
    if file.name.endswith(".es.toml")
}
# Commands of developers and of who runs many homes, in English only: docs/guide.md says so.
ENGLISH_COMMANDS = {"eval", "prompts", "fleet", "schema", "simulate", "scenarios", "weather"}
# Files whose errors and texts only those commands show, or only a language model reads, with folders ending in a slash.
ENGLISH_FILES = (
    "advisor/exam/",
    "advisor/fleet/",
    "advisor/weather/",
    "advisor/demo/device_bills.py",
    "advisor/demo/scenarios.py",
    "advisor/commands/scenarios.py",
    "advisor/commands/schema.py",
    "advisor/commands/synthetic.py",
    "advisor/commands/synthetic_home.py",
    "advisor/commands/many_homes.py",
    "agent/language/answers/tools.py",
    "energy/planning/",
    "eval/collect/",
    "eval/language/",
    "eval/model_exam/",
    "eval/realism/",
    "eval/remarks/",
    "eval/report/",
    "eval/sweep/",
    "ingest/history/citylearn.py",
    "ingest/history/market_prices.py",
    "knowledge/home_index.py",
)
ROOMS = ("advisor", "agent", "energy", "eval", "ingest", "knowledge", "transport")
WORDS_OF_A_SENTENCE = 3
ENGLISH = re.compile(
    r"\b(?:the|and|from|with|until|should|not|for|that|is|are|of|to|read|give|cannot|Usage|Options|Commands)\b"
)


def household_files() -> Iterator[Path]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if not str(path.relative_to(ROOT)).startswith(ENGLISH_FILES):
                yield path


def calls(path: Path, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and called(node) in names:
            yield node


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def text_of(node: ast.AST) -> str:
    """A text with a mark in place of each value; empty where it is made elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "0.5" for part in node.values]
        return "".join(map(str, parts))
    return ""


def sentences(node: ast.AST) -> Iterator[str]:
    """The texts of a few words within a call: its arguments, and both ends of a choice."""
    inner = {id(part) for one in ast.walk(node) if isinstance(one, ast.JoinedStr) for part in one.values}
    for one in ast.walk(node):
        if id(one) not in inner and is_sentence(text := text_of(one)):
            yield text


def is_sentence(text: str) -> bool:
    """A text with a few words of its own; a command to type is none."""
    return len(re.findall(r"[a-z]{2,}", text)) >= WORDS_OF_A_SENTENCE and not re.fullmatch(r"advisor [a-z ]+", text)


def untranslated(texts: Iterator[str]) -> list[str]:
    """Texts of which something stays English: a sentence that is not known, or a word of one that only seems to be."""
    return sorted({text for text in texts if in_language(text, "es") == text or ENGLISH.search(words(text))})


def words(text: str) -> str:
    """A text in Spanish without what is quoted or typed: names, keys, options, commands and menus."""
    return re.sub(r"'[^']*'|`[^`]*`|--\S+|\[\S+\]|\w+[._]\w[\w.]*|\S+/\S+|advisor \w+", "", in_language(text, "es"))


def error_names() -> set[str]:
    """Our own errors, with those that follow from them."""
    names = {"AdvisorError"}
    trees = [ast.parse(path.read_text("utf-8")) for path in household_files()]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    while more := {one.name for one in classes if any(getattr(base, "id", "") in names for base in one.bases)} - names:
        names |= more
    return names


def test_every_error_of_a_household_is_known_in_spanish() -> None:
    names = error_names()
    raised = [text_of(call.args[0]) for path in household_files() for call in calls(path, names) if call.args]
    # An error that only names where another one is has few words of its own.
    own = [text for text in raised if is_sentence(text)]
    assert len(own) > 200
    assert untranslated(iter(own)) == []


def test_what_is_found_said_and_asked_is_known_in_spanish() -> None:
    names = {"say", "spoken", "tell", "agreed", "working", "CheckResult", "ok"}
    paths = [path for path in household_files() if path.is_relative_to(ROOT / "advisor")]
    said = [text for path in paths for call in calls(path, names) for text in sentences(call)]
    assert len(said) > 100
    assert untranslated(iter(said)) == []


def test_no_household_command_prints_or_asks_a_sentence_past_the_translation() -> None:
    printed = {"echo", "print", "confirm", "prompt"}
    found = {
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in household_files()
        if path.is_relative_to(ROOT / "advisor")
        for call in calls(path, printed)
        for argument in call.args[:1]
        if is_sentence(text_of(argument))
    }
    assert found == set()


def texts_of_help(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    for text in (command.help, command.short_help):
        yield from (" ".join(part.split()) for part in (text or "").strip().split("\n\n") if part)
    if (path and path[0] in ENGLISH_COMMANDS) or path in {("ingest", "synthetic"), ("ingest", "homes")}:
        return
    for parameter in command.params:
        if help_ := getattr(parameter, "help", None):
            yield " ".join(help_.split())
    for name, inner in getattr(command, "commands", {}).items():
        yield from texts_of_help(inner, (*path, name))


def test_help_of_every_household_command_is_known_in_spanish() -> None:
    found = list(texts_of_help(typer.main.get_command(app)))
    assert len(found) > 150
    assert untranslated(iter(found)) == []


def test_spanish_texts_have_the_same_places_and_each_is_said_once() -> None:
    seen: dict[str, str] = {}
    for name, texts in CATALOGUES.items():
        for english, spanish in texts.items():
            assert seen.setdefault(english, name) == name, english
            assert set(re.findall(r"\{\w+\}", spanish)) <= set(re.findall(r"\{\w+\}", english)), english


@pytest.mark.parametrize(
    "words",
    ["", "--help", "notes add --help", "study --help", "setup --help", "doctor --help", "explain --at 25", "bil",
     "notes list", "demo --hours 99", "days similar", "explain", "chat --json", "page --config none.toml",
     "bill --foo"],
)  # fmt: skip
def test_nothing_that_a_spanish_household_types_is_answered_in_english(
    words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LC_ALL", "es_ES.UTF-8")
    result = CliRunner().invoke(app, words.split())
    said = result.output + (in_language(str(result.exception), "es") if result.exception else "")
    assert len(said) > 10
    assert ENGLISH.findall(said) == []


def test_settings_that_are_wrong_are_told_in_spanish() -> None:
    english = (
        "advisor.toml: model.mode: should be 'brief' or 'tools' (given: 'none'); memory: no such key here: check its "
        "spelling (given: 'x'); mqtt.port: should be 1 to 65535 (given: 99999); api.port: should be a whole number, "
        "0 to 65535 (given: 'x')"
    )
    assert in_language(english, "es") == (
        "advisor.toml: model.mode: debe ser 'brief' o 'tools' (valor dado: 'none'); memory: esa clave no existe aquí: "
        "revisa cómo está escrita (valor dado: 'x'); mqtt.port: debe estar entre 1 y 65535 (valor dado: 99999); "
        "api.port: debe ser un número entero, entre 0 y 65535 (valor dado: 'x')"
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "settings", "language"),
    [
        ([], {}, None, "en"),
        ([], {"LANG": "es_ES.UTF-8"}, None, "es"),
        ([], {"LANG": "es_ES.UTF-8", "LC_ALL": "C"}, None, "en"),
        ([], {"LANG": "es_ES.UTF-8"}, "", "en"),
        ([], {"ADVISOR_SERVICE__LANGUAGE": "es"}, '[service]\nlanguage = "en"\n', "es"),
        (["--language", "en"], {"ADVISOR_SERVICE__LANGUAGE": "es"}, None, "en"),
        ([], {}, '[service]\nlanguage = "es"\n', "es"),
    ],
)
def test_the_language_is_that_of_the_command_the_settings_or_the_machine(
    arguments: list[str], environment: dict[str, str], settings: str | None, language: str,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if settings is not None:
        (tmp_path / "advisor.toml").write_text(settings, encoding="utf-8")
    assert spoken_language(arguments) == language


@pytest.mark.parametrize(
    ("typed", "default", "agrees"),
    [("s\n", False, True), ("sí\n", False, True), ("y\n", False, True), ("no\n", True, False), ("\n", True, True),
     ("quizá\nn\n", True, False)],
)  # fmt: skip
def test_a_question_is_answered_with_yes_or_no_in_either_language(typed: str, *, default: bool, agrees: bool) -> None:
    program = typer.Typer()

    @program.command()
    def ask() -> None:
        typer.echo(agreed("Keep it?", default=default, language="es"))

    result = CliRunner().invoke(program, input=typed)
    assert result.output.startswith(f"¿Guardarla? {'[S/n]' if default else '[s/N]'}")
    assert result.output.rstrip().endswith(str(agrees))
