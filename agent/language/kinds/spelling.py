"""A text as it was meant: without the sounds of somebody who thinks, and with slips of the fingers mended."""

import re
from collections.abc import Collection, Iterator
from string import ascii_lowercase

from agent.language.text import fold
from agent.language.times.finding import LONG_NAMES
from agent.language.times.names import COUNTS, MONTHS, WEEKDAYS

# Words that fill a pause, in English and Spanish; "do you see" and "what I mean" are none.
_PAUSE = re.compile(
    r"(?<!do )(?<!can )(?<!did )(?<!what )(?<!if )(?<!as )\b(?:e[rh]m?|u[hm]+|a?hm+|you (?:see|know)|i mean|o sea|"
    r"digamos|pues|(?<=, )verdad)\b[,.]*(?: |$)"
)
_LEAST = 5
_WORD = re.compile(rf"[a-z]{{{_LEAST},}}")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {key: (*row[max(at - 1, 0) : at], *row[at + 1 : at + 2]) for row in _ROWS for at, key in enumerate(row)}


# Until, Tuesday, thirty: words that say when and how much; "match" is no slip of March.
_TIMES = frozenset(
    word
    for word in (
        *WEEKDAYS,
        *MONTHS,
        *COUNTS,
        *LONG_NAMES,
        "today",
        "night",
        "until",
        "before",
        "after",
        "between",
        "hasta",
        "desde",
        "entre",
        "tarde",
        "noche",
        "finde",
    )
    if len(word) >= _LEAST and word != "march"
)


def mended(text: str, known: Collection[str], *, whole: bool = False) -> tuple[str, list[int]]:
    """The folded text with its slips mended, and where each letter stands in the text.

    Words that are not known are taken for the word for a time that they are a slip away from; in a `whole` mending for
    any known word.
    """
    words, places = fold(text)
    for match in reversed([*_PAUSE.finditer(words)]):
        words, places = words[: match.start()] + words[match.end() :], places[: match.start()] + places[match.end() :]
    for match in reversed([*_WORD.finditer(words)]):
        begin, end = match.span()
        word = match[0] if match[0] in known else _meant(match[0], known if whole else _TIMES)
        stood = [places[min(at, end - 1)] for at in range(begin, begin + len(word))]
        words, places = words[:begin] + word + words[end:], places[:begin] + stood + places[end:]
    return words, places


def _meant(word: str, known: Collection[str]) -> str:
    """The word itself, or the only known one that is a slip away: the likeliest sort of slip that there is one of."""
    if word in known:
        return word
    for slips in (_keys_beside, _letters_swapped, _letters_doubled, _letters_missed):
        if found := {meant for meant in slips(word) if meant in known}:
            return found.pop() if len(found) == 1 else word
    return word


def _keys_beside(word: str) -> Iterator[str]:
    for at, key in enumerate(word):
        yield from (f"{word[:at]}{meant}{word[at + 1 :]}" for meant in _BESIDE[key])


def _letters_swapped(word: str) -> Iterator[str]:
    yield from (f"{word[:at]}{word[at + 1]}{word[at]}{word[at + 2 :]}" for at in range(len(word) - 1))


def _letters_doubled(word: str) -> Iterator[str]:
    yield from (word[:at] + word[at + 1 :] for at in range(1, len(word)) if word[at] == word[at - 1])


def _letters_missed(word: str) -> Iterator[str]:
    for at in range(1, len(word)):
        yield from (f"{word[:at]}{letter}{word[at:]}" for letter in ascii_lowercase)
