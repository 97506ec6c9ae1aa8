"""`advisor eval run`: collect the records of a suite or of one home with progress, and grade them."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from energy.errors import SettingsError
from eval.collect.homes import DYNAMIC, OWN, HistorySource, history_of, with_named_tariff
from eval.collect.policies import POLICIES
from eval.collect.rollout import collect
from eval.collect.suites import Suite, home_suite, shortened, suite_named
from eval.grade.records import Cell
from eval.report.report import setting_figures, write_report
from eval.sweep.processes import ProcessSweep
from eval.sweep.sweep import Sweep


@dataclass(frozen=True, slots=True)
class ExamRun:
    """What is to be sat, by whom and how."""

    policies: Sequence[str] = POLICIES
    redo: Sequence[str] = ()
    sweep: Sweep = field(default_factory=lambda: ProcessSweep(2))
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


_WINDOW_DAYS = 28


@dataclass(frozen=True, slots=True)
class HomeWindows:
    """Of one home: when windows begin and how long they are, and which batteries and tariffs are tried."""

    first_days: Sequence[date] = ()
    days: int = _WINDOW_DAYS
    batteries_kwh: Sequence[float] = ()
    tariffs: Sequence[str] = ()

    @property
    def chosen(self) -> bool:
        """Whether anything was asked for."""
        return bool(self.first_days or self.batteries_kwh or self.tariffs) or self.days != _WINDOW_DAYS


def check_choice(suite: str | None, home: str | None, windows: HomeWindows, *, prices: bool) -> None:
    """Refuse what would be ignored.

    Raises:
        SettingsError: a suite and a home, windows without a home, or auction prices without the tariff that reads them.
    """
    if suite is not None and home is not None:
        raise SettingsError(f"--suite {suite!r} and --home {home!r}: give one of them; a home is a suite of its own")
    if home is None and windows.chosen:
        raise SettingsError("--start, --window-days, --battery and --tariff choose for one home: give --home as well")
    if home is not None and prices != (DYNAMIC in windows.tariffs):
        raise SettingsError("--prices belongs to --tariff dynamic: give both or neither")


def check_model_options(suite: str | None, *, parts: str | None, limit: int | None) -> None:
    """Refuse options of the suite `model` that another suite would not look at.

    Raises:
        SettingsError: parts or a limit without that suite.
    """
    if suite != "model" and (parts is not None or limit is not None):
        raise SettingsError("--parts and --limit choose within --suite model: give it as well, or leave them out")


def run_home(name: str, sitting: ExamRun, windows: HomeWindows, *, source: HistorySource) -> None:
    """Sit the exam on one home, window by window over all it has or over those that are asked for.

    Raises:
        SettingsError: a home, policy or tariff is not known.
    """
    history = history_of(source, name)
    for tariff in windows.tariffs:
        if tariff not in {OWN, DYNAMIC}:
            with_named_tariff(history, tariff)
    suite = home_suite(
        history,
        window_days=windows.days,
        first_days=windows.first_days,
        batteries_kwh=windows.batteries_kwh,
        tariffs=windows.tariffs,
    )
    _run(shortened(suite, sitting.days), source, sitting)


def _run(suite: Suite, source: HistorySource, sitting: ExamRun) -> None:
    cells = suite.cells(sitting.policies)
    folder = sitting.out / suite.name / "records"
    for cell in cells:
        if cell.policy in sitting.redo:
            (folder / f"{cell.name}.zip").unlink(missing_ok=True)
    played = _collect(suite.name, cells, source, folder, sitting)
    page, text = write_report(folder, folder.parent, source=source)
    if sitting.as_json:
        result = {"played": played, "cells": len(cells), "page": str(page), "table": str(text)}
        typer.echo(json.dumps(result | {"settings": setting_figures(folder)}))
    else:
        typer.echo(f"{played} played, {len(cells) - played} were there already, in {folder}")
        typer.echo(f"page:  {page}\ntable: {text}")


def _collect(name: str, cells: Sequence[Cell], source: HistorySource, folder: Path, sitting: ExamRun) -> int:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(name, total=len(cells))

        def show(cell: Cell, status: str) -> None:
            bar.update(task, advance=1, description=f"{cell.policy} on {cell.home}: {status}")

        return collect(cells, source, folder, sweep=sitting.sweep, progress=show)
