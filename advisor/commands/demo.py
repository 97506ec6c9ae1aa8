"""`advisor demo` and `advisor simulate`: the whole system on a played day, or only its house."""

import json
import signal
import sys
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from advisor.date_options import DAY, DAY_SHOWN
from advisor.json_option import Json
from advisor.spoken_language import SPOKEN, SPOKEN_OPTION

HomeName = Annotated[str, typer.Option("--home", help="Name of the home.")]
ScenarioName = Annotated[str | None, typer.Option("--scenario", help="Name of a scenario, or a YAML file.")]
# A day in two minutes: slow enough to follow on the page.
_SPEED_TO_WATCH = 720.0


def demo(  # noqa: PLR0913 (a command line's options)
    *,
    home: HomeName = "citylearn-4",
    day: Annotated[datetime | None, typer.Option(formats=[DAY], metavar=DAY_SHOWN, help="Day to play.")] = None,
    hours: Annotated[int, typer.Option(min=1, max=72, help="Hours to play.")] = 24,
    speed: Annotated[float | None, typer.Option(min=1, help="Simulated seconds per second.")] = None,
    model: Annotated[str, typer.Option(help="Language model: auto, ollama, ollama/NAME, embedded or none.")] = "auto",
    config: Annotated[Path, typer.Option(help="Settings file, whose section `model` is used if it exists.")] = Path(
        "advisor.toml"
    ),
    broker: Annotated[
        str | None, typer.Option(help="HOST:PORT of a broker to use instead of the built-in one.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Save the screen as this SVG file.")] = None,
    scenario: ScenarioName = None,
    devices: Annotated[bool, typer.Option(help="Plan cars, heat pumps and other devices too.")] = True,
    page: Annotated[
        bool, typer.Option("--page", help="Serve the page too, and keep it open when the day is over.")
    ] = False,
    page_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page.")] = 8765,
    language: Annotated[Literal["en", "es"] | None, SPOKEN_OPTION] = None,
    as_json: Json = False,
) -> None:
    """Play a recorded winter day, or a scenario, with house, broker, memory and advisor."""
    from advisor.demo.words import TEXTS

    language = language or SPOKEN.get()
    console = None if as_json else Console()
    if console is not None:
        # Before anything heavy is imported or started: on a slow machine that takes a while.
        console.print(TEXTS[language]["starting"])
    from advisor.demo.report import draw, show
    from advisor.demo.run import DAY, Choices, playing, prepare
    from advisor.demo.scenarios import stage

    choices = Choices(
        home, day.date() if day else DAY, hours, speed, model, config, broker, plan_devices=devices, language=language
    )
    if page:
        choices = replace(choices, page_port=page_port, speed=speed or _SPEED_TO_WATCH)
    with console.status(TEXTS[language]["reading"]) if console else nullcontext():
        staged = stage(scenario, choices) if scenario else (choices, prepare(choices))
    if page:
        from advisor.commands.page import announce, wait_for_interrupt

        announce(staged[0].folder / "memory", page_port, language)
    # When it is ended, it takes the advisor and the house with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with playing(*staged, console) as outcome:
        if picture:
            draw(outcome, picture)
        if as_json:
            typer.echo(json.dumps(outcome.as_json()))
        elif console is not None:
            show(outcome, console)
        if page:
            wait_for_interrupt(language)


def simulate(
    *,
    home: HomeName = "citylearn-4",
    day: Annotated[datetime | None, typer.Option(formats=[DAY], metavar=DAY_SHOWN, help="First day to play.")] = None,
    hours: Annotated[int, typer.Option(min=1, max=24 * 28, help="Hours to play.")] = 24,
    speed: Annotated[float, typer.Option(min=1, help="Simulated seconds per second.")] = 60.0,
    broker: Annotated[str, typer.Option(help="HOST:PORT of the broker.")] = "localhost:1883",
    folder: Annotated[Path, typer.Option(help="Where the house keeps what it plays.")] = Path(".advisor/simulate"),
    scenario: ScenarioName = None,
) -> None:
    """Simulate a house on MQTT: it plays a recorded day, or a scenario, and obeys commands."""
    from advisor.demo.run import DAY, Choices
    from advisor.demo.scenarios import simulate as put_on_mqtt

    choices = Choices(home, day.date() if day else DAY, hours, speed, broker=broker, folder=folder)
    raise typer.Exit(put_on_mqtt(scenario, choices))
