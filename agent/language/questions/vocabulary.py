"""The words that questions name things by, read once from `phrases/lexicon.toml`."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Named:
    """Something that questions name, with the pattern it is known by; powers and lengths only of loads."""

    name: str
    pattern: re.Pattern[str]
    power_kw: float = 0.0
    length_h: float = 0.0

    def is_in(self, words: str) -> bool:
        """Whether the words name it."""
        return self.pattern.search(words) is not None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Patterns by what they tell; where several fit, the first counts."""

    least: re.Pattern[str]
    quantities: tuple[Named, ...]
    modes: tuple[Named, ...]
    loads: tuple[Named, ...]
    terms: tuple[Named, ...]


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary of both languages."""
    read = tomllib.loads((files("agent.language") / "phrases" / "lexicon.toml").read_text(encoding="utf-8"))
    return Vocabulary(
        least=_any(read["least"]),
        **{
            kind: tuple(Named(pattern=_any(one.pop("patterns")), **one) for one in read[kind])
            for kind in ("quantities", "modes", "loads", "terms")
        },
    )


def first_named(named: Sequence[Named], words: str) -> Named | None:
    """The first of several things that the words name."""
    return next((one for one in named if one.is_in(words)), None)


def _any(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
