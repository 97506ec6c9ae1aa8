"""Whether a text tells what the prompts instruct: instructions are nobody's reason and nobody's answer."""

import re
from functools import cache

from prompts.library import load, names, versions

# A run of so many words of a prompt is no chance.
_RUN = 7
_EXAMPLE = re.compile(r"\{.*?\}")


def echoed_prompts(text: str) -> bool:
    """Whether a text repeats a run of words of any version's instructions; examples of answers are meant to be said."""
    return bool(_runs(text) & _instructions())


@cache
def _instructions() -> frozenset[tuple[str, ...]]:
    prompts = [load(name, version).sections["system"] for name in names() for version in versions(name)]
    return frozenset().union(*(_runs(part) for text in prompts for part in _EXAMPLE.split(text)))


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return frozenset(tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1))
