"""`advisor ingest synthetic`: a home that never was, from a few facts or from a preset, brought into memory."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from advisor.json_option import Json
from advisor.memory_choice import MemoryDir, memory_folder
from advisor.spoken_language import working


def ingest_synthetic(  # noqa: PLR0913 (a command line's options)
    *,
    home: Annotated[str, typer.Option("--home", help="Name of the home.")],
    preset: Annotated[
        str | None, typer.Option(help="Begin with a known one: heat-pump, busy-family, all-electric, couple, retired.")
    ] = None,
    facts: Annotated[Path | None, typer.Option(help="TOML with battery, grid, tariff, zone and panels' peak.")] = None,
    latitude: Annotated[float | None, typer.Option(help="Degrees north.")] = None,
    longitude: Annotated[float | None, typer.Option(help="Degrees east.")] = None,
    altitude: Annotated[float | None, typer.Option(help="Metres above the sea.")] = None,
    zone: Annotated[str | None, typer.Option(help="IANA zone, such as Europe/Madrid.")] = None,
    year: Annotated[int, typer.Option(min=1990, max=2090, help="Calendar year.")] = 2025,
    days: Annotated[int, typer.Option(help="Days from 1 January on.")] = 365,
    seed: Annotated[int, typer.Option(help="Another seed, another weather, other people.")] = 1,
    people: Annotated[int | None, typer.Option(help="How many people live there.")] = None,
    heat_pump: Annotated[bool, typer.Option("--heat-pump", help="Heat and hot water by a heat pump.")] = False,
    cooling: Annotated[bool, typer.Option("--cooling", help="Air conditioning.")] = False,
    car: Annotated[bool, typer.Option("--car", help="An electric car.")] = False,
    away: Annotated[list[str] | None, typer.Option(help="Days away, FIRST:LAST; several times.")] = None,
    guests: Annotated[list[str] | None, typer.Option(help="Days with guests, FIRST:LAST; several times.")] = None,
    pv: Annotated[float | None, typer.Option(help="Peak of the panels in kW, facing the equator.")] = None,
    battery: Annotated[float | None, typer.Option(help="Capacity in kWh, charged within two hours.")] = None,
    step_minutes: Annotated[int, typer.Option(help="Minutes of a stored slot: 5, 10, 15, 20, 30 or 60.")] = 30,
    memory: MemoryDir = None,
    as_json: Json = False,
) -> None:
    """Make up a year of a home; the same seed gives the same weather, people and devices."""
    from advisor.commands.synthetic_home import battery_of, panels, periods, spec_from
    from advisor.memory import ingest_and_report
    from simulator.synthetic.home import synthetic_history

    place = {"latitude": latitude, "longitude": longitude, "altitude_m": altitude}
    life = {"people": people, "away": periods("away", away), "guests": periods("guests", guests)}
    electric: dict[str, object] = {"heating": "heat_pump", "hot_water": "heat_pump"} if heat_pump else {}
    given: dict[str, object] = {
        "name": home,
        "zone": zone,
        "first_day": date(year, 1, 1),
        "place": place,
        "life": life,
        "house": electric | ({"cooling": True} if cooling else {}),
        "car": {} if car else None,
        "pv": panels(pv, latitude),
        "battery": battery_of(battery),
    }
    spec = spec_from(preset, facts, given)
    with working("Making up the days"):
        history = synthetic_history(spec, seed=seed, days=days, step=timedelta(minutes=step_minutes))
    ingest_and_report(history, memory_folder(memory), as_json=as_json)
