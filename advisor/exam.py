"""`advisor eval run`: collect the records of a suite or of one home, with progress."""

import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from eval.policies import POLICIES
from eval.records import Cell
from eval.rollout import collect
from eval.suites import Source, history_of, home_suite, suite_named


def run_exam(
    name: str,
    policies: str | None,
    *,
    one_home: bool,
    wheel: Path | None,
    memory: Path,
    workers: int,
    out: Path,
) -> None:
    """Play every cell that has no record yet, and tell where the records are.

    Raises:
        SettingsError: a suite, home or policy is not known.
    """
    source = Source(wheel, memory)
    suite = home_suite(history_of(source, name)) if one_home else suite_named(name)
    cells = suite.cells(policies.split(",") if policies else POLICIES)
    folder = out / suite.name / "records"
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(suite.name, total=len(cells))

        def told(cell: Cell, status: str) -> None:
            bar.update(task, advance=1, description=f"{cell.policy} on {cell.home}: {status}")

        played = collect(cells, source, folder, workers=workers, progress=told)
    print(f"{played} played, {len(cells) - played} were there already, in {folder}")  # noqa: T201 (the answer)
    print(f"next: advisor eval report {suite.name}")  # noqa: T201 (the answer)
