"""The packages and their floors, measured on the imports: a diagram for CONTRIBUTING.md and limits for the gate."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import grimp
import typer

ROOMS = ("advisor", "agent", "energy", "eval", "fleet", "ingest", "knowledge", "prompts", "simulator", "transport")
MOST_FLOORS = 6
MOST_FILES = 20
_BLOCK = re.compile(r"(<!-- made by: python -m devtools.floors CONTRIBUTING.md -->\n```\n).*?(```\n)", re.DOTALL)


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


def diagram() -> Iterator[str]:
    """The rooms, and in each room its packages: what stands to the left imports what stands to the right."""
    graph = grimp.build_graph(*ROOMS, cache_dir=None)
    yield _line("rooms", _stack(_imports(graph, ROOMS))[0])
    for room in ROOMS:
        inside = sorted(child for child in graph.find_children(room) if graph.find_children(child))
        if len(inside) > 1:
            yield _line(room, _stack(_imports(graph, inside))[0])


def _line(name: str, floors: Sequence[Sequence[str]]) -> str:
    return f"{name:10}" + "  →  ".join(" · ".join(map(_short, floor)) for floor in reversed(floors))


def drawn_into(text: str) -> str:
    """A document with the diagram in its place."""
    return _BLOCK.sub(lambda found: found[1] + "".join(f"{line}\n" for line in diagram()) + found[2], text)


def _packages(graph: grimp.ImportGraph, rooms: tuple[str, ...]) -> Iterator[str]:
    for name in graph.modules:
        if name.split(".")[0] in rooms and graph.find_children(name):
            yield name


def _package(graph: grimp.ImportGraph, name: str) -> Package:
    children = sorted(graph.find_children(name))
    floors, circle = _stack(_imports(graph, children))
    files = 1 + sum(not graph.find_children(child) for child in children)
    return Package(name, tuple(tuple(_short(one) for one in floor) for floor in floors), files, circle)


def _imports(graph: grimp.ImportGraph, names: Sequence[str]) -> dict[str, set[str]]:
    """Of each of some packages or modules the others that it imports."""
    return {
        name: {
            other
            for other in names
            if other != name and graph.direct_import_exists(importer=name, imported=other, as_packages=True)
        }
        for name in names
    }


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
    if sys.argv[1:]:
        document = Path(sys.argv[1])
        document.write_text(drawn_into(document.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        for line in rooms_and_floors():
            typer.echo(line)
