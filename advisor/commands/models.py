"""`advisor models`: what language models are there, what fits this machine, and fetching one through Ollama."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.json_option import Json
from advisor.spoken_figures import decimal
from advisor.spoken_language import SPOKEN, say, spoken

if TYPE_CHECKING:
    from agent.llm.models import ModelSettings
    from agent.llm.ollama_catalogue import OnShelf

models_app = typer.Typer(
    help="List language models and what fits this machine, or fetch one through Ollama.",
    invoke_without_command=True,
)

Url = Annotated[str | None, typer.Option("--url", help="Where Ollama is; OLLAMA_HOST or this machine by default.")]
Config = Annotated[Path, typer.Option(help="Settings file, if it exists: the model it names is marked.")]
DEFAULT = Path("advisor.toml")


@models_app.callback()
def models(context: typer.Context, *, url: Url = None, config: Config = DEFAULT, as_json: Json = False) -> None:
    """List what is there, what fits this machine, and which one the settings name."""
    if context.invoked_subcommand is not None:
        return
    from advisor.model_choice import chosen_model
    from agent.llm.models import embedded_model
    from agent.llm.ollama_catalogue import memory_gb, shelf, suggestions
    from energy.errors import ModelError

    problem, chosen = "", chosen_model(config, "auto")
    try:
        known = shelf(url or chosen.base_url)
    except ModelError as err:
        known, problem = suggestions(), str(err)
    embedded, missing = embedded_model()
    if as_json:
        rows = [asdict(one) | {"size_gb": round(one.size_gb, 2), "configured": is_named(one, chosen)} for one in known]
        result = {"memory_gb": round(memory_gb(), 1), "embedded": embedded, "embedded_problem": missing, "ollama": rows}
        typer.echo(json.dumps(result | {"ollama_problem": problem}))
        return
    say(f"This machine has {memory_gb():.0f} GB of memory.")
    say(f"Embedded: {embedded or missing}")
    _show(known, problem, chosen)


def is_named(model: "OnShelf", chosen: "ModelSettings") -> bool:
    """Whether the settings name this model, or leave it to the usual one; Ollama's tag `latest` need not be said."""
    from agent.llm.models import OLLAMA_MODEL

    if chosen.provider not in {"auto", "ollama"}:
        return False
    return (chosen.name or OLLAMA_MODEL) in {model.name, model.name.removesuffix(":latest")}


def _show(known: "list[OnShelf]", problem: str, chosen: "ModelSettings") -> None:
    from rich.console import Console
    from rich.table import Table

    say(f"Ollama: {problem or 'answers'}")
    table = Table(*map(spoken, ("model", "size", "here", "fits in memory", "capabilities", "context")))
    table.columns[0].no_wrap = True
    for model in known:
        name = spoken(f"{model.name} (in your settings)") if is_named(model, chosen) else model.name
        here = spoken("yes" if model.present else "no")
        fits = spoken("yes" if model.fits else "too large")
        context = f"{model.context_length:,}" if model.context_length else ""
        table.add_row(
            name, f"{decimal(model.size_gb, 1, SPOKEN.get())} GB", here, fits, ", ".join(model.capabilities), context
        )
    Console().print(table)
    if not all(model.present for model in known):
        say("To fetch one: advisor models pull MODEL")


@models_app.command("pull")
def pull_model(
    name: Annotated[str, typer.Argument(help="Model to fetch, such as qwen3:4b-instruct.")],
    url: Url = None,
) -> None:
    """Fetch a model through Ollama, with its progress."""
    from rich.progress import Progress

    from agent.llm.ollama_catalogue import pull

    with Progress() as bar:
        task = bar.add_task(name, total=None)
        for step in pull(name, url):
            bar.update(task, description=f"{name}: {step.doing}", completed=step.done, total=step.total or None)
    say(f"{name} is here")
