"""The language of the command line: that of the command, else of its settings, else of this machine."""

import os
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from itertools import pairwise
from pathlib import Path

import typer

from agent.decision.constraint_words import Language
from agent.decision.wording.problem_words import in_language

# As `[service] language` of the settings, from the environment.
_VARIABLE = "ADVISOR_SERVICE__LANGUAGE"
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
_YES, _NO = ("y", "yes", "s", "si", "sí"), ("n", "no")
SPOKEN: ContextVar[Language] = ContextVar("spoken", default="en")
# `--language` of the commands that show something in the household's language.
SPOKEN_OPTION = typer.Option("--language", help="en or es; else that of the settings, or of this machine.")


def spoken(text: str) -> str:
    """A text of ours in the language of this command."""
    return in_language(text, SPOKEN.get())


def say(text: str, *, err: bool = False) -> None:
    """Print a text of ours in the language of this command."""
    typer.echo(spoken(text), err=err)


def agreed(question: str, *, default: bool = False, language: Language | None = None) -> bool:
    """Ask a question until it is answered with yes or no, in either language; an empty line is the default."""
    spoken_in = language or SPOKEN.get()
    marks = {"en": "[Y/n]" if default else "[y/N]", "es": "[S/n]" if default else "[s/N]"}
    while said := typer.prompt(
        f"{in_language(question, spoken_in)} {marks[spoken_in]}", "", show_default=False
    ).strip():
        if said.lower() in _YES or said.lower() in _NO:
            return said.lower() in _YES
        typer.echo(in_language("answer yes or no", spoken_in), err=True)
    return default


@contextmanager
def working(text: str) -> Iterator[None]:
    """Something that takes a while: a line that moves meanwhile, on a terminal's standard error."""
    from rich.console import Console  # noqa: PLC0415 (commands that take no time need not load it)

    console = Console(stderr=True)
    with console.status(f"{spoken(text)} …") if console.is_terminal else nullcontext():
        yield


def spoken_language(arguments: Sequence[str]) -> Language:
    """`--language`, else `language` under `[service]` of the settings that the command reads, else the locale."""
    asked: object = _given(arguments, "--language") or os.environ.get(_VARIABLE)
    settings = Path(_given(arguments, "--config") or "advisor.toml")
    if not asked:
        asked = _of_settings(settings) if settings.exists() else _of_machine()
    return "es" if asked == "es" else "en"


def _given(arguments: Sequence[str], option: str) -> str | None:
    """The value of an option, as its own word or behind an equals sign."""
    for word, following in pairwise((*arguments, "")):
        if word == option:
            return following
        if word.startswith(f"{option}="):
            return word.removeprefix(f"{option}=")
    return None


def _of_settings(path: Path) -> object:
    """What a settings file says; whatever is wrong with it is reported by whoever needs it."""
    try:
        service = tomllib.loads(path.read_text(encoding="utf-8")).get("service")
    except (OSError, ValueError):
        return None
    return service.get("language") if isinstance(service, dict) else None


def _of_machine() -> str:
    """The two letters of the locale's language, as in `es_ES.UTF-8`."""
    return next((value for name in _LOCALE if (value := os.environ.get(name))), "")[:2]
