"""`python -m benchmarks sweep`: weeks of the exam one after the other, beside processes and a local Dask cluster."""

import json
import logging
import os
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from hashlib import sha256

import numpy as np
import typer
from distributed import LocalCluster

from energy.errors import DataError
from eval.collect.homes import HistorySource
from eval.collect.rollout import play_cell
from eval.collect.suites import Block, Suite
from eval.grade.records import Cell, Record, Series
from eval.sweep.dask_cluster import DaskSweep
from eval.sweep.processes import ProcessSweep
from eval.sweep.sweep import Lost, SerialSweep, Sweep

_FIRST, _DAYS = date(2017, 1, 2), 7
# What a clock measures differs from run to run.
_MEASURED = {"seconds", "cpu_s"}


@dataclass(frozen=True, slots=True)
class PlayedTask:
    """One task: a digest of all that was found, which process played it, and the processor time that this took."""

    digest: str
    process: int
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Timing:
    """A sweep: seconds on the clock, of the processors for all tasks, and of its busiest worker."""

    seconds: float
    cpu_s: float
    busiest_cpu_s: float


@dataclass(frozen=True, slots=True)
class SweepBench:
    """A sweep by where it ran, and the tasks that did not come to the same everywhere.

    By the clock other work on this machine counts as well; by processor time it does not: what the serial run took,
    over what the busiest worker and this process, which hands tasks out, took together. Dask's workers have imported
    everything and played a task before; processes begin anew with every sweep, so their start is in their time.
    """

    tasks: int
    workers: int
    serial: Timing
    processes: Timing
    dask: Timing
    dask_here_cpu_s: float
    unequal: tuple[str, ...]

    def to_json(self) -> str:
        """With how many times faster than serial the others are."""
        found = asdict(self) | {
            "processes_times": self.serial.seconds / self.processes.seconds,
            "dask_times": self.serial.seconds / self.dask.seconds,
            "dask_times_by_processor": self.serial.cpu_s / (self.dask.busiest_cpu_s + self.dask_here_cpu_s),
            "equal": not self.unequal,
        }
        return json.dumps(_rounded(found))


def bench(*, tasks: int, workers: int) -> None:
    """Measure and print; fails where results differ.

    Raises:
        DataError: a task did not come to the same everywhere.
    """
    found = measure(tasks, workers)
    typer.echo(found.to_json())
    if found.unequal:
        raise DataError(f"{len(found.unequal)} tasks differ by where they ran, as {found.unequal[0]!r}: report it")


def measure(tasks: int, workers: int) -> SweepBench:
    """Plan weeks of a shipped home, each a task of seconds."""
    windows = tuple((_FIRST + timedelta(days=at), _DAYS) for at in range(tasks))
    cells = Suite("bench", ("citylearn-1",), (Block(windows),)).cells(("planner",))
    logging.getLogger("distributed").setLevel(logging.ERROR)
    # Nothing is imported while the clock runs.
    play(cells[0])
    serial, serial_timing = _timed(SerialSweep(), cells)
    processes, processes_timing = _timed(ProcessSweep(workers), cells)
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=40) as cluster:
        sweep = DaskSweep(cluster.scheduler_address)
        list(sweep.map(play, cells[:workers]))
        here_s = time.process_time()
        dask, dask_timing = _timed(sweep, cells)
        here_s = time.process_time() - here_s
    unequal = tuple(name for name in serial if not serial[name] == processes[name] == dask[name])
    return SweepBench(tasks, workers, serial_timing, processes_timing, dask_timing, here_s, unequal)


def play(cell: Cell) -> PlayedTask:
    """Play one cell where we are.

    Raises:
        DataError: it failed.
    """
    began = time.process_time()
    record = play_cell(cell, HistorySource())
    return PlayedTask(_digest(record), os.getpid(), time.process_time() - began)


def _timed(sweep: Sweep, cells: list[Cell]) -> tuple[dict[str, str], Timing]:
    began, by_process, found = time.perf_counter(), defaultdict[int, float](float), dict[str, str]()
    for cell, played in sweep.map(play, cells):
        if isinstance(played, Lost):
            raise DataError(f"{cell.name} came to nothing ({played.detail}): run it again")
        found[cell.name] = played.digest
        by_process[played.process] += played.cpu_s
    spent = list(by_process.values())
    return found, Timing(time.perf_counter() - began, sum(spent), max(spent))


def _digest(record: Record) -> str:
    """Of everything in a record but the time it took.

    Raises:
        DataError: it failed.
    """
    if record.series is None:
        raise DataError(f"{record.outcome.cell.name} failed ({record.outcome.detail}): run it again")
    digest = sha256(record.outcome.model_dump_json(exclude=_MEASURED).encode())
    for one in fields(Series):
        if one.name != "decision_ms":
            digest.update(np.asarray(getattr(record.series, one.name)).tobytes())
    return digest.hexdigest()


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return round(value, 2) if isinstance(value, float) else value
