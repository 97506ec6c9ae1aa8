"""Collect: play every cell of a suite, in parallel and resumable, and leave a record of each."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from energy.commands import Mode
from energy.errors import AdvisorError
from energy.flows import Flows
from energy.home import Home
from energy.planning.oracle import Optimum
from energy.pricing.tariff import Contract
from eval.collect.homes import HistorySource, staged
from eval.collect.playing import Course, Stretch, bill_of, stretch
from eval.collect.policies import BOUND, Sitting, sit, why_not
from eval.collect.terminal_value import DAYS_AFTER, bound, terminal_value
from eval.grade.records import Cell, CellOutcome, Record, Series, read, write
from eval.sweep.sweep import Lost, Sweep
from ingest.history.table import History
from knowledge.days import is_complete

Progress = Callable[[Cell, str], None]


def collect(cells: Iterable[Cell], source: HistorySource, folder: Path, *, sweep: Sweep, progress: Progress) -> int:
    """Play the cells that have no whole record yet; returns how many were played.

    A policy that fails, crashes its process or does not end in time is recorded as such; the others go on. One that
    was skipped before is tried again.
    """
    todo = [cell for cell in cells if not _is_settled(read(folder / f"{cell.name}.zip"))]
    for cell, found in sweep.map(partial(play_cell, source=source), todo):
        record = (
            Record(CellOutcome(cell=cell, status=found.why, detail=found.detail)) if isinstance(found, Lost) else found
        )
        write(record, folder)
        progress(cell, record.outcome.status)
    return len(todo)


def _is_settled(record: Record | None) -> bool:
    return record is not None and record.outcome.status != "skipped"


def play_cell(cell: Cell, source: HistorySource) -> Record:
    """Play one cell; what goes wrong becomes its outcome."""
    began, cpu_began = time.perf_counter(), time.process_time()
    try:
        history = staged(source, cell)
        window, after = _window(history, cell), _after(history, cell)
        if isinstance(window, str):
            return Record(CellOutcome(cell=cell, status="no_data", detail=window))
        if why := why_not(cell.policy, history.home):
            return Record(CellOutcome(cell=cell, status="skipped", detail=why))
        if cell.policy == BOUND:
            course = _executed(bound(history.home, window, after), history.home, window)
        else:
            course = sit(cell.policy, Sitting(history, window, cell.seed))
    except Exception as err:  # noqa: BLE001 (one cell's failure must not end the others)
        detail = str(err) if isinstance(err, AdvisorError) else f"{type(err).__name__}: {err}"
        return Record(CellOutcome(cell=cell, status="failed", detail=detail, seconds=time.perf_counter() - began))
    spent = {"seconds": time.perf_counter() - began, "cpu_s": time.process_time() - cpu_began}
    left = terminal_value(history.home, window, after)
    ends = {"left_kwh": left.stored_kwh, "left_value": left.value}
    record = _record(cell, history.home, window, course)
    return replace(record, outcome=record.outcome.model_copy(update=spent | ends))


def _window(history: History, cell: Cell) -> Stretch | str:
    """The days of a cell without the few that lack data, or why they cannot be played.

    For every policy a left-out day is as if it had not been: the charge of the evening before is kept over it.
    """
    last = cell.first_day + timedelta(days=cell.days)
    usable = tuple(record for record in history.days if cell.first_day <= record.day < last and is_complete(record))
    if cell.days - len(usable) > _most_left_out(cell.days):
        return f"{len(usable)} of {cell.days} days from {cell.first_day} have data"
    return stretch(history.home, usable)


def _most_left_out(days: int) -> int:
    """How many days of a window may lack data: a tenth, and of a week one."""
    return max(days // 10, int(days >= 7))


def _after(history: History, cell: Cell) -> Stretch | None:
    """The days after a window, in which what is left is used up; None where they are not recorded."""
    first = cell.first_day + timedelta(days=cell.days)
    days = tuple(record for record in history.days if first <= record.day < first + timedelta(days=DAYS_AFTER))
    return stretch(history.home, days) if len(days) == DAYS_AFTER and all(is_complete(day) for day in days) else None


def _executed(best: Optimum, home: Home, window: Stretch) -> Course:
    """The bound as flows: its own powers, and what they leave for the grid."""
    at_grid_kw = window.load_kw - window.pv_kw + best.charge_kw - best.discharge_kw
    outward_kw = np.maximum(-at_grid_kw, 0)
    export_kw = np.minimum(outward_kw, home.grid.export_limit_kw)
    flows = Flows(
        load_kw=window.load_kw,
        pv_kw=window.pv_kw,
        charge_kw=best.charge_kw,
        discharge_kw=best.discharge_kw,
        grid_import_kw=np.maximum(at_grid_kw, 0),
        grid_export_kw=export_kw,
        curtailed_kw=outward_kw - export_kw,
        stored_kwh=best.stored_kwh,
    )
    surplus_kw = np.maximum(window.pv_kw - window.load_kw, 0)
    bought = best.charge_kw > surplus_kw + 1e-6
    idle = (best.discharge_kw < 1e-6) & (window.load_kw > window.pv_kw)
    modes = [
        Mode.CHARGE if buys else Mode.HOLD if rests else Mode.SELF_CONSUMPTION
        for buys, rests in zip(bought, idle, strict=True)
    ]
    return Course(flows, modes, [np.nan] * len(modes))


def _record(cell: Cell, home: Home, window: Stretch, course: Course) -> Record:
    battery, names = home.battery, list(Mode)
    flows = {name: np.asarray(getattr(course.flows, name), dtype=np.float64) for name in Flows.__slots__}
    outcome = CellOutcome(
        cell=cell,
        status="done",
        currency=home.currency,
        zone=home.zone,
        pv_peak_kw=home.pv_peak_kw,
        usable_kwh=battery.usable_kwh,
        charge_efficiency=battery.charge_efficiency,
        discharge_efficiency=battery.discharge_efficiency,
        start_kwh=battery.min_kwh,
        verdicts=dict(course.tally.verdicts),
        replies=dict(course.tally.replies),
        reply_s=tuple(course.tally.reply_s),
        tokens=course.tally.tokens,
        bill=bill_of(home, window, course.flows) if isinstance(home.tariff, Contract) else None,
        versions={name: version(name) for name in ("energy-advisor", "numpy", "scipy")} | course.tally.versions,
    )
    series = Series(
        start_s=np.array([int(start.timestamp()) for start in window.starts], dtype=np.int64),
        import_price=window.prices.import_per_kwh,
        export_price=window.prices.export_per_kwh,
        mode=np.array([names.index(mode) for mode in course.modes], dtype=np.int64),
        decision_ms=np.array(course.decision_s, dtype=np.float64) * 1000,
        **flows,
    )
    return Record(outcome, series)
