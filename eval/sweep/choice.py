"""From options of a command line to the place where a sweep runs."""

from eval.sweep.processes import ProcessSweep
from eval.sweep.sweep import SerialSweep, Sweep


def sweep_on(workers: int, dask: str | None = None, *, timeout_s: float | None = None) -> Sweep:
    """The scheduler at `dask` if there is one, else `workers` processes here; with 0 of them in this process."""
    if dask is not None:
        # Its import takes seconds that who sweeps on one machine need not wait.
        from eval.sweep.dask_cluster import DaskSweep  # noqa: PLC0415 (as said)

        return DaskSweep(dask, timeout_s=timeout_s)
    return ProcessSweep(workers, timeout_s=timeout_s) if workers else SerialSweep()
