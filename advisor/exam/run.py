"""`advisor eval run`: collect the records of a suite or of one home with progress, and grade them."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from eval.collect.homes import HistorySource, history_of
from eval.collect.policies import POLICIES
from eval.collect.rollout import collect
from eval.collect.suites import Suite, home_suite, shortened, suite_named
from eval.grade.records import Cell
from eval.report.report import write_report


@dataclass(frozen=True, slots=True)
class ExamRun:
    """What is to be sat, by whom and how."""

    policies: Sequence[str] = POLICIES
    redo: Sequence[str] = ()
    workers: int = 2
    timeout_s: float = 1800.0
    out: Path = Path(".advisor/eval")
    # Of windows longer than this only the first days are played.
    days: int | None = None
    as_json: bool = False


def run_suite(name: str, sitting: ExamRun, *, wheel: Path | None, prices: Path | None) -> None:
    """Sit a suite; what the advisor remembers of homes of the same names is not looked at.

    Raises:
        SettingsError: a suite or policy is not known.
    """
    _run(shortened(suite_named(name), sitting.days), HistorySource(wheel, None, prices), sitting)


def run_home(name: str, sitting: ExamRun, *, wheel: Path | None, memory: Path) -> None:
    """Sit the exam on one home, window by window over all it has.

    Raises:
        SettingsError: a home or policy is not known.
    """
    source = HistorySource(wheel, memory)
    _run(home_suite(history_of(source, name)), source, sitting)


def _run(suite: Suite, source: HistorySource, sitting: ExamRun) -> None:
    cells = suite.cells(sitting.policies)
    folder = sitting.out / suite.name / "records"
    for cell in cells:
        if cell.policy in sitting.redo:
            (folder / f"{cell.name}.zip").unlink(missing_ok=True)
    played = _collect(suite.name, cells, source, folder, sitting)
    page, text = write_report(folder, folder.parent, source=source)
    if sitting.as_json:
        told = {"played": played, "cells": len(cells), "page": str(page), "table": str(text)}
        typer.echo(json.dumps(told))
    else:
        typer.echo(f"{played} played, {len(cells) - played} were there already, in {folder}")
        typer.echo(f"page:  {page}\ntable: {text}")


def _collect(name: str, cells: Sequence[Cell], source: HistorySource, folder: Path, sitting: ExamRun) -> int:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(name, total=len(cells))

        def told(cell: Cell, status: str) -> None:
            bar.update(task, advance=1, description=f"{cell.policy} on {cell.home}: {status}")

        return collect(
            cells,
            source,
            folder,
            workers=sitting.workers,
            progress=told,
            timeout_s=sitting.timeout_s,
        )
