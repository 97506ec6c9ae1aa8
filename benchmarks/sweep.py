"""`python -m benchmarks sweep`: windows of the exam one after the other, beside processes and a local Dask cluster."""

import json
import time
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import typer
from distributed import LocalCluster

from energy.errors import DataError
from eval.collect.homes import HistorySource
from eval.collect.rollout import play_cell
from eval.collect.suites import Block, Suite
from eval.grade.records import Cell, Record
from eval.sweep.dask_cluster import DaskSweep
from eval.sweep.processes import ProcessSweep
from eval.sweep.sweep import Lost, SerialSweep, Sweep

_FIRST, _DAYS = date(2017, 1, 2), 7


@dataclass(frozen=True, slots=True)
class SweepBench:
    """Seconds of a sweep by where it ran, its workers being there already, and whether all results were the same."""

    tasks: int
    workers: int
    serial_s: float
    processes_s: float
    dask_s: float
    equal: bool

    def to_json(self) -> str:
        """With how many times faster than serial the others are."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        times = {"processes_times": self.serial_s / self.processes_s, "dask_times": self.serial_s / self.dask_s}
        return json.dumps(
            {
                name: value if isinstance(value, bool | int) else round(value, 2)
                for name, value in (told | times).items()
            }
        )


def bench(*, tasks: int, workers: int) -> None:
    """Measure and print."""
    typer.echo(measure(tasks, workers).to_json())


def measure(tasks: int, workers: int) -> SweepBench:
    """Plan weeks of a shipped home, each a task of seconds."""
    windows = tuple((_FIRST + timedelta(days=at), _DAYS) for at in range(tasks))
    cells = Suite("bench", ("citylearn-1",), (Block(windows),)).cells(("planner",))
    serial, serial_s = _timed(SerialSweep(), cells)
    processes, processes_s = _timed(ProcessSweep(workers), cells)
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=40) as cluster:
        sweep = DaskSweep(cluster.scheduler_address)
        # Workers import the planner with their first task, as processes do before they are timed.
        list(sweep.map(partial(play_cell, source=HistorySource()), cells[:workers]))
        dask, dask_s = _timed(sweep, cells)
    return SweepBench(tasks, workers, serial_s, processes_s, dask_s, serial == processes == dask)


def _timed(sweep: Sweep, cells: list[Cell]) -> tuple[dict[str, bytes], float]:
    began = time.perf_counter()
    found = {
        cell.name: _stored(record) for cell, record in sweep.map(partial(play_cell, source=HistorySource()), cells)
    }
    return found, time.perf_counter() - began


def _stored(record: Record | Lost) -> bytes:
    """What the energy stored was at the end of every slot: it follows from all decisions.

    Raises:
        DataError: the task failed, or was lost.
    """
    if isinstance(record, Lost) or record.series is None:
        raise DataError(f"a task came to nothing ({record!r:.300}): run it again")
    return record.series.stored_kwh.tobytes()
