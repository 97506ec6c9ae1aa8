"""`advisor index` and `advisor days`: the index over the day store, and days like one another."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from energy.errors import AdvisorError

index_app = typer.Typer(help="Look after the index over the day store.", no_args_is_help=True)
days_app = typer.Typer(help="Look at remembered days.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
MemoryDir = Annotated[Path, typer.Option("--memory", help="Folder of the advisor's memory.")]
DEFAULT_MEMORY = Path(".advisor/memory")


@index_app.command("rebuild")
def index_rebuild(memory: MemoryDir = DEFAULT_MEMORY) -> None:
    """Fill the index anew from the day store."""
    from advisor.memory import rebuild_index

    rebuild_index(memory)


@index_app.command("check")
def index_check(memory: MemoryDir = DEFAULT_MEMORY) -> None:
    """Try whether the index can be read, in a process that may die of it."""
    from knowledge.index import is_sound

    if not is_sound(memory / "index"):
        raise AdvisorError(f"index {str(memory / 'index')!r} is damaged: run advisor index rebuild")
    typer.echo("the index is sound")


@index_app.command("stats")
def index_stats(memory: MemoryDir = DEFAULT_MEMORY, *, as_json: Json = False) -> None:
    """Count what is stored and indexed, per home."""
    from advisor.memory import index_statistics

    index_statistics(memory, as_json=as_json)


@days_app.command("similar")
def days_similar(
    *,
    day: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="Day to compare with.")],
    k: Annotated[int, typer.Option(min=1, max=64, help="How many.")] = 8,
    home: Annotated[str | None, typer.Option(help="Name of the home; the only one known by default.")] = None,
    memory: MemoryDir = DEFAULT_MEMORY,
    as_json: Json = False,
) -> None:
    """Show the days before a date that were most like it, and why."""
    from advisor.memory import show_similar

    show_similar(memory, home, day.date(), k, as_json=as_json)
