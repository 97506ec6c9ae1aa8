"""`advisor models`: what language models are there, what fits this machine, and fetching one through Ollama."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from agent.llm.ollama_catalogue import OnShelf

models_app = typer.Typer(
    help="Language models: what is there, what fits, and fetching one through Ollama.",
    invoke_without_command=True,
)

Url = Annotated[str | None, typer.Option("--url", help="Where Ollama is; OLLAMA_HOST or this machine by default.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@models_app.callback()
def models(context: typer.Context, *, url: Url = None, as_json: Json = False) -> None:
    """List what is there and what fits this machine."""
    if context.invoked_subcommand is not None:
        return
    from agent.llm.models import embedded_model
    from agent.llm.ollama_catalogue import memory_gb, shelf, suggestions
    from energy.errors import ModelError

    problem = ""
    try:
        known = shelf(url)
    except ModelError as err:
        known, problem = suggestions(), str(err)
    embedded, missing = embedded_model()
    if as_json:
        rows = [{"name": m.name, "size_gb": round(m.size_gb, 2), "fits": m.fits, "present": m.present} for m in known]
        told = {"memory_gb": round(memory_gb(), 1), "embedded": embedded, "embedded_problem": missing, "ollama": rows}
        typer.echo(json.dumps(told | {"ollama_problem": problem}))
        return
    typer.echo(f"This machine has {memory_gb():.0f} GB of memory.")
    typer.echo(f"Embedded: {embedded or missing}")
    _tell(known, problem)


def _tell(known: "list[OnShelf]", problem: str) -> None:
    from rich.console import Console
    from rich.table import Table

    typer.echo(f"Ollama: {problem or 'answers'}")
    table = Table("model", "size", "here", "fits in memory")
    for model in known:
        here = "yes" if model.present else f"no: advisor models pull {model.name}"
        table.add_row(model.name, f"{model.size_gb:.1f} GB", here, "yes" if model.fits else "too large")
    Console().print(table)


@models_app.command("pull")
def pull_model(
    name: Annotated[str, typer.Argument(help="Model to fetch, such as qwen3:4b-instruct.")],
    url: Url = None,
) -> None:
    """Fetch a model through Ollama, showing how far it is."""
    from rich.progress import Progress

    from agent.llm.ollama_catalogue import pull

    with Progress() as bar:
        task = bar.add_task(name, total=None)
        for step in pull(name, url):
            bar.update(task, description=f"{name}: {step.doing}", completed=step.done, total=step.total or None)
    typer.echo(f"{name} is here")
