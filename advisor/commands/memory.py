"""`advisor index` and `advisor days`: the index over the day store, and days like one another."""

import json
from datetime import datetime
from typing import Annotated

import typer

from advisor.date_options import DAY, DAY_SHOWN
from advisor.json_option import Json
from advisor.memory_choice import MemoryDir, chosen_memory
from advisor.spoken_language import spoken
from energy.errors import AdvisorError

index_app = typer.Typer(help="Rebuild, check or count the index that finds similar days.", no_args_is_help=True)
days_app = typer.Typer(help="Days in memory.", no_args_is_help=True)


@index_app.command("rebuild")
def index_rebuild(memory: MemoryDir = None, *, as_json: Json = False) -> None:
    """Rebuild the index from the day store."""
    from advisor.memory import rebuild_index

    rebuild_index(chosen_memory(memory, None).folder, as_json=as_json)


@index_app.command("check")
def index_check(memory: MemoryDir = None, *, as_json: Json = False) -> None:
    """Check that the index can be read, in a separate process in case it crashes."""
    from knowledge.index import is_sound

    folder = chosen_memory(memory, None).folder / "index"
    if not is_sound(folder):
        raise AdvisorError(f"index {str(folder)!r} is damaged: run advisor index rebuild")
    typer.echo(json.dumps({"sound": True}) if as_json else spoken("the index is sound"))


@index_app.command("stats")
def index_stats(memory: MemoryDir = None, *, as_json: Json = False) -> None:
    """Count the days stored and indexed for each home."""
    from advisor.memory import index_statistics

    index_statistics(chosen_memory(memory, None).folder, as_json=as_json)


@days_app.command("similar")
def days_similar(
    *,
    day: Annotated[datetime, typer.Option("--date", formats=[DAY], metavar=DAY_SHOWN, help="Day to compare with.")],
    k: Annotated[int, typer.Option(min=1, max=64, help="How many.")] = 8,
    home: Annotated[
        str | None, typer.Option(help="Name of the home; that of advisor.toml, or the only one known, by default.")
    ] = None,
    memory: MemoryDir = None,
    as_json: Json = False,
) -> None:
    """Show the days before a date that were most like it, and why."""
    from advisor.memory import show_similar

    chosen = chosen_memory(memory, home)
    show_similar(chosen.folder, chosen.home, day.date(), k, as_json=as_json)
