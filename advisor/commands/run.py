"""`advisor run` and `advisor page`: the service, and the way to its page."""

from pathlib import Path
from typing import Annotated

import typer

from advisor.json_option import Json

Config = Annotated[Path, typer.Option(help="Settings file.")]


def run(config: Config = Path("advisor.toml")) -> None:
    """Run the advisor for your home until it is stopped."""
    from advisor.study.desk import ProcessDesk
    from agent.__main__ import serve

    serve(config, ProcessDesk)


def page(
    config: Config = Path("advisor.toml"),
    *,
    as_json: Json = False,
) -> None:
    """Print the addresses of the running service's page, with its access token."""
    from advisor.commands.page import show_addresses

    show_addresses(config, as_json=as_json)
