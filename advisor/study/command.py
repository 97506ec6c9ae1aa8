"""`advisor study`: what panels and a battery would do to a home's bill, as one report."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from advisor.memory_choice import MemoryDir, memory_folder
from advisor.spoken_language import SPOKEN, SPOKEN_OPTION


def study(  # noqa: PLR0913 (a command line's options)
    context: typer.Context,
    *,
    place: Annotated[str | None, typer.Option(help="A town in Europe, or LATITUDE,LONGITUDE.")] = None,
    home: Annotated[str | None, typer.Option(help="A home in memory, whose own days are used.")] = None,
    people: Annotated[int, typer.Option(help="People in the home.")] = 3,
    habits: Annotated[str, typer.Option(help="working, at_home or retired.")] = "working",
    floor: Annotated[float, typer.Option(help="Floor area in square metres.")] = 110.0,
    heating: Annotated[str, typer.Option(help="heat_pump, resistive, or other (gas, wood, none).")] = "other",
    hot_water: Annotated[str | None, typer.Option(help="The same for hot water; as for heating by default.")] = None,
    cooling: Annotated[bool, typer.Option("--cooling", help="Air conditioning.")] = False,
    car: Annotated[bool, typer.Option("--car", help="An electric car that charges at home.")] = False,
    kwp: Annotated[
        list[float] | None, typer.Option(help="Panels in kWp, the smallest as today; several times.")
    ] = None,
    battery: Annotated[list[float] | None, typer.Option(help="Battery in kWh; several times.")] = None,
    battery_power: Annotated[
        float | None, typer.Option(help="Power of the battery in kW; half its kWh by default.")
    ] = None,
    battery_efficiency: Annotated[
        float | None,
        typer.Option(min=50, max=100, help="Round-trip efficiency of the battery in per cent; 90 by default."),
    ] = None,
    tariff: Annotated[list[str] | None, typer.Option(help="Tariff by name, today's first; several times.")] = None,
    tilt: Annotated[float, typer.Option(help="Tilt of the panels in degrees.")] = 30.0,
    azimuth: Annotated[float, typer.Option(help="Direction they face: 90 east, 180 south, 270 west.")] = 180.0,
    battery_price: Annotated[float | None, typer.Option(help="Price per kWh, installed; 600 EUR by default.")] = None,
    panel_price: Annotated[float | None, typer.Option(help="Price per kWp, installed; 1200 EUR by default.")] = None,
    subsidy: Annotated[float, typer.Option(min=0, max=90, help="Subsidy in per cent of the price.")] = 0.0,
    battery_years: Annotated[int | None, typer.Option(help="Lifetime of a battery in years; 15 by default.")] = None,
    interest: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="Discount rate: per cent a year by which later savings count less."),
    ] = None,
    year: Annotated[int | None, typer.Option(help="The year that is billed; 2027, or that of the home's days.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed gives another household and weather.")] = 1,
    weather_years: Annotated[int, typer.Option(help="Other years of weather, for the uncertainty.")] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="The first answer only, in plain self-consumption.")] = False,
    step_minutes: Annotated[int, typer.Option(help="Length of a step: 15, 30 or 60.")] = 60,
    language: Annotated[Literal["en", "es"] | None, SPOKEN_OPTION] = None,
    out: Annotated[Path, typer.Option(help="File of the report.")] = Path("study.html"),
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one for each core by default.")] = None,
    dask: Annotated[str | None, typer.Option(help="Address of a Dask scheduler to run on.")] = None,
    memory: MemoryDir = None,
    cache: Annotated[Path, typer.Option(help="Folder in which results are kept.")] = Path(".advisor/study"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with every figure.")] = False,
) -> None:
    """Say whether panels and a battery pay for themselves, and write a report.

    Without --place and --home a terminal asks.
    """
    from advisor.study.asking import StudyAsked
    from advisor.study.run import StudyRun, run_study

    household = {"people": people, "habits": habits, "floor_m2": floor, "heating": heating}
    prices = {
        "battery_per_kwh": battery_price,
        "pv_per_kwp": panel_price,
        "subsidy_share": subsidy / 100,
        "battery_years": battery_years,
        "discount_rate": None if interest is None else interest / 100,
    }
    said = {
        "household": household | {"hot_water": hot_water or heating, "cooling": cooling, "car": car},
        "kwp": kwp,
        "battery_kwh": battery,
        "battery_kw": battery_power,
        "battery_efficiency": None if battery_efficiency is None else battery_efficiency / 100,
        "tariffs": tuple(tariff) if tariff else None,
        "panels": {"tilt_deg": tilt, "azimuth_deg": azimuth},
        "prices": {name: value for name, value in prices.items() if value is not None},
        "year": year,
        "seed": seed,
        "weather_years": weather_years,
        "step_minutes": step_minutes,
        "with_advisor": not quick,
    }
    # A terminal asks in which language, unless it is known to be Spanish.
    language = language or ("es" if SPOKEN.get() == "es" else None)
    asked = StudyAsked(place, home, language, {name: value for name, value in said.items() if value not in (None, [])})
    command = shlex.join(["advisor", *sys.argv[1:]])
    if place is None and home is None and sys.stdin.isatty() and not as_json:
        from advisor.study.command_line import command_line
        from advisor.study.wizard import asked_in_a_terminal

        asked = asked_in_a_terminal(asked)
        command = command_line(context, asked)
    run_study(asked, StudyRun(out, cache, memory_folder(memory), workers, dask, quick, as_json), command)
