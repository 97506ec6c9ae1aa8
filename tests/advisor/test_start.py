"""A command loads the heavy libraries only where it uses them."""

import json
import subprocess
import sys
from pathlib import Path

HEAVY = {"chromadb", "langchain", "matplotlib", "pandas", "pvlib", "scipy.optimize", "scipy.signal"}
COMMANDS = (
    ["--help"],
    ["notes", "list"],
    ["days", "similar", "--date", "2016-09-30"],
    ["explain", "--last"],
    ["chat", "--once", "why?", "--model", "none"],
)
# Runs each command in one process and tells what it has brought: the last line of its standard error.
PROGRAM = """
import json, sys
from advisor.cli import main
heavy, brought = set(json.loads(sys.argv[1])), {}
for command in json.loads(sys.argv[2]):
    sys.argv = ["advisor", *command]
    try:
        main()
    except SystemExit as left:
        assert not left.code, command
    brought[" ".join(command[:2])] = sorted(heavy & set(sys.modules))
print(json.dumps(brought), file=sys.stderr)
"""


def brought(program: str, *arguments: object) -> dict[str, list[object]]:
    command = [sys.executable, "-c", program, *map(json.dumps, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[object]] = json.loads(done.stderr.splitlines()[-1])
    return found


def test_a_question_to_the_memory_loads_none(played_memory: Path) -> None:
    commands = [
        [*command, *(() if command == ["--help"] else ("--memory", str(played_memory)))] for command in COMMANDS
    ]
    found = brought(PROGRAM, sorted(HEAVY), commands)
    assert found == {" ".join(command[:2]): [] for command in commands}


def test_service_house_and_demo_start_without_what_they_may_never_need() -> None:
    program = (
        "import json, sys, agent.__main__, simulator.__main__, advisor.demo.scenarios;"
        "print(json.dumps({'all': sorted(set(json.loads(sys.argv[1])) & set(sys.modules))}), file=sys.stderr)"
    )
    assert brought(program, sorted(HEAVY)) == {"all": []}
