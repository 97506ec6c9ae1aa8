"""How near two days are in what the household had said of them, by the meaning of the words."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from knowledge.days import Floats

Embed = Callable[[Sequence[str]], Any]

# Cosine of sentences that have nothing to do with each other, under the embedding model used here.
_UNRELATED = 0.3


class NoteDistances:
    """Gaps between notes: 0 for the same meaning or silence on both sides, 1 for nothing in common.

    `embed` gives unit vectors of shape (texts, n); it is called once for each text that was ever said. Without it only
    the same words are the same meaning.
    """

    def __init__(self, embed: Embed | None = None) -> None:
        self._embed = embed
        self._vectors: dict[str, Floats] = {}

    def gaps(self, notes: Sequence[str], others: Sequence[Sequence[str]]) -> Floats:
        """Gap between one day's notes and those of each of the others, of shape (others,)."""
        mine, theirs = _text(notes), [_text(other) for other in others]
        if not any(theirs) and not mine:
            return np.zeros(len(theirs))
        return np.array([self._gap(mine, text) for text in theirs])

    def _gap(self, mine: str, theirs: str) -> float:
        if mine == theirs:
            return 0.0
        if not mine or not theirs or self._embed is None:
            return 1.0
        cosine = float(self._vector(mine) @ self._vector(theirs))
        return 1.0 - min(max((cosine - _UNRELATED) / (1 - _UNRELATED), 0.0), 1.0)

    def _vector(self, text: str) -> Floats:
        if text not in self._vectors and self._embed is not None:
            [vector] = self._embed([text])
            self._vectors[text] = np.asarray(vector, dtype=np.float64)
        return self._vectors[text]


def _text(notes: Sequence[str]) -> str:
    return "; ".join(sorted(note.strip().lower() for note in notes))
