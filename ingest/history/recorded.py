"""Recorded homes shipped with the repository; `python -m ingest.history.recorded WHEEL N…` writes them anew."""

import gzip
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import typer

from energy.errors import SettingsError
from ingest.history.citylearn import citylearn_history, citylearn_home, read_series
from ingest.history.table import History

_FOLDER = files("ingest") / "homes"
_SUFFIX = ".csv.gz"
_COLUMNS = ("load_kw", "pv_kw", "temperature_c")


def shipped_homes() -> tuple[str, ...]:
    """Names of the homes that need no download."""
    return tuple(sorted(path.name.removesuffix(_SUFFIX) for path in _FOLDER.iterdir() if path.name.endswith(_SUFFIX)))


def shipped_history(name: str) -> History:
    """A shipped home's year.

    Raises:
        SettingsError: no home of that name is shipped.
    """
    if name not in shipped_homes():
        raise SettingsError(f"home {name!r} is not shipped: use one of {', '.join(shipped_homes())}")
    with (_FOLDER / f"{name}{_SUFFIX}").open("rb") as packed, gzip.open(packed, "rt") as lines:
        head = next(lines).removeprefix("# ").split()
        values = np.loadtxt(lines, delimiter=",", skiprows=1)
    home = citylearn_home(int(head[0]), float(head[1]))
    return citylearn_history(home, dict(zip(_COLUMNS, values.T, strict=True)))


def ship(wheel: Path, number: int, folder: Path) -> Path:
    """Write a home out of the CityLearn wheel as a shipped file; the same input gives the same bytes."""
    home, series = read_series(wheel, number)
    rows = np.column_stack([series[column] for column in _COLUMNS])
    lines = [
        f"# {number} {home.pv_peak_kw}",
        ",".join(_COLUMNS),
        *(",".join(f"{value:g}" for value in row) for row in rows),
    ]
    path = folder / f"{home.name}{_SUFFIX}"
    path.write_bytes(gzip.compress("\n".join(lines).encode() + b"\n", mtime=0))
    return path


if __name__ == "__main__":
    for argument in sys.argv[2:]:
        typer.echo(ship(Path(sys.argv[1]), int(argument), Path(str(_FOLDER))))
