"""`advisor eval ablation`: play what has not been played, then write the tables and the picture."""

import sys
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from energy.errors import SettingsError
from eval.collect.ablation import cases, results, run
from eval.collect.homes import HistorySource
from eval.report.ablation import ablation_digest, write_ablation
from eval.report.report import ABLATION_MARK, refresh
from eval.sweep.sweep import Sweep


def run_ablation(
    wheel: Path | None, prices: Path | None, folder: Path, *, sweep: Sweep, report_only: bool, into: Path | None
) -> None:
    """Play every case, with progress, tell where the tables are, and refresh those of the document `into`.

    Raises:
        SettingsError: a wheel is missing.
        DataError: nothing was played, or the document has no place for the tables.
    """
    if not report_only:
        if wheel is None or prices is None:
            raise SettingsError(
                "the recorded homes and the auction's prices are needed: give --from and --prices, "
                "or --report-only to tell what was played",
            )
        _play(HistorySource(wheel, None, prices), folder, sweep)
    found = results(folder)
    table, picture = write_ablation(found, folder)
    if into is not None:
        refresh(into, ablation_digest(found), mark=ABLATION_MARK)
    typer.echo(f"tables:  {table}\npicture: {picture}")


def _play(source: HistorySource, folder: Path, sweep: Sweep) -> None:
    todo = list(cases())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("ablation", total=len(todo))

        def show(name: str) -> None:
            bar.update(task, advance=1, description=name)

        run(todo, source, folder, sweep=sweep, progress=show)
