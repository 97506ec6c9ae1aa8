"""`advisor eval rules`, `families` and `yields`: what rules of bills do to plans and savings, and what panels give."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from energy.errors import DataError
from eval.bills.families import family_savings
from eval.bills.rule_report import rule_results, rule_section
from eval.bills.rule_windows import cases, play_cases, read_cases
from eval.realism.stations import station_suns, station_table
from eval.realism.yields import published_table, published_yields, town_yields, yield_table
from eval.report.page import markdown
from eval.report.report import refresh
from eval.sweep.sweep import Sweep

RULES_MARK = "<!-- rules: written by advisor eval rules -->\n"
YIELDS_MARK = "<!-- yields: written by advisor eval yields -->\n"
_STATIONS = "Level irradiation beside weather files of stations, where sun and cloud were measured:"
_PUBLISHED = "What is published of towns, beside the mean of thirty synthetic years:"
_YIELDS = "What 1 kWp facing south at 35 degrees gives, to be held against your own query of PVGIS:"


def tell_rules(folder: Path, *, into: Path | None, as_json: bool) -> None:
    """Print what was played, as a table or its figures, and refresh the table of a document.

    Raises:
        DataError: nothing was played, or the document has no place for the table.
    """
    months = read_cases(folder) if folder.is_dir() else []
    if not months:
        raise DataError(f"no records in {str(folder)!r}: run it without --report-only first")
    text = markdown("Rules of bills", [rule_section(months)])
    if into is not None:
        refresh(into, text, mark=RULES_MARK)
    typer.echo(json.dumps({"rules": [one.figures() for one in rule_results(months)]}) if as_json else text)


def play_rules(folder: Path, sweep: Sweep) -> None:
    """Play what has no record yet, with progress."""
    todo = cases()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("rules of bills", total=len(todo))
        for case, _ in play_cases(todo, folder, sweep=sweep):
            bar.update(task, advance=1, description=f"{case.home} {case.month:%Y-%m}")


def run_families(*, as_json: bool) -> None:
    """Print what a battery saves each family, family by family as they are done."""
    found = []
    for saving in family_savings():
        found.append(asdict(saving))
        if not as_json:
            without, capped = f"{saving.without_cap:6.0f} EUR a year", f"{saving.with_cap:6.0f} with it"
            typer.echo(f"{saving.family:<34} {without} without the cap, {capped}")
    if as_json:
        typer.echo(json.dumps({"battery_kwh": 5, "families": found}))


def run_yields(into: Path | None, *, as_json: bool) -> None:
    """Print the tables of sun and yields or their figures, and refresh the tables of a document.

    Raises:
        DataError: the document has no place for the table.
    """
    stations, published, towns = station_suns(), published_yields(), town_yields()
    tables = f"{_PUBLISHED}\n\n{published_table(published)}\n{_YIELDS}\n\n{yield_table(towns)}"
    text = f"{_STATIONS}\n\n{station_table(stations)}\n{tables}"
    if into is not None:
        refresh(into, text, mark=YIELDS_MARK)
    figures = {
        "stations": [one._asdict() for one in stations],
        "published": [one._asdict() for one in published],
        "towns": [one._asdict() for one in towns],
    }
    typer.echo(json.dumps(figures, ensure_ascii=False) if as_json else text)
