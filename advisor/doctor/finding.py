"""One thing that `advisor doctor` found out, how bad it is, and how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "warning", "problem"]
LEVELS: tuple[Level, ...] = ("ok", "note", "warning", "problem")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A note needs no mending; a warning means worse decisions than could be; a problem none, or wrong ones."""

    check: str
    level: Level
    text: str
    fix: str = ""


def ok(check: str, text: str) -> CheckResult:
    """All is well."""
    return CheckResult(check, "ok", text)


def worst(findings: Iterable[CheckResult]) -> Level:
    """The highest level among findings."""
    return max((finding.level for finding in findings), key=LEVELS.index, default="ok")
