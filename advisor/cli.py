"""The `advisor` command: every use of the system, one subcommand each."""

import logging
import sys

import typer

from advisor.chat.command import chat
from advisor.commands.bill import bill
from advisor.commands.demo import demo, simulate
from advisor.commands.home import doctor, setup
from advisor.commands.ingest import ingest_app
from advisor.commands.mcp import mcp
from advisor.commands.memory import days_app, index_app
from advisor.commands.models import models_app
from advisor.commands.notes import notes_app
from advisor.commands.run import page, run
from advisor.commands.scenarios import scenarios_app
from advisor.commands.schema import schema_app
from advisor.commands.size import size
from advisor.exam.command import eval_app
from advisor.exam.prompts import prompts_app
from advisor.explain.command import explain, replay
from advisor.fleet.command import fleet_app
from advisor.homeassistant.command import ha_app
from advisor.weather.command import weather_app
from energy.errors import AdvisorError, SettingsError

app = typer.Typer(
    help="Energy Advisor: decides what a home with panels and a battery should do next, and says why.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (demo, run, page, simulate, size, bill, chat, explain, replay, setup, doctor, mcp):
    app.command()(command)
for name, group in {
    "ingest": ingest_app,
    "index": index_app,
    "days": days_app,
    "notes": notes_app,
    "scenarios": scenarios_app,
    "eval": eval_app,
    "prompts": prompts_app,
    "models": models_app,
    "weather": weather_app,
    "ha": ha_app,
    "fleet": fleet_app,
    "schema": schema_app,
}.items():
    app.add_typer(group, name=name)


def main() -> None:
    """Run a command; exit code 0 done, 1 failed, 2 wrong usage or settings."""
    reporting_errors(app)


def reporting_errors(program: typer.Typer) -> None:
    """Run a program; an error of ours is one line on standard error."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for name in ("httpx", "httpx2", "chromadb", "sentence_transformers", "transitions"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        program()
    except AdvisorError as err:
        typer.echo(f"error: {err}", err=True)
        sys.exit(2 if isinstance(err, SettingsError) else 1)
