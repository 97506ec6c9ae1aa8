"""`python -m benchmarks NAME`: measure this machine."""

from typing import Annotated

import typer

from advisor.cli import reporting_errors
from benchmarks.realism import bench_realism
from benchmarks.simulation import bench_simulation
from energy.errors import SettingsError

bench_app = typer.Typer(help="Measure this machine.", no_args_is_help=True)
bench_app.command("realism")(bench_realism)
bench_app.command("simulation")(bench_simulation)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@bench_app.command("model")
def bench_model(
    *,
    provider: Annotated[str, typer.Option(help="auto, ollama, embedded or openai-compatible.")] = "embedded",
    name: Annotated[str | None, typer.Option(help="Model, where the provider has several.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="Where the model server is.")] = None,
    reviews: Annotated[int, typer.Option(min=1, max=200, help="How many to time.")] = 12,
    as_json: Json = False,
) -> None:
    """Time reviews by the language model on this machine, with what they cost in tokens."""
    from pydantic import ValidationError

    from agent.llm.models import ModelSettings
    from benchmarks.model import bench

    try:
        settings = ModelSettings.model_validate({"provider": provider, "name": name, "base_url": url, "timeout_s": 120})
    except ValidationError as err:
        raise SettingsError("; ".join(problem["msg"] for problem in err.errors(include_url=False))) from err
    bench(settings, reviews, deadline_s=120, as_json=as_json)


@bench_app.command("memory")
def bench_memory(*, as_json: Json = False) -> None:
    """Time indexing ten years of days, and asking for those like one."""
    from benchmarks.memory import show_memory

    show_memory(as_json=as_json)


@bench_app.command("decision")
def bench_decision(*, as_json: Json = False) -> None:
    """Time whole decisions without a model, and the memory that the service holds."""
    from benchmarks.decision import bench

    bench(as_json=as_json)


@bench_app.command("sweep")
def bench_sweep(
    *,
    tasks: Annotated[int, typer.Option(min=1, help="Windows of the exam, each of a week.")] = 24,
    workers: Annotated[int, typer.Option(min=1, help="Processes, and workers of a local Dask cluster.")] = 2,
) -> None:
    """Time a sweep in this process, in processes and on Dask, and compare what it found."""
    from benchmarks.sweep import bench

    bench(tasks=tasks, workers=workers)


@bench_app.command("likes")
def bench_likes(
    *, homes: Annotated[int, typer.Option(min=8, help="Synthetic households, each of them new in turn.")] = 60
) -> None:
    """Measure what days of homes alike are worth to the forecast of a new home's first two weeks."""
    from benchmarks.likes import bench

    bench(homes=homes)


@bench_app.command("edge")
def bench_edge(
    *,
    model: Annotated[bool, typer.Option(help="Also time a review by the embedded model.")] = True,
    as_json: Json = False,
) -> None:
    """Measure start, memory, a decision, a question and a review here, and how large a language model fits."""
    from benchmarks.edge import bench

    bench(model=model, as_json=as_json)


@bench_app.command("answers")
def bench_answers(*, as_json: Json = False) -> None:
    """Time the first word of ten answers with a month and with a year behind them."""
    from benchmarks.answers import bench

    bench(as_json=as_json)


@bench_app.command("api")
def bench_api(*, as_json: Json = False) -> None:
    """Time the API with a year of history, and decisions beside fifty readers."""
    from benchmarks.api import bench_api as bench

    bench(as_json=as_json)


@bench_app.command("mqtt")
def bench_mqtt_rate(
    *,
    broker: Annotated[str | None, typer.Option(help="HOST:PORT of a broker; a Mosquitto of its own without.")] = None,
    as_json: Json = False,
) -> None:
    """Time a simulated house at full speed beside a bare paho publisher, on the same broker in one run."""
    from benchmarks.mqtt import bench_mqtt

    bench_mqtt(broker, as_json=as_json)


@bench_app.command("planner")
def bench_planner(
    peer: Annotated[str, typer.Option(help="The planner to race against: emhass; make peers installs it.")] = "emhass",
) -> None:
    """Race our planner against another on the same problems, in one run."""
    if peer != "emhass":
        raise SettingsError(f"peer {peer!r} is not known: use emhass")
    from benchmarks.planner import bench_planner as race

    typer.echo(race().text())


if __name__ == "__main__":
    reporting_errors(bench_app)
