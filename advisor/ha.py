"""`advisor ha`: leave Home Assistant as clean as it was before the advisor came."""

from pathlib import Path
from typing import Annotated

import typer

ha_app = typer.Typer(help="The advisor in Home Assistant.", no_args_is_help=True)

Config = Annotated[Path, typer.Option(help="Settings file.")]


@ha_app.command()
def remove(
    *,
    config: Config = Path("advisor.toml"),
    house: Annotated[bool, typer.Option("--house", help="Remove the simulated house's device too.")] = False,
) -> None:
    """Take the advisor's device and everything it retained off the broker; its memory stays."""
    from advisor.ha_remove import remove_device  # noqa: PLC0415 (help answers at once)
    from agent.settings import load_settings  # noqa: PLC0415 (as above)
    from ingest.home_file import load_home  # noqa: PLC0415 (as above)

    settings = load_settings(config)
    home = load_home(settings.home_file)
    count = remove_device(settings.mqtt.address, home.name, house=house)
    typer.echo(f"removed {count} retained messages of {home.name!r}")
