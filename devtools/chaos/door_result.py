"""What came of the inputs of one door, and how inputs are handed over one by one."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from devtools.chaos.mutations import Mutator
from energy.errors import AdvisorError


@dataclass
class DoorResult:
    """What came of the inputs of one door."""

    inputs: int = 0
    crashes: int = 0
    unsafe: int = 0
    lost: int = 0
    decisions: int = 0
    slowest_s: float = 0.0
    examples: list[str] = field(default_factory=list)

    def note(self, example: str) -> None:
        """Keep a few examples of what went wrong."""
        if len(self.examples) < 5:
            self.examples.append(example[:300])


Door = Callable[[Path, Mutator, int], Iterator[DoorResult]]


def try_calls(
    result: DoorResult, count: int, payload: Callable[[], bytes], call: Callable[[bytes], object]
) -> Iterator[DoorResult]:
    """Hand over inputs one by one: a sentence is an answer, anything else that is raised a crash."""
    for _ in range(count):
        given = payload()
        began = time.monotonic()
        try:
            call(given)
        except AdvisorError:
            pass
        except Exception as err:  # noqa: BLE001 (that is what is looked for)
            result.crashes += 1
            result.note(f"{type(err).__name__}: {err} <- {given[:80]!r}")
        result.inputs += 1
        result.slowest_s = max(result.slowest_s, time.monotonic() - began)
        yield result
