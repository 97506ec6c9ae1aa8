"""A sweep in processes on this machine, of which one crash or one hang takes no other task along."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_all_start_methods, get_context

from pebble import ProcessExpired, ProcessPool

from eval.sweep.sweep import Lost, Result, Task, batches, versions, work_through


class ProcessSweep:
    """`workers` processes; a batch that is not done after `timeout_s` is ended."""

    def __init__(self, workers: int, *, timeout_s: float | None = None) -> None:
        self._workers, self._timeout_s = workers, timeout_s

    def map(
        self, work: Callable[[Task], Result], tasks: Sequence[Task], *, batch: int = 1
    ) -> Iterator[tuple[Task, Result | Lost]]:
        """Every task with its result, as they are done."""
        if not tasks:
            return
        function = work.func if isinstance(work, partial) else work
        with _pool(self._workers, getattr(function, "__module__", "builtins")) as pool:
            running: dict[Future[list[Result]], tuple[Task, ...]] = {}
            for chunk in batches(tasks, batch):
                running[pool.schedule(work_through, args=(work, chunk, versions()), timeout=self._timeout_s)] = chunk
            for done in as_completed(running):
                chunk = running[done]
                yield from zip(chunk, self._results(done, len(chunk)), strict=True)

    def _results(self, done: "Future[list[Result]]", count: int) -> list[Result] | list[Lost]:
        """What a process found; one that could not tell is spoken for."""
        try:
            return done.result()
        except TimeoutError:
            return [Lost("timed_out", f"not done after {self._timeout_s:g} s")] * count
        except ProcessExpired as err:
            return [Lost("failed", f"its process ended with exit code {err.exitcode}")] * count


@contextmanager
def _pool(workers: int, preloaded: str) -> Iterator[ProcessPool]:
    """Processes that one crash or one hang does not take along; whatever stops us stops them at once."""
    # A fork of a process with threads may hang, and a progress bar is one.
    kind = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
    context = get_context(kind)
    context.set_forkserver_preload([preloaded])
    pool = ProcessPool(workers, context=context)
    try:
        yield pool
        pool.close()  # type: ignore[no-untyped-call]  # pebble leaves some methods without types
    except BaseException:
        pool.stop()  # type: ignore[no-untyped-call]  # as above
        raise
    finally:
        pool.join()
