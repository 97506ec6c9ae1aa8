"""`advisor schema`: the JSON schemas of what is published."""

import json

import typer

schema_app = typer.Typer(help="Print the JSON schemas of what is published.", no_args_is_help=True)


@schema_app.command("command")
def schema_command() -> None:
    """Print the JSON schema that every published command obeys."""
    from energy.commands import command_schema

    typer.echo(json.dumps(command_schema(), indent=1))


@schema_app.command("device-command")
def schema_device_command() -> None:
    """Print the JSON schema of every command to a load, a zone or the grid connection."""
    from energy.commands import device_command_schema

    typer.echo(json.dumps(device_command_schema(), indent=1))
