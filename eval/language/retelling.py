"""The exam's texts told in two other ways, which no phrase to learn from is made by: dictated, and typed on a phone."""

import random
import re

from agent.language.text import plain
from eval.language.exam_cases import ExamCase

_HESITATIONS = {"en": ("er", "like", "I mean", "you see"), "es": ("este", "o sea", "digamos", "a ver si")}
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_LEAST_LETTERS = 5


def retold(case: ExamCase) -> tuple[ExamCase, ExamCase]:
    """A case as a dictation writes it, and as a thumb types it; what it means stays."""
    luck = random.Random(case.text)  # noqa: S311 (a choice of slips, no secret)
    dictated, typed = _dictated(case, luck), _typed(case.text, luck)
    return (
        case.model_copy(update={"family": "dictated", "text": dictated}),
        case.model_copy(update={"family": "phone", "text": typed}),
    )


def _dictated(case: ExamCase, luck: random.Random) -> str:
    """Small letters, no marks but those within numbers, and a hesitation between two words."""
    words = re.sub(r"(?<!\d)[.,;:!?¿¡]|[.,;:!?](?!\d)", " ", case.text).lower().split()
    words.insert(luck.randrange(1, max(2, len(words))), luck.choice(_HESITATIONS[case.language]))
    return " ".join(words)


def _typed(text: str, luck: random.Random) -> str:
    """No capitals and accents, and in one long word the key beside the one that was meant."""
    words = plain(text).split()
    long = [at for at, word in enumerate(words) if word.isalpha() and word.isascii() and len(word) >= _LEAST_LETTERS]
    if long:
        at = luck.choice(long)
        words[at] = _beside(words[at], luck.randrange(1, len(words[at]) - 1), luck)
    return " ".join(words)


def _beside(word: str, place: int, luck: random.Random) -> str:
    """A word with the key next to that of one letter."""
    row = next(row for row in _KEYS if word[place] in row)
    at = row.index(word[place])
    near = row[max(at - 1, 0) : at] + row[at + 1 : at + 2]
    return f"{word[:place]}{luck.choice(near)}{word[place + 1 :]}"
