"""The built wheel holds the rooms with all their data, and nothing of tests and tools."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from devtools.floors import ROOMS

ROOT = Path(__file__).parent.parent
NOT_SOURCES = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "docs")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The wheel's files, built of a copy, so that nothing an earlier build left gets in."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=NOT_SOURCES)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*build, str(folder / "source")], check=True, capture_output=True, timeout=600)
    [made] = folder.glob("*.whl")
    with ZipFile(made) as held:
        return {name for name in held.namelist() if ".dist-info/" not in name}


def test_the_wheel_holds_each_file_of_the_rooms_and_no_other(wheel: set[str]) -> None:
    files = (path for room in ROOMS for path in (ROOT / room).rglob("*") if path.is_file())
    assert wheel == {str(path.relative_to(ROOT)) for path in files if path.suffix != ".pyc"}


@pytest.mark.parametrize("data", ["phrases/", "web/static/", "scenarios/", "homes/", "prompts/", "cases/"])
def test_data_travels_with_the_code(wheel: set[str], data: str) -> None:
    assert [name for name in wheel if data in name and not name.endswith(".py")]


@pytest.mark.parametrize("tools", ["benchmarks", "devtools", "tests"])
def test_tools_stay_with_the_repository(wheel: set[str], tools: str) -> None:
    assert [name for name in wheel if name.startswith(f"{tools}/")] == []
