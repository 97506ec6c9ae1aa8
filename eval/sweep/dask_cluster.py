"""A sweep on a Dask cluster: lost workers' tasks are done again by others, and workers may come and go."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from distributed import Client, Future, KilledWorker, wait

from energy.errors import TransportError
from eval.sweep.sweep import Lost, Result, Task, batches, versions, work_through

# Batches that the scheduler knows at a time: it chokes on a million, and starves with fewer than it has workers.
_AT_A_TIME = 512
_ANSWERS_WITHIN_S = 10


class DaskSweep:
    """The workers of the scheduler at `address`.

    They need the same code of energy-advisor, numpy and scipy, and the files that tasks name at the same paths.
    """

    def __init__(self, address: str, *, timeout_s: float | None = None) -> None:
        self._address, self._timeout_s = address, timeout_s

    def map(
        self, work: Callable[[Task], Result], tasks: Sequence[Task], *, batch: int = 1
    ) -> Iterator[tuple[Task, Result | Lost]]:
        """Every task with its result, as they are done.

        Raises:
            TransportError: nobody answers at the address, or the scheduler goes away.
            SettingsError: a worker has another version of what results depend on.
        """
        if not tasks:
            return
        with self._connected() as client:
            left, running = batches(tasks, batch), dict[Future, tuple[Task, ...]]()
            while True:
                for chunk in islice(left, _AT_A_TIME - len(running)):
                    future = client.submit(work_through, work, chunk, versions(), pure=False)
                    running[future] = chunk
                if not running:
                    return
                for done in self._settled(client, list(running)):
                    chunk = running.pop(done)
                    yield from zip(chunk, self._results(done, len(chunk)), strict=True)

    def _connected(self) -> Client:
        try:
            return Client(self._address, timeout=_ANSWERS_WITHIN_S, set_as_default=False)
        except (OSError, ValueError) as err:
            raise TransportError(
                f"no Dask scheduler at {self._address!r} ({err}): start one with dask scheduler"
            ) from err

    def _settled(self, client: Client, running: list[Future]) -> list[Future]:
        """What is done by now, at least one; where nothing is for too long, what is running counts as hanging."""
        try:
            with client.as_current():
                return list(wait(running, timeout=self._timeout_s, return_when="FIRST_COMPLETED").done)
        except TimeoutError:
            return running

    def _results(self, done: Future, count: int) -> list[Result] | list[Lost]:
        if not done.done():
            done.cancel()
            return [Lost("timed_out", f"nothing was done for {self._timeout_s:g} s on {self._address}")] * count
        if done.cancelled():
            raise TransportError(f"the Dask scheduler at {self._address!r} went away: start the same command again")
        try:
            found: list[Result] = done.result()
        except KilledWorker as err:
            return [Lost("failed", f"every worker that tried it ended ({err.allowed_failures + 1} did)")] * count
        return found
