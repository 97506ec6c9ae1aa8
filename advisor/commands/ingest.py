"""`advisor ingest`: history from files, recorded homes, Home Assistant, or a synthetic home."""

from pathlib import Path
from typing import Annotated

import typer

from advisor.commands.files import ingest_csv
from advisor.commands.home import ingest_homeassistant
from advisor.commands.many_homes import ingest_homes
from advisor.commands.synthetic import ingest_synthetic
from advisor.json_option import Json
from advisor.memory_choice import MemoryDir, memory_folder

ingest_app = typer.Typer(help="Bring history into memory.", no_args_is_help=True)
ingest_app.command("homeassistant")(ingest_homeassistant)
ingest_app.command("synthetic")(ingest_synthetic)


ingest_app.command("csv")(ingest_csv)
ingest_app.command("homes")(ingest_homes)


@ingest_app.command("home")
def ingest_home(
    name: Annotated[str, typer.Argument(help="A shipped home, or citylearn:N with --from.")],
    *,
    wheel: Annotated[Path | None, typer.Option("--from", help="The CityLearn 2.1.2 wheel.")] = None,
    memory: MemoryDir = None,
    as_json: Json = False,
) -> None:
    """Read a recorded home: a shipped one, or one from the CityLearn wheel."""
    from advisor.memory import ingest_and_report, recorded_history

    ingest_and_report(recorded_history(name, wheel), memory_folder(memory), as_json=as_json)
