"""`advisor ha`: the dashboard, its pictures, its PV forecast, and leaving Home Assistant as clean as before."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from advisor.json_option import Json
from advisor.spoken_language import SPOKEN, SPOKEN_OPTION, say

if TYPE_CHECKING:
    from ingest.homeassistant.client import HomeAssistantSettings

ha_app = typer.Typer(help="The advisor in Home Assistant.", no_args_is_help=True)

Config = Annotated[Path, typer.Option(help="Settings file.")]


@ha_app.command()
def remove(
    *,
    config: Config = Path("advisor.toml"),
    house: Annotated[bool, typer.Option("--house", help="Remove the simulated house's device too.")] = False,
    as_json: Json = False,
) -> None:
    """Remove the advisor's device and retained messages from the broker; its memory stays."""
    from advisor.homeassistant.remove import remove_device
    from agent.settings import load_settings
    from ingest.home_file import load_home

    settings = load_settings(config)
    home = load_home(settings.home_file)
    count = remove_device(settings.mqtt.address, home.name, house=house)
    if as_json:
        typer.echo(json.dumps({"home": home.name, "removed": count}))
    else:
        say(f"removed {count} retained messages of {home.name!r}")


@ha_app.command("dashboard")
def print_dashboard(
    *,
    config: Config = Path("advisor.toml"),
    home: Annotated[str | None, typer.Option(help="Name of the home; else that of the settings, or my-home.")] = None,
    language: Annotated[Literal["en", "es"] | None, SPOKEN_OPTION] = None,
) -> None:
    """Print the dashboard for a home, as YAML to copy into Home Assistant, with the entities that it has there."""
    from advisor.homeassistant.dashboard import dashboard
    from agent.settings import load_settings
    from ingest.home_file import load_home

    batteries: tuple[str, ...] = ()
    known: Mapping[str, str] = {}
    if config.exists():
        settings = load_settings(config)
        facts, language = load_home(settings.home_file), language or settings.service.language
        if home in {None, facts.name}:
            home, batteries = facts.name, tuple(one.name for one in facts.batteries)
            known = _known_entities(settings.homeassistant)
    text = dashboard(home or "my-home", batteries=batteries, language=language or SPOKEN.get(), known=known)
    typer.echo(text, nl=False)


def _known_entities(settings: "HomeAssistantSettings") -> dict[str, str]:
    """What Home Assistant calls the advisor's entities; nothing, and a word why, where it cannot be asked."""
    from energy.errors import AdvisorError
    from ingest.homeassistant.client import HomeAssistant

    if settings.token is None and settings.token_file is None:
        return {}
    try:
        with HomeAssistant(settings.address()) as assistant:
            return assistant.mqtt_entities()
    except AdvisorError as err:
        say(f"{err}: the dashboard has the usual names of the entities", err=True)
        return {}


@ha_app.command()
def forecast(
    *,
    config: Config = Path("advisor.toml"),
    once: Annotated[bool, typer.Option("--once", help="Publish once and end; 1 if there is none.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --once: print one JSON object.")] = False,
) -> None:
    """Publish the energy dashboard's solar forecast for the service, every half hour until stopped."""
    from advisor.homeassistant.forecast import keep_publishing, publish_forecast
    from agent.settings import load_settings
    from ingest.home_file import load_home

    settings = load_settings(config)
    home = load_home(settings.home_file)
    if not once:
        keep_publishing(settings, home)
    forecast = publish_forecast(settings, home)
    if as_json:
        typer.echo(json.dumps({"pv_forecast": None if forecast is None else forecast.model_dump(mode="json")}))
    elif forecast is None:
        say("none: the energy dashboard has no solar forecast (Settings > Dashboards > Energy > Solar panels)")
    else:
        say(
            f"published {sum(forecast.known_kw):.1f} kWh over {len(forecast.values_kw)} hours "
            f"from {forecast.start:%d %b %H:%M} UTC"
        )
    raise typer.Exit(1 if forecast is None else 0)
