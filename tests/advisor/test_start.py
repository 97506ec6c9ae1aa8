"""A command loads the heavy libraries only where it uses them."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"chromadb", "langchain", "matplotlib", "pandas", "pvlib", "scipy.optimize", "scipy.signal", "torch"}
PROGRAM = f"""
import sys
from advisor.cli import main
try:
    main()
finally:
    print(*sorted({HEAVY!r} & set(sys.modules)), sep=",", file=sys.stderr)
"""


@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["notes", "list"],
        ["days", "similar", "--date", "2016-09-30"],
        ["explain", "--last"],
        ["chat", "--once", "why?", "--model", "none"],
    ],
)
def test_a_question_to_the_memory_loads_none(played_memory: Path, command: list[str]) -> None:
    memory = [] if command == ["--help"] else ["--memory", str(played_memory)]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command, *memory], capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, ""), done.stderr


@pytest.mark.parametrize("module", ["agent.__main__", "simulator.__main__", "advisor.demo.run"])
def test_a_service_starts_without_what_it_may_never_need(module: str) -> None:
    program = f"import sys, {module}; print(*sorted({HEAVY!r} & set(sys.modules)), sep=',')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.strip() == ""
