"""The `advisor` command: every use of the system, one subcommand each."""

import logging
import sys
from importlib.metadata import version
from typing import Annotated

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
from advisor.commands.tune import tune_app
from advisor.exam.command import eval_app
from advisor.exam.prompts import prompts_app
from advisor.explain.command import explain, replay
from advisor.fleet.command import fleet_app
from advisor.homeassistant.command import ha_app
from advisor.spoken_help import SpokenGroup
from advisor.spoken_language import SPOKEN_OPTION, say, spoken_language
from advisor.study.command import study
from advisor.weather.command import weather_app
from agent.decision.constraint_words import Language
from agent.decision.wording.problem_words import in_language
from energy.errors import AdvisorError, MemoryFault, ModelError, SettingsError, TransportError

GREETING = """\
Energy Advisor decides what a home with solar panels and a battery should do,
and explains why.

Four ways in:
  advisor demo     watch a recorded winter day; nothing to install or connect
  advisor study    before you buy: do panels and a battery pay, and why
  advisor setup    connect your own home through Home Assistant
  advisor chat     ask why, what if and how much, of the demo or of your home

advisor --help lists every command; advisor COMMAND --help explains one.
En español: advisor --language es"""
# Where to look further; what is wrong, and what to do about it, the message itself says.
HINTS: dict[type[AdvisorError], str] = {
    TransportError: "advisor doctor checks broker, sensors and settings",
    ModelError: "advisor models lists the models that are there; the advisor also works with --model none",
    MemoryFault: "advisor index check looks at the index; the days themselves are kept apart from it",
    SettingsError: "advisor COMMAND --help lists the options; advisor.example.toml explains every setting",
    AdvisorError: "advisor COMMAND --help lists the options; docs/README.md lists the pages to read",
}
_HINT: dict[Language, str] = {"en": "hint", "es": "pista"}

app = typer.Typer(
    cls=SpokenGroup,
    help="Energy Advisor decides what a home with solar panels and a battery should do next, and explains why.",
    pretty_exceptions_enable=False,
)
for command in (demo, run, page, simulate, study, bill, chat, explain, replay, setup, doctor, mcp):
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
    "tune": tune_app,
}.items():
    app.add_typer(group, name=name)


@app.callback(invoke_without_command=True)
def greet(
    context: typer.Context,
    *,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
    language: Annotated[Language | None, SPOKEN_OPTION] = None,  # noqa: ARG001 (read before all others)
) -> None:
    """Energy Advisor decides what a home with solar panels and a battery should do next, and explains why."""
    if show_version:
        typer.echo(f"energy-advisor {version('energy-advisor')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        say(GREETING)


def main() -> None:
    """Run a command; exit code 0 done, 1 failed, 2 wrong usage or settings."""
    reporting_errors(app)


def reporting_errors(program: typer.Typer) -> None:
    """Run a program; an error of ours is one line on standard error."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for name in ("httpx", "httpx2", "chromadb", "transitions", "distributed"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        program()
    except AdvisorError as err:
        language = spoken_language(sys.argv[1:])
        typer.echo(f"error: {in_language(str(err), language)}", err=True)
        hint = next(hint for kind, hint in HINTS.items() if isinstance(err, kind))
        typer.echo(f"{_HINT[language]}: {in_language(hint, language)}", err=True)
        sys.exit(2 if isinstance(err, SettingsError) else 1)
