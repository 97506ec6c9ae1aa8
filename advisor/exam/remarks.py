"""`advisor eval remarks`: play what has not been played, then write the table."""

import json
from dataclasses import asdict
from pathlib import Path

import typer

from eval.remarks.playing import remark_cases, run_remarks
from eval.report.remarks import remark_figures, remark_table
from eval.report.report import REMARKS_MARK, refresh


def _show(name: str) -> None:
    typer.echo(name, err=True)


def run_remark_exam(folder: Path, *, workers: int, into: Path | None, as_json: bool) -> None:
    """Play every case, name each on standard error, show the table, and put it into the document `into`.

    Raises:
        DataError: the document has no place for the table.
    """
    found = run_remarks(list(remark_cases()), folder, workers=workers, progress=_show)
    table = remark_table(found)
    if into is not None:
        refresh(into, table, mark=REMARKS_MARK)
    variants = [asdict(one) for one in remark_figures(found)]
    typer.echo(json.dumps({"variants": variants}) if as_json else table)
