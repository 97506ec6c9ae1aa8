"""`advisor run` and `advisor page`: the service, and the way to its page."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Option(help="Settings file.")]


def run(config: Config = Path("advisor.toml")) -> None:
    """Run the advisor of a home until it is stopped."""
    from agent.__main__ import serve

    serve(config)


def page(config: Config = Path("advisor.toml")) -> None:
    """Print the addresses of a running service's page, with what lets you in."""
    from advisor.commands.page import show_addresses

    show_addresses(config)
