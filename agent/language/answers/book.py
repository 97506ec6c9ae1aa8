"""The sentences and words of answers in English and Spanish, read once from `phrases/`."""

import string
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from agent.language.text import Language

# A sentence, or several forms of one: the first whose facts are all known is told.
Template = str | list[str]


@dataclass(frozen=True, slots=True)
class Book:
    """The sentences and words of a language; `scope` says what can be asked."""

    scope: str
    sentences: dict[str, list[Template]]
    words: dict[str, str]


@cache
def book_of(language: Language) -> Book:
    """The book of a language."""
    return Book(**tomllib.loads((files("agent.language") / "phrases" / f"{language}.toml").read_text(encoding="utf-8")))


def sentences(templates: Sequence[Template], shown: Mapping[str, str]) -> list[str]:
    """Sentences filled in; of several forms the first whose facts are all known, of none the sentence is left out."""
    lines = []
    for forms in templates:
        for form in (forms,) if isinstance(forms, str) else forms:
            if all(name in shown for _, name, _, _ in string.Formatter().parse(form) if name):
                lines.append(form.format_map(shown))
                break
    return lines
