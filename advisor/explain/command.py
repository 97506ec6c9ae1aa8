"""`advisor explain` and `advisor replay`: why a decision was made, and the same decision made again from one file."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from advisor.date_options import CLOCK, MOMENT_SHOWN, MOMENTS
from advisor.json_option import Json
from advisor.memory_choice import chosen_memory

_DEMO = Path(".advisor/demo/memory")


def explain(
    *,
    last: Annotated[bool, typer.Option("--last", help="The newest decision.")] = False,
    at: Annotated[
        datetime | None,
        typer.Option(
            formats=[*MOMENTS, CLOCK],
            metavar=MOMENT_SHOWN,
            help="The decision in force at a local time; HH:MM alone is of the last day.",
        ),
    ] = None,
    memory: Annotated[Path | None, typer.Option(help="Folder of the memory; the one used last by default.")] = None,
    home: Annotated[str | None, typer.Option(help="Name of the home; the one decided for last by default.")] = None,
    export: Annotated[Path | None, typer.Option(help="Write the decision into one file, for advisor replay.")] = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Leave names and notes out of that file.")] = False,
    as_json: Json = False,
) -> None:
    """Explain why a decision was made, from the journal."""
    from advisor.chat.answer_backend import newest_memory
    from advisor.explain.explanation import explain_decision, export_decision
    from energy.errors import SettingsError

    if not last and at is None:
        raise SettingsError("which decision? give --last or --at '2017-01-17 18:30'")
    if anonymous and export is None:
        raise SettingsError("--anonymous needs --export FILE: only what leaves the house is made anonymous")
    folder = memory or newest_memory((chosen_memory(None, home).folder, _DEMO))
    if export is not None:
        export_decision(folder, home, at=at, file=export, anonymous=anonymous)
    else:
        explain_decision(folder, home, at=at, as_json=as_json)


def replay(
    file: Annotated[Path, typer.Argument(help="A file of advisor explain --export.")],
    *,
    as_json: Json = False,
) -> None:
    """Make an exported decision again, and say whether it is the same; exit code 1 if it is not."""
    from advisor.explain.explanation import replay_decision

    if not replay_decision(file, as_json=as_json):
        raise typer.Exit(1)
