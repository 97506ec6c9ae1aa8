"""The commands around a real home: learn from its Home Assistant, set it up, look it over."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from advisor.date_options import DAY, DAY_SHOWN
from advisor.json_option import Json
from advisor.spoken_language import SPOKEN_OPTION, working

Config = Annotated[Path, typer.Option(help="Settings file.")]
CONFIG = Path("advisor.toml")


def ingest_homeassistant(
    *,
    config: Config = CONFIG,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=[DAY], metavar=DAY_SHOWN, help="First day to read; else the day after the last known one."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Read your home's history from Home Assistant, from the last known day on."""
    from advisor.memory import ingest_and_report
    from advisor.setup.learn import read_days
    from agent.settings import load_settings
    from ingest.home_file import load_home

    settings = load_settings(config)
    with working("Reading Home Assistant's history"):
        history = read_days(settings, load_home(settings.home_file), since=since.date() if since else None)
    ingest_and_report(history, settings.memory_dir, as_json=as_json)


def setup(  # noqa: PLR0913 (a command line's options)
    *,
    url: Annotated[str, typer.Option(help="Where Home Assistant is.")] = "http://homeassistant.local:8123",
    token_file: Annotated[
        Path | None, typer.Option(help="File with a long-lived token; or set ADVISOR_HOMEASSISTANT__TOKEN.")
    ] = None,
    broker: Annotated[str, typer.Option(help="HOST:PORT of the broker that Home Assistant uses.")] = "127.0.0.1:1883",
    username: Annotated[
        str | None, typer.Option(help="User of the broker; password in ADVISOR_MQTT__PASSWORD.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where advisor.toml and home.toml go.")] = Path(),
    name: Annotated[str | None, typer.Option(help="Name of the home.")] = None,
    sensor: Annotated[
        list[str], typer.Option(help="ROLE=ENTITY instead of what would be found; ROLE=-ENTITY reverses its sign.")
    ] = [],  # noqa: B006 (typer copies it)
    statestream: Annotated[str | None, typer.Option(help="Base topic of mqtt_statestream, if it is not found.")] = None,
    mqtt: Annotated[
        bool, typer.Option("--mqtt", help="Read the sensors from mqtt_statestream, not from Home Assistant itself.")
    ] = False,
    capacity_kwh: Annotated[float | None, typer.Option(help="Usable capacity of the battery, in kWh.")] = None,
    max_charge_kw: Annotated[float | None, typer.Option(help="Highest charging power of the battery, in kW.")] = None,
    max_discharge_kw: Annotated[
        float | None, typer.Option(help="Highest discharging power of the battery, in kW.")
    ] = None,
    one_battery: Annotated[
        bool, typer.Option("--one-battery", help="Take several batteries of the energy dashboard as one.")
    ] = False,
    pv_peak_kw: Annotated[float | None, typer.Option(help="Peak power of the panels, in kW.")] = None,
    import_limit_kw: Annotated[float | None, typer.Option(help="Most that may be imported, in kW.")] = None,
    export_limit_kw: Annotated[float | None, typer.Option(help="Most that may be exported, in kW.")] = None,
    tariff: Annotated[str | None, typer.Option(help="flat:0.25, es-2.0td or citylearn.")] = None,
    tax_percent: Annotated[
        float | None, typer.Option(min=0, max=100, help="Tax on top of an entity's prices, in per cent; 0: none.")
    ] = None,
    language: Annotated[Literal["en", "es"] | None, SPOKEN_OPTION] = None,  # noqa: ARG001 (read before all others)
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; fail if something is unclear.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace existing files, which are kept as *.old.")
    ] = False,
) -> None:
    """Set up a home from its Home Assistant: find the sensors, check signs and units, write both files."""
    from rich.console import Console

    from advisor.setup.run import Wishes, set_up

    facts = {
        "capacity_kwh": capacity_kwh,
        "max_charge_kw": max_charge_kw,
        "max_discharge_kw": max_discharge_kw,
        "pv_peak_kw": pv_peak_kw,
        "import_limit_kw": import_limit_kw,
        "export_limit_kw": export_limit_kw,
    }
    wishes = Wishes(
        folder=folder,
        yes=yes,
        overwrite=overwrite,
        url=url,
        token_file=token_file,
        broker=broker,
        username=username,
        name=name,
        sensors=tuple(sensor),
        statestream=statestream,
        mqtt=mqtt,
        facts=facts,
        tariff=tariff,
        tax_percent=tax_percent,
        one_battery=one_battery,
    )
    set_up(wishes, Console())


def doctor(
    *,
    config: Config = CONFIG,
    listen: Annotated[float, typer.Option(min=1, max=300, help="Seconds to listen to the sensors.")] = 15.0,
    as_json: Json = False,
) -> None:
    """Check everything and say how to fix it; exit code 1 problems, 2 unreadable settings, 3 only warnings."""
    from rich.console import Console

    from advisor.doctor import run as examination

    with working(f"Checking; listening to the sensors for up to {listen:g} s"):
        findings, code = examination.examine(config, listen_s=listen)
    if as_json:
        typer.echo(examination.as_json(findings))
    else:
        examination.show(findings, Console())
    raise typer.Exit(code)
