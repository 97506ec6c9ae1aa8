"""`python -m devtools.dead_code`: functions, methods, classes and imports that nothing but a test uses, by vulture.

Fields are left out: most are read by name, as JSON or by a page, which vulture cannot see.
"""

import sys

import typer
from vulture import Vulture

from devtools.floors import ROOMS

_SEARCHED = (*ROOMS, "benchmarks", "devtools")
_KINDS = frozenset({"class", "function", "import", "method", "property", "unreachable_code"})
# What typer, FastAPI and pydantic call.
_DECORATORS = ["@*_app.*", "@app.*", "@router.*", "@model_validator", "@field_validator"]
_NAMES = [
    *("settings_customise_sources", "before_model", "wrap_model_call", "lookup"),  # called by pydantic and LangChain
    *("BaseChatModel", "IO"),  # named in quoted types only
    *("await_state", "configure_automation", "restart", "set_options", "evcc_standing_in"),  # tools of the live tests
    *("hang_up", "_chat_*"),  # what tests let the stand-ins do
    *("do_GET", "do_POST", "log_message"),  # called by http.server
]


def find() -> list[str]:
    """A line for each piece."""
    searched = Vulture(ignore_names=_NAMES, ignore_decorators=_DECORATORS)
    searched.scavenge(_SEARCHED)
    return [item.get_report() for item in searched.get_unused_code(min_confidence=60) if item.typ in _KINDS]


if __name__ == "__main__":
    for line in (found := find()):
        typer.echo(line)
    sys.exit(bool(found))
