"""The option of every command that reports: the same as one JSON object, with its figures by name."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
