"""The packages and their floors, measured on the imports: a diagram for CONTRIBUTING.md and limits for the gate."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import grimp
import typer

ROOMS = ("advisor", "agent", "energy", "eval", "fleet", "ingest", "knowledge", "prompts", "simulator", "transport")
MOST_FLOORS = 6
MOST_FILES = 20


@dataclass(frozen=True, slots=True)
class Package:
    """One package: its floors from the bottom up, its files, and the names that import each other in a circle."""

    name: str
    floors: tuple[tuple[str, ...], ...]
    files: int
    circle: tuple[str, ...]


def measure(rooms: tuple[str, ...] = ROOMS) -> list[Package]:
    """Every package of the rooms, each with the floors its children stand on."""
    graph = grimp.build_graph(*rooms, cache_dir=None)
    return [_package(graph, name) for name in sorted(_packages(graph, rooms))]


def rooms_and_floors() -> Iterator[str]:
    """The diagram's lines: a package a line, its floors from the top down."""
    for package in measure():
        storeys = (" · ".join(floor) for floor in reversed(package.floors))
        yield f"{package.name}: " + "  →  ".join(storeys)


def _packages(graph: grimp.ImportGraph, rooms: tuple[str, ...]) -> Iterator[str]:
    for name in graph.modules:
        if name.split(".")[0] in rooms and graph.find_children(name):
            yield name


def _package(graph: grimp.ImportGraph, name: str) -> Package:
    children = sorted(graph.find_children(name))
    below = {
        child: {
            other
            for other in children
            if other != child and graph.direct_import_exists(importer=child, imported=other, as_packages=True)
        }
        for child in children
    }
    floors, circle = _stack(below)
    files = 1 + sum(not graph.find_children(child) for child in children)
    return Package(name, tuple(tuple(_short(one) for one in floor) for floor in floors), files, circle)


def _stack(below: Mapping[str, set[str]]) -> tuple[list[list[str]], tuple[str, ...]]:
    """Floors from the bottom up; what is left when nothing more can be put down stands in a circle."""
    floors: list[list[str]] = []
    left, down = dict(below), set[str]()
    while left:
        floor = sorted(name for name, needs in left.items() if needs <= down)
        if not floor:
            return floors, tuple(sorted(left))
        floors.append(floor)
        down.update(floor)
        for name in floor:
            del left[name]
    return floors, ()


def _short(name: str) -> str:
    return name.rsplit(".", 1)[-1]


if __name__ == "__main__":
    for line in rooms_and_floors():
        typer.echo(line)
