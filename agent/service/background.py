"""Slow questions asked beside the loop: prices and forecasts over the network, which never hold a decision up."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from threading import Event, Thread

from energy.errors import AdvisorError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A question that is asked every so often; `take` gets its answer, in the loop's own thread.

    `ask` runs in the background: it may wait and may raise an AdvisorError, which is reported under `name`.
    """

    name: str
    every_s: float
    ask: Callable[[datetime], object]
    take: Callable[[object, datetime], None]


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a job: its answer, or why there is none."""

    job: Job
    answer: object = None
    problem: str = ""


class Background:
    """Asks each job at its pace, one after the other, in a thread of its own that ends with the process."""

    def __init__(self, jobs: Sequence[Job], stop: Event) -> None:
        self._jobs, self._stop = jobs, stop
        self._answers: SimpleQueue[Answered] = SimpleQueue()
        self._thread = Thread(target=self._run, name="background", daemon=True)

    def start(self) -> None:
        """Begin to ask, if there is anything to ask."""
        if self._jobs:
            self._thread.start()

    def answers(self) -> list[Answered]:
        """What came since the last call, without waiting."""
        found = []
        try:
            while True:
                found.append(self._answers.get_nowait())
        except Empty:
            return found

    def _run(self) -> None:
        due_s = [0.0] * len(self._jobs)
        while not self._stop.is_set():
            for at, job in enumerate(self._jobs):
                if time.monotonic() >= due_s[at] and not self._stop.is_set():
                    self._answers.put(_asked(job))
                    due_s[at] = time.monotonic() + job.every_s
            self._stop.wait(max(min(due_s) - time.monotonic(), 0.05))


def _asked(job: Job) -> Answered:
    try:
        return Answered(job, answer=job.ask(datetime.now(UTC)))
    except AdvisorError as err:
        return Answered(job, problem=str(err))
    except Exception as err:  # noqa: BLE001 (one job's fault must not end the others)
        _log.exception("%s failed", job.name)
        return Answered(job, problem=f"{job.name}: {type(err).__name__}")
