"""`advisor ingest csv`: files are read, what they were taken for is shown, and what is unclear is asked."""

import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from advisor.json_option import Json
from energy.errors import DataError, UnclearError

if TYPE_CHECKING:
    from ingest.history.csv_files import UnderstoodFiles
    from ingest.history.files.table.options import Options

DEFAULT_MEMORY = Path(".advisor/memory")
_MOST_QUESTIONS = 12


def ingest_csv(  # noqa: PLR0913 (a command line's options)
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="One file, or several of the same home.")],
    *,
    home: Annotated[str, typer.Option("--home", help="Name of the home.")],
    facts: Annotated[Path, typer.Option(help="TOML with the home's fixed facts.")],
    column: Annotated[
        list[str],
        typer.Option(help="ROLE=NAME:UNIT, such as load=Consumo_kWh:kWh; several times. none=NAME ignores one."),
    ] = [],  # noqa: B006 (typer copies it)
    dates: Annotated[Literal["day-first", "month-first"] | None, typer.Option(help="day-first or month-first.")] = None,
    stamps: Annotated[
        Literal["start", "end"] | None, typer.Option(help="Times name the start or the end of an interval.")
    ] = None,
    decimal: Annotated[Literal["point", "comma"] | None, typer.Option(help="point or comma.")] = None,
    zone: Annotated[str | None, typer.Option(help="Zone of the file's clock, if not the home's: UTC, …")] = None,
    no_export: Annotated[bool, typer.Option("--no-export", help="Nothing is sold to the grid.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Show what was understood and store nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; store if all is clear.")] = False,
    memory: Annotated[Path, typer.Option("--memory", help="Folder of the advisor's memory.")] = DEFAULT_MEMORY,
    as_json: Json = False,
) -> None:
    """Read what a supplier, an inverter or a spreadsheet gives; docs/files.md says what is understood."""
    from advisor.memory import ingest_and_report, understand_files
    from ingest.history.csv_files import summary
    from ingest.history.files.table.options import Options, read_wish, read_zone

    options = Options(
        columns=tuple(read_wish(text) for text in column),
        dates=dates,
        stamps=stamps,
        decimal=decimal,
        zone=read_zone(zone),
        no_export=no_export,
    )
    asks = not (yes or as_json) and sys.stdin.isatty()
    understood = _understood(lambda chosen: understand_files(files, home, facts, chosen), options, asks=asks)
    for line in summary(understood):
        typer.echo(line, err=as_json)
    if show or (asks and not typer.confirm(f"Store these {len(understood.history.days)} days?", default=True)):
        for warning in understood.history.warnings:
            typer.echo(warning, err=as_json)
        typer.echo("nothing was stored", err=as_json)
        return
    more = {
        "taken": [asdict(one) for reading in understood.readings for one in reading.taken],
        "set_aside": {day.isoformat(): why for day, why in understood.set_aside.items()},
    }
    ingest_and_report(understood.history, memory, as_json=as_json, more=more if as_json else None)


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
    from ingest.history.files.table.options import read_wish, read_zone

    typer.echo(str(question))
    for at, choice in enumerate(question.choices, start=1):
        typer.echo(f"  {at}  {choice}")
    reply = typer.prompt(
        _PROMPTS.get(question.option, "Which (number or text; empty to stop)"), default="", show_default=False
    )
    if not reply:
        raise question
    if reply.isdecimal() and 1 <= int(reply) <= len(question.choices):
        reply = question.choices[int(reply) - 1]
    word, _, role = question.option.partition(" ")
    if word == "column":
        wish = read_wish(reply if "=" in reply else f"{role}={reply}")
        return replace(options, columns=(*options.columns, wish))
    if word == "zone":
        return replace(options, zone=read_zone(reply))
    if word == "no-export":
        return replace(options, no_export=reply.lower() in ("y", "yes", "s", "si", "sí"))
    if word == "dates":
        return replace(options, dates="month-first" if reply.startswith("m") else "day-first")
    return replace(options, decimal="comma" if reply.startswith("c") else "point")


_PROMPTS = {"zone": "Zone of the file's clock", "no-export": "Is nothing sold to the grid? (yes, or empty to stop)"}
