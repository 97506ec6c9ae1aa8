"""The `advisor` command: every use of the system, one subcommand each."""

import json
import logging
import signal
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from advisor.chat import chat
from advisor.exam_cli import eval_app
from advisor.explain_cli import explain, replay
from advisor.ha import ha_app
from advisor.home_cli import register_home
from advisor.models_cli import bench_model, models_app
from advisor.notes import notes_app
from advisor.prompts_cli import prompts_app
from advisor.realism_cli import bench_realism
from advisor.scenarios_cli import scenarios_app
from advisor.simulation_bench import bench_simulation
from advisor.synthetic_cli import ingest_synthetic
from advisor.weather_cli import weather_app
from energy.errors import AdvisorError, SettingsError

app = typer.Typer(
    help="Energy Advisor: decides what a home with panels and a battery should do next, and says why.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
ingest_app = typer.Typer(help="Bring history into memory.", no_args_is_help=True)
index_app = typer.Typer(help="Look after the index over the day store.", no_args_is_help=True)
days_app = typer.Typer(help="Look at remembered days.", no_args_is_help=True)
bench_app = typer.Typer(help="Measure this machine.", no_args_is_help=True)
schema_app = typer.Typer(help="Print the JSON schemas of what is published.", no_args_is_help=True)
app.command("chat")(chat)
app.command("explain")(explain)
app.command("replay")(replay)
app.add_typer(eval_app, name="eval")
app.add_typer(ingest_app, name="ingest")
app.add_typer(weather_app, name="weather")
register_home(app, ingest_app)
ingest_app.command("synthetic")(ingest_synthetic)
app.add_typer(index_app, name="index")
app.add_typer(days_app, name="days")
app.add_typer(bench_app, name="bench")
bench_app.command("realism")(bench_realism)
bench_app.command("simulation")(bench_simulation)
bench_app.command("model")(bench_model)
app.add_typer(schema_app, name="schema")
app.add_typer(scenarios_app, name="scenarios")
app.add_typer(notes_app, name="notes")
app.add_typer(models_app, name="models")
app.add_typer(prompts_app, name="prompts")
app.add_typer(ha_app, name="ha")

MemoryDir = Annotated[Path, typer.Option("--memory", help="Folder of the advisor's memory.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
HomeName = Annotated[str, typer.Option("--home", help="Name of the home.")]
ScenarioName = Annotated[str | None, typer.Option("--scenario", help="A scenario: its name, or a YAML file.")]
# A day in two minutes: slow enough to follow on the page.
_SPEED_TO_WATCH = 720.0
DEFAULT_MEMORY = Path(".advisor/memory")


def main() -> None:
    """Run a command; exit code 0 done, 1 failed, 2 wrong usage or settings."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for name in ("httpx", "httpx2", "chromadb", "sentence_transformers", "transitions"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        app()
    except AdvisorError as err:
        print(f"error: {err}", file=sys.stderr)  # noqa: T201 (what a user reads)
        sys.exit(2 if isinstance(err, SettingsError) else 1)


@app.command()
def demo(  # noqa: PLR0913 (a command line's options)
    *,
    home: HomeName = "citylearn-4",
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day to play.")] = None,
    hours: Annotated[int, typer.Option(min=1, max=72, help="Hours to play.")] = 24,
    speed: Annotated[float | None, typer.Option(min=1, help="Simulated seconds per second.")] = None,
    model: Annotated[str, typer.Option(help="auto, ollama, embedded or none.")] = "auto",
    broker: Annotated[str | None, typer.Option(help="HOST:PORT of a broker to use instead of the own one.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Save the terminal as an SVG.")] = None,
    scenario: ScenarioName = None,
    devices: Annotated[bool, typer.Option(help="Plan cars, heat pumps and other devices too.")] = True,
    page: Annotated[bool, typer.Option("--page", help="Serve the page too, and go on when the day is over.")] = False,
    page_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page.")] = 8765,
    as_json: Json = False,
) -> None:
    """Play a recorded winter day, or a scenario: house, broker, memory and advisor together."""
    from advisor.demo import DAY, Choices, playing, prepare
    from advisor.page import announce, wait_for_interrupt
    from advisor.report import draw, tell
    from advisor.scenarios import stage

    choices = Choices(home, day.date() if day else DAY, hours, speed, model, broker, plan_devices=devices)
    if page:
        choices = replace(choices, page_port=page_port, speed=speed or _SPEED_TO_WATCH)
    console = None if as_json else Console()
    staged = stage(scenario, choices) if scenario else (choices, prepare(choices, quiet=as_json))
    if page:
        announce(staged[0].folder / "memory", page_port)
    # Told to end, it takes the advisor and the house with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with playing(*staged, console) as outcome:
        if picture:
            draw(outcome, picture)
        if as_json:
            print(json.dumps(outcome.as_json()))  # noqa: T201 (the answer)
        elif console is not None:
            tell(outcome, console)
        if page:
            wait_for_interrupt()


@app.command()
def run(config: Annotated[Path, typer.Option(help="Settings file.")] = Path("advisor.toml")) -> None:
    """Run the advisor of a home until it is stopped."""
    from agent.__main__ import serve

    serve(config)


@app.command()
def page(config: Annotated[Path, typer.Option(help="Settings file.")] = Path("advisor.toml")) -> None:
    """Print the addresses of a running service's page, with what lets you in."""
    from advisor.page import show_addresses

    show_addresses(config)


@app.command()
def simulate(
    *,
    home: HomeName = "citylearn-4",
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day to play.")] = None,
    hours: Annotated[int, typer.Option(min=1, max=24 * 28, help="Hours to play.")] = 24,
    speed: Annotated[float, typer.Option(min=1, help="Simulated seconds per second.")] = 60.0,
    broker: Annotated[str, typer.Option(help="HOST:PORT of the broker.")] = "localhost:1883",
    folder: Annotated[Path, typer.Option(help="Where the house keeps what it plays.")] = Path(".advisor/simulate"),
    scenario: ScenarioName = None,
) -> None:
    """Put a house on MQTT that plays a recorded day, or a scenario, and obeys commands."""
    from advisor.demo import DAY, Choices
    from advisor.scenarios import simulate as put_on_mqtt

    choices = Choices(home, day.date() if day else DAY, hours, speed, broker=broker, folder=folder)
    raise typer.Exit(put_on_mqtt(scenario, choices))


@app.command()
def size(
    *,
    home: Annotated[str, typer.Option(help="A home in memory, or a shipped one.")] = "citylearn-4",
    battery: Annotated[list[float], typer.Option(help="Battery sizes in kWh; give it several times.")] = [3, 6.4, 13.5],  # noqa: B006 (typer copies it)
    pv: Annotated[list[float], typer.Option(help="Factors on the panels that stand there.")] = [1.0],  # noqa: B006 (as above)
    battery_price: Annotated[float, typer.Option(min=0, help="Installed price per kWh.")] = 600.0,
    full: Annotated[bool, typer.Option("--full", help="Play every week instead of every fourth.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for the page and the table.")] = Path(".advisor/size"),
    memory: MemoryDir = DEFAULT_MEMORY,
) -> None:
    """Say what a battery would earn a home, and whether one is worth it at all."""
    from advisor.history import known_history
    from eval.investment import Assumptions
    from eval.sizing import size as play_sizes
    from eval.sizing_report import answer, write_sizing

    history = known_history(home, memory)
    table = play_sizes(
        history,
        batteries_kwh=battery,
        tariffs={"its tariff": history.home.tariff},
        pv_factors=pv,
        assumed=Assumptions(battery_per_kwh=battery_price),
        every=1 if full else 4,
        workers=2,
    )
    page, text = write_sizing(table, out)
    print(answer(table, "its tariff"))  # noqa: T201 (the answer)
    print(f"table: {text}\npage:  {page}")  # noqa: T201 (the answer)


@ingest_app.command("csv")
def ingest_csv(
    file: Path,
    *,
    home: HomeName,
    facts: Annotated[Path, typer.Option(help="TOML with the home's fixed facts.")],
    memory: MemoryDir = DEFAULT_MEMORY,
    as_json: Json = False,
) -> None:
    """Read a CSV with columns timestamp, load_kw, pv_kw and optional ones."""
    from advisor.history import csv_history, ingest_and_tell

    ingest_and_tell(csv_history(file, home, facts), memory, as_json=as_json)


@ingest_app.command("home")
def ingest_home(
    name: Annotated[str, typer.Argument(help="A shipped home, or citylearn:N with --from.")],
    *,
    wheel: Annotated[Path | None, typer.Option("--from", help="CityLearn 2.1.2 wheel to read it from.")] = None,
    memory: MemoryDir = DEFAULT_MEMORY,
    as_json: Json = False,
) -> None:
    """Read a recorded home: one that is shipped, or one out of the CityLearn wheel."""
    from advisor.history import ingest_and_tell, recorded_history

    ingest_and_tell(recorded_history(name, wheel), memory, as_json=as_json)


@index_app.command("rebuild")
def index_rebuild(memory: MemoryDir = DEFAULT_MEMORY) -> None:
    """Fill the index anew from the day store."""
    from advisor.history import rebuild_index

    rebuild_index(memory)


@index_app.command("check")
def index_check(memory: MemoryDir = DEFAULT_MEMORY) -> None:
    """Try whether the index can be read, in a process that may die of it."""
    from knowledge.index import is_sound

    if not is_sound(memory / "index"):
        raise AdvisorError(f"index {str(memory / 'index')!r} is damaged: run advisor index rebuild")
    print("the index is sound")  # noqa: T201 (the answer)


@index_app.command("stats")
def index_stats(memory: MemoryDir = DEFAULT_MEMORY, *, as_json: Json = False) -> None:
    """Count what is stored and indexed, per home."""
    from advisor.history import index_statistics

    index_statistics(memory, as_json=as_json)


@days_app.command("similar")
def days_similar(
    *,
    day: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="Day to compare with.")],
    k: Annotated[int, typer.Option(min=1, max=64, help="How many.")] = 8,
    home: Annotated[str | None, typer.Option(help="Name of the home; the only one known by default.")] = None,
    memory: MemoryDir = DEFAULT_MEMORY,
    as_json: Json = False,
) -> None:
    """Show the days before a date that were most like it, and why."""
    from advisor.history import show_similar

    show_similar(memory, home, day.date(), k, as_json=as_json)


@bench_app.command("memory")
def bench_memory(
    *,
    narratives: Annotated[bool, typer.Option(help="Embed the narratives too, which takes longer.")] = True,
    as_json: Json = False,
) -> None:
    """Time indexing ten years of days, and asking for those like one."""
    from advisor.bench_memory import show_memory

    show_memory(narratives=narratives, as_json=as_json)


@bench_app.command("decision")
def bench_decision(*, as_json: Json = False) -> None:
    """Time whole decisions without a model, and the memory that the service holds."""
    from advisor.bench import bench

    bench(as_json=as_json)


@bench_app.command("api")
def bench_api(*, as_json: Json = False) -> None:
    """Time the API with a year of history, and decisions beside fifty readers."""
    from advisor.bench_api import bench_api as bench

    bench(as_json=as_json)


@bench_app.command("mqtt")
def bench_mqtt_rate(
    *,
    broker: Annotated[str | None, typer.Option(help="HOST:PORT of a broker; a Mosquitto of its own without.")] = None,
    as_json: Json = False,
) -> None:
    """Time a simulated house at full speed beside a bare paho publisher, on the same broker in one run."""
    from advisor.mqtt_bench import bench_mqtt

    bench_mqtt(broker, as_json=as_json)


@bench_app.command("planner")
def bench_planner(
    peer: Annotated[str, typer.Option(help="The planner to race against: emhass; make peers installs it.")] = "emhass",
) -> None:
    """Race our planner against another on the same problems, in one run."""
    if peer != "emhass":
        raise SettingsError(f"peer {peer!r} is not known: use emhass")
    from eval.peer_bench import bench_planner as race

    print(race().text())  # noqa: T201 (the answer)


@schema_app.command("command")
def schema_command() -> None:
    """Print the JSON schema that every published command obeys."""
    from energy.commands import command_schema

    print(json.dumps(command_schema(), indent=1))  # noqa: T201 (the answer)


@schema_app.command("device-command")
def schema_device_command() -> None:
    """Print the JSON schema of every command to a load, a zone or the grid connection."""
    from energy.commands import device_command_schema

    print(json.dumps(device_command_schema(), indent=1))  # noqa: T201 (the answer)
