import subprocess
from dataclasses import fields
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from energy.errors import DataError, SettingsError, TransportError
from eval.collect.homes import HistorySource
from eval.collect.rollout import collect, play_cell
from eval.collect.suites import Block, Suite
from eval.grade.records import Record, Series, read
from eval.sweep import dask_cluster, processes
from eval.sweep.choice import sweep_on
from eval.sweep.dask_cluster import DaskSweep
from eval.sweep.processes import ProcessSweep
from eval.sweep.sweep import Lost, SerialSweep, Sweep, batches, unless_lost, versions

SUITE = Suite("tiny", ("citylearn-4",), (Block(((date(2017, 1, 9), 2),)),))
# What a clock measures differs from run to run.
MEASURED = {"seconds", "cpu_s"}


def content(record: Record | Lost) -> tuple[str, list[bytes]]:
    """All of a record but the time it took."""
    assert isinstance(record, Record)
    assert record.series is not None
    names = [one.name for one in fields(Series) if one.name != "decision_ms"]
    return record.outcome.model_dump_json(exclude=MEASURED), [
        np.asarray(getattr(record.series, name)).tobytes() for name in names
    ]


@pytest.fixture(params=["processes", "dask"])
def sweep(request: pytest.FixtureRequest) -> Sweep:
    if request.param == "dask":
        return sweep_on(2, request.getfixturevalue("dask_address"), timeout_s=120)
    return sweep_on(2, timeout_s=120)


def test_results_are_those_of_one_process_bit_for_bit(sweep: Sweep) -> None:
    cells, work = SUITE.cells(("greedy", "planner")), partial(play_cell, source=HistorySource())
    serial = {cell.name: content(found) for cell, found in SerialSweep().map(work, cells)}
    assert {cell.name: content(found) for cell, found in sweep.map(work, cells)} == serial


def test_nothing_to_do_is_done_at_once() -> None:
    for empty in (SerialSweep(), ProcessSweep(2), DaskSweep("127.0.0.1:1")):
        assert list(empty.map(len, [])) == []


def test_a_task_whose_worker_is_killed_is_done_again_on_dask_and_told_of_on_processes(
    sweep: Sweep, tmp_path: Path
) -> None:
    """The shell's parent is the worker: it dies at the first try of the second task."""
    # Two at a time, so that small tasks travel together.
    assert dict(sweep.map(str.upper, ["a", "b", "c"], batch=2)) == {"a": "A", "b": "B", "c": "C"}
    tasks = ["echo first", f"mkdir {tmp_path}/tried 2>/dev/null && kill -9 $PPID; echo second", "echo third"]
    found = dict(sweep.map(subprocess.getoutput, tasks))
    assert (found[tasks[0]], found[tasks[2]]) == ("first", "third")
    if isinstance(sweep, DaskSweep):
        assert found[tasks[1]] == "second"
    else:
        assert found[tasks[1]] == Lost("failed", "its process ended with exit code -9")


def test_a_task_that_kills_every_worker_is_given_up(dask_address: str) -> None:
    [(_, found)] = DaskSweep(dask_address).map(subprocess.getoutput, ["kill -9 $PPID"])
    assert found == Lost("failed", "every worker that tried it ended (2 did)")


def test_a_task_that_hangs_is_given_up(dask_address: str) -> None:
    [(_, found)] = DaskSweep(dask_address, timeout_s=1).map(subprocess.getoutput, ["sleep 3"])
    assert found == Lost("timed_out", f"nothing was done for 1 s on {dask_address}")


def test_a_worker_of_another_version_ends_the_sweep(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (dask_cluster, processes):
        monkeypatch.setattr(place, "versions", lambda: versions() | {"code": "edited"})
    with pytest.raises(SettingsError, match=r"another code .* not .*'edited'.*: install the same lock"):
        list(sweep.map(len, ["a"]))


def _threads(_: int) -> set[int]:
    return {one["num_threads"] for one in threadpool_info()}


def test_a_task_computes_on_one_thread_wherever_it_is(sweep: Sweep) -> None:
    assert np.dot(np.ones(2), np.ones(2)) == 2  # its library is loaded
    for where in (sweep, SerialSweep()):
        assert [found for _, found in where.map(_threads, [1])] == [{1}]


def test_without_a_scheduler_the_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_cluster, "_ANSWERS_WITHIN_S", 0.5)
    with pytest.raises(TransportError, match=r"no Dask scheduler at '127.0.0.1:1'"):
        list(DaskSweep("127.0.0.1:1").map(len, ["a"]))


@pytest.mark.parametrize("address", ["x", "", "x:", "x:0", "x:99999", "a b:8786", "tcp://"])
def test_what_is_no_address_of_a_scheduler_is_named(address: str) -> None:
    with pytest.raises(SettingsError, match=f"Dask scheduler {address!r} is not HOST:PORT"):
        sweep_on(0, address)


@pytest.mark.parametrize("address", ["scheduler:8786", "tcp://127.0.0.1:8786", "tls://[::1]:8786"])
def test_an_address_of_a_scheduler_is_taken(address: str) -> None:
    assert isinstance(sweep_on(0, address), DaskSweep)


def test_an_exam_on_dask_goes_on_where_it_was_broken_off(dask_address: str, tmp_path: Path) -> None:
    cells, result = SUITE.cells(("none", "greedy")), list[str]()
    for asked in (cells[:1], cells, cells):
        collect(
            asked,
            HistorySource(),
            tmp_path,
            sweep=DaskSweep(dask_address),
            progress=lambda cell, status: result.append(f"{cell.policy} {status}"),
        )
    assert result == ["none done", "greedy done"]
    assert read(tmp_path / f"{cells[0].name}.zip") is not None


def test_a_sweep_that_needs_every_result_says_which_is_lost() -> None:
    assert unless_lost(3, "one") == 3
    with pytest.raises(DataError, match=r"two is lost \(it hung\)"):
        unless_lost(Lost("timed_out", "it hung"), "two")


def test_batches_keep_the_order_and_lose_nothing() -> None:
    assert list(batches([1, 2, 3, 4, 5], 2)) == [(1, 2), (3, 4), (5,)]
