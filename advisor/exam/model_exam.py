"""`advisor eval run --suite model`: a language model sits its exam, and a report says what it is worth."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from agent.llm.models import LoadedModel, load_model
from energy.errors import ModelError
from eval.collect.model_seat import model_settings
from eval.collect.replies import with_replies
from eval.model_exam.model_exam import PARTS, sit, write_results
from eval.model_exam.report import write_model_report
from eval.model_exam.scores import CaseResult, Examinee

# Longer than the service waits: the exam asks what an answer is worth, and reports its seconds beside it.
_TIMEOUT_S = 180.0


def run_model_exam(
    model: str, *, parts: str | None = None, limit: int | None = None, out: Path, as_json: bool = False
) -> None:
    """Sit the exam and write the report.

    Raises:
        SettingsError: the model or a part is not known.
        ModelError: the model cannot be had.
    """
    chosen = tuple(parts.split(",")) if parts else tuple(PARTS)
    folder = out / "model" / re.sub(r"[/:@]+", "_", model)
    results = _sit(model, chosen, limit, out / "replies")
    write_results(results, folder / "cases.jsonl")
    page, text, figures = write_model_report(results, model, folder)
    if as_json:
        result = {"cases": len(results), "page": str(page), "table": str(text), "figures": str(figures)}
        typer.echo(json.dumps(result))
    else:
        typer.echo(text.read_text(encoding="utf-8"))
        typer.echo(f"page: {page}\nfigures: {figures}")


def _sit(name: str, parts: tuple[str, ...], limit: int | None, replies: Path) -> list[CaseResult]:
    columns = (TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task, done = bar.add_task("model exam"), [0]

        def show(part: str) -> None:
            done[0] += 1
            bar.update(task, description=f"{part}: {done[0]} cases")

        if name == "none":
            return sit(Examinee(), parts=parts, limit=limit, progress=show)
        with loaded(name) as model:
            return sit(Examinee(*with_replies(model, replies)), parts=parts, limit=limit, progress=show)


@contextmanager
def loaded(name: str) -> Iterator[LoadedModel]:
    """A model by its name in the exam, closed at the end.

    Raises:
        ModelError: it cannot be had.
    """
    model = load_model(model_settings(name))
    if model is None:
        raise ModelError("no language model is available: see `advisor models`")
    try:
        yield model
    finally:
        model.close()
