"""`advisor eval ablation`: play what has not been played, then write the tables and the picture."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from energy.errors import SettingsError
from eval.collect.ablation import cases, results, run
from eval.collect.homes import HistorySource
from eval.report.ablation import ablation_digest, ablation_figures, write_ablation
from eval.report.report import ABLATION_MARK, refresh
from eval.sweep.sweep import Sweep


def tell_ablation(folder: Path, *, into: Path | None, as_json: bool) -> None:
    """Write the tables of what was played, say where they are or print their figures, and refresh a document's.

    Raises:
        DataError: nothing was played, or the document has no place for the tables.
    """
    found = results(folder)
    table, picture = write_ablation(found, folder)
    if into is not None:
        refresh(into, ablation_digest(found), mark=ABLATION_MARK)
    if as_json:
        variants = [asdict(one) for one in ablation_figures(found)]
        typer.echo(json.dumps({"table": str(table), "picture": str(picture), "variants": variants}))
        return
    typer.echo(f"tables:  {table}\npicture: {picture}")


def play_ablation(wheel: Path | None, prices: Path | None, folder: Path, sweep: Sweep) -> None:
    """Play every case that was not played yet, with progress.

    Raises:
        SettingsError: a wheel is missing.
    """
    if wheel is None or prices is None:
        raise SettingsError(
            "the recorded homes and the auction's prices are needed: give --from and --prices, "
            "or --report-only to tell what was played",
        )
    source = HistorySource(wheel, None, prices)
    todo = list(cases())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("ablation", total=len(todo))

        def show(name: str) -> None:
            bar.update(task, advance=1, description=name)

        run(todo, source, folder, sweep=sweep, progress=show)
