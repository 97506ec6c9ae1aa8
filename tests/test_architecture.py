"""The shape of the code, measured: floors and circles of packages, length of functions, one meaning a name."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from devtools.floors import MOST_FILES, MOST_FLOORS, ROOMS, Package, drawn_into, measure

ROOT = Path(__file__).parent.parent
MEASURING = ("benchmarks", "devtools")
MEDIAN_LINES, MOST_LINES = 6, 60
# Names that still stand for more than one thing. It only shrinks: one that is mended must leave.
SHARED_NAMES: set[str] = set()

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@pytest.fixture(scope="module")
def packages() -> list[Package]:
    return measure()


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    files = (path for room in (*ROOMS, *MEASURING) for path in sorted((ROOT / room).rglob("*.py")))
    return {path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8")) for path in files}


def test_the_diagram_in_contributing_is_that_of_the_imports() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert drawn_into(text) == text, "run python -m devtools.floors CONTRIBUTING.md"
    assert "→  energy" in text


def test_no_package_has_a_circle_more_than_six_floors_or_more_than_twenty_files(packages: list[Package]) -> None:
    assert {one.name for one in packages} >= set(ROOMS)
    assert {one.name: one.circle for one in packages if one.circle} == {}
    assert {one.name: len(one.floors) for one in packages if len(one.floors) > MOST_FLOORS} == {}
    assert {one.name: one.files for one in packages if one.files > MOST_FILES} == {}


def test_functions_are_short(trees: dict[Path, ast.Module]) -> None:
    lines = {f"{path}:{one.lineno} {one.name}": _body_lines(one) for path, tree in trees.items() for one in _made(tree)}
    assert median(lines.values()) <= MEDIAN_LINES
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_a_class_name_stands_for_one_thing(trees: dict[Path, ast.Module]) -> None:
    where = defaultdict(list)
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                where[node.name.lstrip("_")].append(str(path))
    several = {name: paths for name, paths in where.items() if len(paths) > 1}
    assert {name: paths for name, paths in several.items() if name not in SHARED_NAMES} == {}
    assert several.keys() >= SHARED_NAMES, "these are mended: take them off the list"


def _made(tree: ast.Module) -> Iterator[FunctionNode]:
    return (node for node in ast.walk(tree) if isinstance(node, FunctionNode))


def _body_lines(made: FunctionNode) -> int:
    """Lines from the first statement to the last, without the docstring."""
    body = made.body[1:] if ast.get_docstring(made) is not None and len(made.body) > 1 else made.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1
