"""`advisor weather`: a PV forecast from a free weather service, for those online; off unless it is called."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.json_option import Json

if TYPE_CHECKING:
    from advisor.weather.forecast import Forecaster

weather_app = typer.Typer(help="Solar forecasts from Open-Meteo.", no_args_is_help=True)

_Site = Annotated[Path, typer.Option("--site", help="TOML with place and panels; see site.example.toml.")]
_Cache = Annotated[Path, typer.Option(help="Where answers are kept.")]
_Service = Annotated[str, typer.Option("--service", help="Where the service is.")]
_CACHE, _URL = Path(".advisor/weather"), "https://api.open-meteo.com"


@weather_app.command("show")
def weather_show(
    *,
    site: _Site = Path("site.toml"),
    cache: _Cache = _CACHE,
    service: _Service = _URL,
    as_json: Json = False,
) -> None:
    """Print what the panels are expected to give; asks the service once an hour at most."""
    from advisor.weather.forecast import show

    raise typer.Exit(0 if show(_forecaster(site, cache, service), datetime.now(UTC), as_json=as_json) else 1)


@weather_app.command("publish")
def weather_publish(
    *,
    home: Annotated[str, typer.Option(help="Name of the home.")],
    broker: Annotated[str, typer.Option(help="HOST:PORT of the broker.")] = "localhost:1883",
    site: _Site = Path("site.toml"),
    cache: _Cache = _CACHE,
    service: _Service = _URL,
    once: Annotated[bool, typer.Option("--once", help="Publish once and end.")] = False,
) -> None:
    """Publish the forecast for the service every hour; the login is that of `advisor run`.

    Give the login in ADVISOR_MQTT__USERNAME and ADVISOR_MQTT__PASSWORD.
    """
    from advisor.weather.forecast import publish
    from transport.mqtt import BrokerAddress

    address = BrokerAddress.from_environment(broker)
    forecaster = _forecaster(site, cache, service)
    raise typer.Exit(0 if publish(forecaster, home, address, once=once, clock=lambda: datetime.now(UTC)) else 1)


def _forecaster(site: Path, cache: Path, service: str) -> "Forecaster":
    from advisor.weather.forecast import Forecaster
    from ingest.open_meteo import OpenMeteo
    from ingest.site import load_site

    known = load_site(site)
    return Forecaster(known, OpenMeteo(known.place, cache, base_url=service, wait=time.sleep))
