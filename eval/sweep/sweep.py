"""The port of a sweep: one function over many tasks, wherever it runs; what a task gives does not depend on it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, Protocol, TypeVar

from energy.errors import DataError

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
        return ((task, work(task)) for task in tasks)


def batches(tasks: Sequence[Task], size: int) -> Iterator[tuple[Task, ...]]:
    """Consecutive tasks, `size` at a time."""
    left = iter(tasks)
    while taken := tuple(islice(left, size)):
        yield taken


def work_through(work: Callable[[Task], Result], tasks: Sequence[Task]) -> list[Result]:
    """What one worker does with a batch."""
    return [work(task) for task in tasks]
