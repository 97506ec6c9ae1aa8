"""The commands around a real home: learn from its Home Assistant, set it up, look it over."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Option(help="Settings file.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
CONFIG = Path("advisor.toml")


def ingest_homeassistant(
    *,
    config: Config = CONFIG,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day; else after the last complete one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Read the statistics that Home Assistant keeps of your home; goes on after the last day that is known."""
    from advisor.history import ingest_and_tell  # noqa: PLC0415 (help answers at once)
    from advisor.learn import read_days  # noqa: PLC0415 (as above)
    from agent.settings import load_settings  # noqa: PLC0415 (as above)
    from ingest.home_file import load_home  # noqa: PLC0415 (as above)

    settings = load_settings(config)
    history = read_days(settings, load_home(settings.home_file), since=since.date() if since else None)
    ingest_and_tell(history, settings.memory_dir, as_json=as_json)
