"""The command line's help and its wrong-usage messages, in the language that the command speaks."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from typer.core import TyperGroup

from advisor.spoken_language import SPOKEN, spoken, spoken_language

# What Typer itself writes around help and errors in Spanish, by the names of its constants.
_FRAMES = {
    "DEFAULT_STRING": "[por defecto: {}]",
    "REQUIRED_LONG_STRING": "[obligatorio]",
    "ARGUMENTS_PANEL_TITLE": "Argumentos",
    "OPTIONS_PANEL_TITLE": "Opciones",
    "COMMANDS_PANEL_TITLE": "Órdenes",
    "ABORTED_TEXT": "Cancelado.",
    "RICH_HELP": "Ayuda: [blue]'{command_path} {help_option}'[/]",
}

_USAGE = {"Usage:": "Uso:", "[OPTIONS]": "[OPCIONES]", "COMMAND [ARGS]...": "ORDEN [ARGUMENTOS]..."}
_PLAINER = {"Value error, ": "", "Input should": "should", "%Y-%m-%d": "YYYY-MM-DD", "%H:%M": "HH:MM", ":%S": ":SS"}


class SpokenGroup(TyperGroup):
    """The root of all commands: sets the language before anything is parsed, and translates help and errors."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command in its language."""
        arguments = args[0] if args else options.get("args")
        token = SPOKEN.set(spoken_language(sys.argv[1:] if arguments is None else list(arguments)))
        try:
            with _frames():
                if SPOKEN.get() != "en":
                    _translate(self)
                return super().main(*args, **options)
        finally:
            SPOKEN.reset(token)

    def make_context(self, *args: Any, **options: Any) -> Any:
        """Read the root's own options."""
        with _spoken_errors():
            return super().make_context(*args, **options)

    def invoke(self, ctx: Any) -> Any:
        """Read the command's options and run it."""
        with _spoken_errors():
            return super().invoke(ctx)


def _translate(command: Any) -> None:
    """Help of a command, its options and its subcommands."""
    command.help = _paragraphs(command.help)
    command.short_help = _paragraphs(command.short_help)
    for parameter in command.params:
        parameter.help = _paragraphs(getattr(parameter, "help", None))
    for inner in getattr(command, "commands", {}).values():
        _translate(inner)
    help_option, usage = command.get_help_option, command.get_usage

    def translated(ctx: Any) -> Any:
        if (option := help_option(ctx)) is not None:
            option.help = _paragraphs(option.help)
        return option

    command.get_help_option = translated
    command.get_usage = lambda ctx: _usage(usage(ctx))


def _usage(text: str) -> str:
    for english, spanish in _USAGE.items():
        text = text.replace(english, spanish)
    return text


def _paragraphs(text: str | None) -> str | None:
    return text and "\n\n".join(spoken(" ".join(part.split())) for part in text.strip().split("\n\n"))


@contextmanager
def _frames() -> Iterator[None]:
    """Typer's own words around help and errors, translated for as long as a command runs."""
    if SPOKEN.get() == "en":
        yield
        return
    from typer import rich_utils  # noqa: PLC0415 (English commands need not load it)

    before = {name: getattr(rich_utils, name) for name in _FRAMES}
    try:
        for name, text in _FRAMES.items():
            setattr(rich_utils, name, text)
        yield
    finally:
        for name, text in before.items():
            setattr(rich_utils, name, text)


@contextmanager
def _spoken_errors() -> Iterator[None]:
    """Wrong usage, said in the language of the command."""
    try:
        yield
    except Exception as err:
        if hasattr(err, "format_message"):
            said = spoken(_plain(err.format_message()))
            err.format_message = lambda: said
        raise


def _plain(text: str) -> str:
    """A message without the words of the libraries that check values."""
    for theirs, ours in _PLAINER.items():
        text = text.replace(theirs, ours)
    return text
