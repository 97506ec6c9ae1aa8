"""`advisor ingest csv`: files are read, what they were taken for is shown, and what is unclear is asked."""

import re
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.json_option import Json
from advisor.memory_choice import MemoryDir, memory_folder
from advisor.spoken_language import agreed, say, spoken
from energy.errors import DataError, UnclearError

if TYPE_CHECKING:
    from ingest.history.csv_files import UnderstoodFiles
    from ingest.history.files.table.options import Options

_MOST_QUESTIONS = 12


def ingest_csv(  # noqa: PLR0913 (a command line's options)
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="One file, or several of the same home.")],
    *,
    home: Annotated[str, typer.Option("--home", help="Name of the home.")],
    facts: Annotated[Path, typer.Option(help="TOML with the home's fixed facts.")],
    column: Annotated[
        list[str],
        typer.Option(
            help="ROLE=NAME:UNIT, such as load=Consumo_kWh:kWh; several times. none=NAME ignores one. Here and in the "
            "next four, FILE:… is said of one file alone."
        ),
    ] = [],  # noqa: B006 (typer copies it)
    dates: Annotated[list[str], typer.Option(help="day-first or month-first.")] = [],  # noqa: B006 (typer copies it)
    stamps: Annotated[list[str], typer.Option(help="Times name the start or the end of an interval.")] = [],  # noqa: B006 (typer copies it)
    decimal: Annotated[list[str], typer.Option(help="point or comma.")] = [],  # noqa: B006 (typer copies it)
    zone: Annotated[list[str], typer.Option(help="Zone of the file's clock, if not the home's: UTC, …")] = [],  # noqa: B006 (typer copies it)
    no_export: Annotated[bool, typer.Option("--no-export", help="Nothing is sold to the grid.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Show what was understood and store nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; store if all is clear.")] = False,
    memory: MemoryDir = None,
    as_json: Json = False,
) -> None:
    """Read what a supplier, an inverter or a spreadsheet gives; docs/files.md says what is understood."""
    from advisor.memory import ingest_and_report, understand_files
    from ingest.history.csv_files import summary
    from ingest.history.files.table.options import read_options

    said = {"column": column, "dates": dates, "stamps": stamps, "decimal": decimal, "zone": zone}
    options = read_options(files, [(option, text) for option, texts in said.items() for text in texts])
    options = replace(options, no_export=no_export)
    asks = not (yes or as_json) and sys.stdin.isatty()
    understood = _understood(lambda chosen: understand_files(files, home, facts, chosen), options, asks=asks)
    for line in summary(understood):
        say(line, err=as_json)
    question = f"Store these {len(understood.history.days)} days?"
    if show or (asks and not agreed(question, default=True)):
        for warning in understood.history.warnings:
            say(warning, err=as_json)
        say("nothing was stored", err=as_json)
        return
    more = {
        "taken": [asdict(one) for reading in understood.readings for one in reading.taken],
        "set_aside": {day.isoformat(): why for day, why in understood.set_aside.items()},
    }
    ingest_and_report(understood.history, memory_folder(memory), as_json=as_json, more=more if as_json else None)


def _understood(read: "Callable[[Options], UnderstoodFiles]", options: "Options", *, asks: bool) -> "UnderstoodFiles":
    """Read, asking in a terminal what the files leave open."""
    for _ in range(_MOST_QUESTIONS):
        try:
            return read(options)
        except UnclearError as err:
            if not asks:
                raise
            options = _answered(options, err)
    raise DataError("too many questions: say more with --column; docs/files.md has examples")


def _answered(options: "Options", question: UnclearError) -> "Options":
    """The options with a person's answer; an empty one gives up."""
    from ingest.history.files.table.options import ALL_OF_THEM, read_option

    say(str(question))
    for at, choice in enumerate(question.choices, start=1):
        typer.echo(f"  {at}  {choice}")
    prompt = _PROMPTS.get(question.option, "Which (number or text; empty to stop)")
    reply = typer.prompt(spoken(prompt), default="", show_default=False)
    if not reply:
        raise question
    if reply.isdecimal() and 1 <= int(reply) <= len(question.choices):
        reply = question.choices[int(reply) - 1]
    word, _, role = question.option.partition(" ")
    if word == "no-export":
        return replace(options, no_export=reply.lower() in ("y", "yes", "s", "si", "sí"))
    file = Path(question.file) if question.file else None
    replies = question.choices[:-1] if reply == ALL_OF_THEM else re.split(r" and (?=\w+=)", reply)
    for one in replies if word == "column" else [reply]:
        text = f"{role}={one}" if word == "column" and "=" not in one else one
        options = options.also(read_option(word, text), file)
    return options


_PROMPTS = {"zone": "Zone of the file's clock", "no-export": "Is nothing sold to the grid? (yes, or empty to stop)"}
