"""The port of a sweep: one function over many tasks, wherever it runs; what a task gives does not depend on it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from threadpoolctl import threadpool_limits

from energy.errors import DataError, SettingsError

# All that a task can come to, by the rooms that it is computed in.
_ROOMS = ("agent", "energy", "eval", "ingest", "knowledge", "prompts", "simulator", "transport")

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Lost:
    """A task without a result: its worker ended, or it took too long."""

    why: Literal["failed", "timed_out"]
    detail: str


def unless_lost(found: Result | Lost, name: str) -> Result:
    """The result of a task, for sweeps that are of no use without it.

    Raises:
        DataError: it is lost.
    """
    if isinstance(found, Lost):
        raise DataError(f"{name} is lost ({found.detail}): what is done is kept, start the same command again")
    return found


class Sweep(Protocol):
    """Where a sweep runs.

    `work` and the tasks must be picklable, and all that a result depends on must be in its task: then results are equal
    wherever they are made. An exception of `work` ends the sweep; work whose failure is an outcome returns it.
    """

    def map(
        self, work: Callable[[Task], Result], tasks: Sequence[Task], *, batch: int = 1
    ) -> Iterator[tuple[Task, Result | Lost]]:
        """Every task with its result, as they are done, in no order; small tasks travel `batch` at a time."""
        ...


class SerialSweep:
    """One task after the other, in this process."""

    def map(
        self, work: Callable[[Task], Result], tasks: Sequence[Task], *, batch: int = 1
    ) -> Iterator[tuple[Task, Result | Lost]]:
        """Every task with its result, in order."""
        del batch
        wanted = versions()
        return ((task, work_through(work, (task,), wanted)[0]) for task in tasks)


def batches(tasks: Sequence[Task], size: int) -> Iterator[tuple[Task, ...]]:
    """Consecutive tasks, `size` at a time."""
    left = iter(tasks)
    while taken := tuple(islice(left, size)):
        yield taken


def work_through(work: Callable[[Task], Result], tasks: Sequence[Task], wanted: Mapping[str, str]) -> list[Result]:
    """What one worker does with a batch, on one thread: sums of more threads differ in their last bits.

    Raises:
        SettingsError: here is other code than where the sweep was started.
    """
    if (mine := versions()) != wanted:
        differ = sorted(name for name in wanted.keys() | mine.keys() if wanted.get(name) != mine.get(name))
        raise SettingsError(
            f"a worker has another {' and '.join(differ)} ({mine!r}, not {wanted!r}): "
            "install the same lock and release on all machines, and leave the code alone while a sweep runs"
        )
    with threadpool_limits(limits=1):
        return [work(task) for task in tasks]


@cache
def versions() -> dict[str, str]:
    """What results depend on beside their task."""
    return {name: version(name) for name in ("energy-advisor", "numpy", "scipy")} | {"code": _code()}


def _code() -> str:
    """A digest of our own code: one version may have been edited."""
    top, digest = Path(__file__).parents[2], sha256()
    for path in sorted(path for room in _ROOMS for path in (top / room).rglob("*.py")):
        digest.update(f"{path.relative_to(top)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]
