"""From options of a command line to the place where a sweep runs."""

import re

from energy.errors import SettingsError
from eval.sweep.processes import ProcessSweep
from eval.sweep.sweep import SerialSweep, Sweep

_SCHEDULER = re.compile(r"(?:[a-z]+://)?(?:[\w.-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})")


def sweep_on(workers: int, dask: str | None = None, *, timeout_s: float | None = None) -> Sweep:
    """The scheduler at `dask` if there is one, else `workers` processes here; with 0 of them in this process.

    Raises:
        SettingsError: `dask` is no address.
    """
    if dask is not None:
        match = _SCHEDULER.fullmatch(dask)
        if match is None or not 1 <= int(match[1]) <= 65535:
            raise SettingsError(f"Dask scheduler {dask!r} is not HOST:PORT: write it like 'localhost:8786'")
        # Its import takes seconds that who sweeps on one machine need not wait.
        from eval.sweep.dask_cluster import DaskSweep  # noqa: PLC0415 (as said)

        return DaskSweep(dask, timeout_s=timeout_s)
    return ProcessSweep(workers, timeout_s=timeout_s) if workers else SerialSweep()
