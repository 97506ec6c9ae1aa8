"""`advisor eval`: sit the exam, grade it, and show what it asks."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from advisor.date_options import DAY, DAY_SHOWN
from advisor.json_option import Json

eval_app = typer.Typer(help="Measure how good the decisions are, on homes and periods.", no_args_is_help=True)

Out = Annotated[Path, typer.Option(help="Folder of the records.")]
Dask = Annotated[str | None, typer.Option(help="HOST:PORT of a Dask scheduler whose workers play them.")]
DEFAULT_OUT = Path(".advisor/eval")
DEFAULT_MEMORY = Path(".advisor/memory")


@eval_app.command("run")
def eval_run(  # noqa: PLR0913 (a command line's options)
    *,
    suite: Annotated[
        str | None, typer.Option(help="smoke by default; real, unseen, forecasts, scenarios, decisions or model.")
    ] = None,
    home: Annotated[str | None, typer.Option(help="One home, in memory or shipped, instead of a suite.")] = None,
    policies: Annotated[
        str | None,
        typer.Option(
            help="Names, separated by commas; default: a home's essential ones, a suite's without models and peers."
        ),
    ] = None,
    redo: Annotated[str, typer.Option(help="Policies to play again although they have records.")] = "",
    wheel: Annotated[Path | None, typer.Option("--from", help="CityLearn wheel, for homes not shipped.")] = None,
    prices: Annotated[
        Path | None, typer.Option(help="Wheel with the auction's prices, for the dynamic tariff.")
    ] = None,
    start: Annotated[
        list[datetime],
        typer.Option(formats=[DAY], metavar=DAY_SHOWN, help="With --home: first day of a window; several times."),
    ] = [],  # noqa: B006 (typer copies it)
    window_days: Annotated[int, typer.Option(min=1, help="With --home: days of a window.")] = 28,
    battery: Annotated[
        list[float], typer.Option(min=0, help="With --home: size of the battery in kWh; several times.")
    ] = [],  # noqa: B006 (as above)
    tariff: Annotated[
        list[str], typer.Option(help="With --home: own, dynamic (with --prices) or a tariff's name; several times.")
    ] = [],  # noqa: B006 (as above)
    memory: Annotated[Path, typer.Option(help="Folder of the advisor's memory, for --home.")] = DEFAULT_MEMORY,
    model: Annotated[
        str, typer.Option(help="With suite model or decisions: none, embedded, ollama/NAME or NAME@URL.")
    ] = "embedded",
    parts: Annotated[
        str | None, typer.Option(help="With suite model: its parts, separated by commas; all by default.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="With suite model: at most this many cases of each part.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Play at most this many days of each window.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Cells played at once on this machine.")] = 2,
    dask: Dask = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds after which a cell counts as hanging.")] = 1800.0,
    out: Out = DEFAULT_OUT,
    as_json: Json = False,
) -> None:
    """Play what has no record yet, grade all records and write the report."""
    from advisor.exam.run import ExamRun, HomeWindows, check_choice, check_model_options, run_home, run_suite
    from eval.collect.homes import HistorySource
    from eval.collect.policies import ESSENTIAL, POLICIES
    from eval.collect.suites import DECISIONS, decision_policies
    from eval.sweep.choice import sweep_on

    windows = HomeWindows([one.date() for one in start], window_days, battery, tariff)
    check_choice(suite, home, windows, prices=prices is not None)
    check_model_options(suite, parts=parts, limit=limit)
    suite = suite or "smoke"
    if suite == "model" and home is None:
        from advisor.exam.model_exam import run_model_exam

        run_model_exam(model, parts=parts, limit=limit, out=out, as_json=as_json)
        return
    usual = ESSENTIAL if home is not None else decision_policies(model) if suite == DECISIONS else POLICIES
    sitting = ExamRun(
        policies=tuple(policies.split(",")) if policies else usual,
        redo=tuple(redo.split(",")) if redo else (),
        sweep=sweep_on(workers, dask, timeout_s=timeout),
        out=out,
        days=days,
        as_json=as_json,
    )
    if home is not None:
        run_home(home, sitting, windows, source=HistorySource(wheel, memory, prices))
    else:
        run_suite(suite, sitting, wheel=wheel, prices=prices)


@eval_app.command("report")
def eval_report(
    name: Annotated[str, typer.Argument(help="Suite or home that was run.")] = "smoke",
    out: Out = DEFAULT_OUT,
    wheel: Annotated[Path | None, typer.Option("--from", help="CityLearn wheel, to draw similar days from.")] = None,
    memory: Annotated[Path, typer.Option(help="Memory to draw similar days of an own home from.")] = DEFAULT_MEMORY,
    into: Annotated[Path | None, typer.Option(help="A document whose few tables are refreshed.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Grade the records and write the page and its tables; nothing is run again."""
    from eval.collect.homes import HistorySource
    from eval.collect.suites import SUITES
    from eval.report.report import refresh_digest, setting_figures, write_report

    source = HistorySource(wheel, None if name in SUITES else memory)
    page, text = write_report(out / name / "records", out / name, source=source)
    if into is not None:
        refresh_digest(out / name / "records", into, name)
    if as_json:
        figures = {"page": str(page), "table": str(text), "settings": setting_figures(out / name / "records")}
        typer.echo(json.dumps(figures))
        return
    typer.echo(f"page:  {page}\ntable: {text}")


@eval_app.command("language")
def eval_language(
    *,
    into: Annotated[Path | None, typer.Option(help="A document whose tables are refreshed.")] = None,
    fit: Annotated[Path | None, typer.Option(help="Fit the classifier anew, and write its weights here.")] = None,
    export: Annotated[
        Path | None, typer.Option(help="Write the phrases to learn from here, a JSON object a line.")
    ] = None,
    chat: Annotated[bool, typer.Option(help="With --export: in chat format instead of text and request.")] = False,
    as_json: Json = False,
) -> None:
    """Measure how well notes and questions are understood: right, refused and wrong."""
    from eval.language.exam import sit
    from eval.language.report import chats, failures, pairs, refresh, tables

    if fit is not None:
        from eval.language.fitting import fit as fit_classifier
        from eval.language.fitting import save

        save(fit_classifier(), fit)
        typer.echo(f"weights: {fit}")
        return
    if export is not None:
        export.write_text("".join(f"{line}\n" for line in (chats() if chat else pairs())), encoding="utf-8")
        typer.echo(f"phrases: {export}")
        return
    graded = sit()
    if into is not None:
        refresh(into, graded)
    if as_json:
        texts = [{"text": one.case.text, "grade": one.grade, "got": one.got} for one in graded]
        typer.echo(json.dumps({"texts": texts}, ensure_ascii=False))
        return
    typer.echo(f"{tables(graded)}\n\n{failures(graded)}")


@eval_app.command("ablation")
def eval_ablation(  # noqa: PLR0913 (a command line's options)
    *,
    wheel: Annotated[Path | None, typer.Option("--from", help="CityLearn wheel with the recorded homes.")] = None,
    prices: Annotated[Path | None, typer.Option(help="Wheel with the auction's prices.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Cases played at once.")] = 2,
    dask: Dask = None,
    report_only: Annotated[bool, typer.Option(help="Only report what was played before.")] = False,
    into: Annotated[Path | None, typer.Option(help="A document whose tables are refreshed.")] = None,
    out: Out = DEFAULT_OUT,
    as_json: Json = False,
) -> None:
    """Show what each part of the retrieval is worth, on recorded and synthetic homes."""
    from advisor.exam.ablation import play_ablation, tell_ablation
    from eval.sweep.choice import sweep_on

    folder = out / "ablation"
    if not report_only:
        play_ablation(wheel, prices, folder, sweep_on(workers, dask))
    tell_ablation(folder, into=into, as_json=as_json)


@eval_app.command("remarks")
def eval_remarks(
    *,
    workers: Annotated[int, typer.Option(min=1, help="Cases played at once.")] = 2,
    into: Annotated[Path | None, typer.Option(help="A document whose table is refreshed.")] = None,
    out: Out = DEFAULT_OUT,
    as_json: Json = False,
) -> None:
    """Show what it is worth to remember days by what the household remarked of them, on synthetic homes."""
    from advisor.exam.remarks import run_remark_exam

    run_remark_exam(out / "remarks", workers=workers, into=into, as_json=as_json)


@eval_app.command("rules")
def eval_rules(
    *,
    workers: Annotated[int, typer.Option(min=1, help="Windows played at once.")] = 2,
    dask: Dask = None,
    report_only: Annotated[bool, typer.Option(help="Only report what was played before.")] = False,
    into: Annotated[Path | None, typer.Option(help="A document whose table is refreshed.")] = None,
    out: Out = DEFAULT_OUT,
    as_json: Json = False,
) -> None:
    """Show what planning with each rule of a bill earns: netting, cap, wallet, peaks."""
    from advisor.exam.bills import play_rules, tell_rules
    from eval.sweep.choice import sweep_on

    folder = out / "rules"
    if not report_only:
        play_rules(folder, sweep_on(workers, dask))
    tell_rules(folder, into=into, as_json=as_json)


@eval_app.command("families")
def eval_families(*, as_json: Json = False) -> None:
    """Show what a 5 kWh battery saves families of Madrid a year, with and without the cap on surplus credit."""
    from advisor.exam.bills import run_families

    run_families(as_json=as_json)


@eval_app.command("yields")
def eval_yields(
    *,
    into: Annotated[Path | None, typer.Option(help="A document whose table is refreshed.")] = None,
    as_json: Json = False,
) -> None:
    """Compare what a kWp yields under synthetic weather with published yields of towns."""
    from advisor.exam.bills import run_yields

    run_yields(into, as_json=as_json)


@eval_app.command("export")
def eval_export(
    to: Annotated[Path, typer.Argument(help="File of JSON lines to write.")] = DEFAULT_OUT / "training.jsonl",
    *,
    as_json: Json = False,
) -> None:
    """Write training data in chat format, from homes, months and notes that the exam does not ask."""
    from eval.model_exam.training import training_lines

    lines = list(training_lines())
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    told = json.dumps({"conversations": len(lines), "file": str(to)})
    typer.echo(told if as_json else f"{len(lines)} conversations: {to}")


@eval_app.command("list")
def eval_list(*, as_json: Json = False) -> None:
    """Show the suites, scenarios and policies."""
    from eval.collect.policies import PEERS, POLICIES
    from eval.collect.suites import SUITES, scenario_suite
    from simulator.scenario import scenario_names

    suites = (*SUITES.values(), scenario_suite())
    if as_json:
        sizes = {
            suite.name: {"homes": len(suite.homes), "cells": len(suite.cells((*POLICIES, *PEERS)))} for suite in suites
        }
        known = {"suites": sizes, "scenarios": list(scenario_names()), "policies": list(POLICIES), "peers": list(PEERS)}
        typer.echo(json.dumps(known))
        return
    for suite in suites:
        cells = suite.cells((*POLICIES, *PEERS))
        typer.echo(f"{suite.name}: {len(suite.homes)} homes, {len(cells)} cells with every policy")
    typer.echo("model: the exam of a language model")
    typer.echo(f"scenarios: {', '.join(scenario_names())}")
    typer.echo(f"policies: {', '.join(POLICIES)}, advisor:MODEL:PROMPT")
    typer.echo(f"peers, after make peers: {', '.join(PEERS)}")
