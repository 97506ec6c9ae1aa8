"""`python -m benchmarks simulation`: how fast a year is made up and played, and whether its books balance."""

import json
import time
from datetime import timedelta
from typing import Annotated

import typer


def bench_simulation(
    *,
    home: Annotated[str, typer.Option(help="Which known synthetic home.")] = "all-electric",
    days: Annotated[int, typer.Option(min=1, max=366, help="Days to live through.")] = 365,
    seed: Annotated[int, typer.Option(help="Which weather and people.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Live through a year at five-minute steps without MQTT: seconds, and the greatest error of any step in kWh."""
    from simulator.conservation_check import errors_of_a_year, errors_of_play
    from simulator.house.house import House
    from simulator.synthetic.home import STEP, day_records, live, record
    from simulator.synthetic.presets import preset

    began = time.process_time()
    year = live(preset(home), seed=seed, days=days)
    day_records(year)
    made = time.process_time()
    house = House(record(year), step=STEP, slot=timedelta(minutes=30), soc=0.5, seed=seed)
    start_kwh, steps = house.stored_kwh, []
    while not house.finished:
        steps.append(house.step())
    played = time.process_time()
    battery = year.spec.battery
    errors = errors_of_a_year(year) | errors_of_play(steps, battery, start_kwh=start_kwh)
    figures = {
        "days": days,
        "steps": len(steps),
        "make_cpu_s": round(made - began, 2),
        "play_cpu_s": round(played - made, 2),
    }
    if as_json:
        typer.echo(json.dumps(figures | {"greatest_error_kwh": errors}))
        return
    typer.echo(f"{days} days of {home!r} made in {figures['make_cpu_s']} s of one core")
    typer.echo(f"{len(steps)} steps with a battery played in {figures['play_cpu_s']} s")
    typer.echo("greatest error of a step in kWh: " + ", ".join(f"{name} {error:.1e}" for name, error in errors.items()))
