"""Tells what a text asks for by examples: weights over its letter sequences, words and meaning, fitted beforehand.

A linear classifier: the logarithm of each feature's count times its rarity, hashed into buckets, beside the vector of a
multilingual sentence encoder; one row of weights a kind, softmax. `advisor eval language --fit` makes the file of
weights; numbers only, nothing in it is executed.
"""

import itertools
import logging
import math
import zlib
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from agent.language.kinds.masking import masked
from agent.language.kinds.meaning import DIMENSIONS, meanings
from agent.language.kinds.spelling import mended

_log = logging.getLogger(__name__)

BUCKETS = 1 << 15
_SEQUENCES = range(2, 6)
_WEIGHTS = files("agent.language.kinds") / "learned.npz"
# A text whose likeliest kind is likely in less than about one case of three is like no example.
_LEAST = 0.35
# Short words such as "thanks" stand near what is outside: a kind as likely as this is believed all the same.
_PLAIN = 0.65
# A text as likely of a kind as this is clear as it was typed.
_CLEAR = 0.5

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Guess:
    """The kinds that a text may be of, the likeliest first, with how likely that is (0 to 1).

    `outside` is how likely it is that the text is about nothing known here.
    """

    ranked: tuple[tuple[str, float], ...]
    outside: float = 0.0

    @property
    def kind(self) -> str:
        """The likeliest kind."""
        return self.ranked[0][0]

    @property
    def confidence(self) -> float:
        """How far the likeliest kind stands above the next: half where they are even, near 1 where it is clear."""
        first, second = self.ranked[0][1], self.ranked[1][1]
        return first / (first + second)

    @property
    def is_known(self) -> bool:
        """Whether the text is about something known here: likely so, or plainly of a kind, and like some example."""
        likeliest = self.ranked[0][1]
        return likeliest >= (_PLAIN if self.outside >= 0.5 else _LEAST)

    @property
    def weight(self) -> float:
        """The likelihood of all kinds that are left."""
        return sum(share for _, share in self.ranked)

    def among(self, kinds: Collection[str]) -> "Guess":
        """The same for some of the kinds, each as likely as it was."""
        return Guess(tuple(one for one in self.ranked if one[0] in kinds), self.outside)


@dataclass(frozen=True, slots=True)
class Learned:
    """A fitted classifier: kinds, a row of weights and a bias for each, how rare each bucket is, and the words learnt.

    A row has a weight for each bucket and, at its end, for each dimension of the meaning. The last row tells what is
    about nothing known here.
    """

    kinds: tuple[str, ...]
    weights: Floats
    bias: Floats
    rarity: Floats
    words: frozenset[str] = frozenset()

    def guess(self, words: str) -> Guess:
        """What a text asks for, folded and mended."""
        text = masked(words)
        buckets, values = vector(text, self.rarity)
        meant = self.weights[:, -DIMENSIONS:] @ meanings([text])[0]
        *scores, outside = self.weights[:, buckets] @ values + meant + self.bias
        shares = np.exp(scores - np.max(scores))
        shares /= shares.sum()
        order = np.argsort(-shares)
        ranked = tuple((self.kinds[at], float(shares[at])) for at in order)
        return Guess(ranked, float(1 / (1 + np.exp(-outside))))


def vector(text: str, rarity: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
    """The buckets of a masked text and their values, of length 1 together."""
    counts = Counter(zlib.crc32(feature.encode()) % BUCKETS for feature in _features(text))
    buckets = np.fromiter(counts, dtype=np.int64, count=len(counts))
    values = np.array([1 + math.log(count) for count in counts.values()], dtype=np.float32) * rarity[buckets]
    length = float(np.linalg.norm(values))
    return buckets, values / length if length else values


def _features(text: str) -> Iterator[str]:
    words = text.split()
    yield from (f"w{word}" for word in words)
    yield from (f"p{first} {second}" for first, second in itertools.pairwise(words))
    yield from (f"e{word}" for word in (words[:1] + words[-1:]))
    for word in words:
        framed = f" {word} "
        for length in _SEQUENCES:
            yield from (framed[at : at + length] for at in range(len(framed) - length + 1))


# Weights that were fitted to a household too; the last ones count.
_own: list[Path] = []


def learned() -> Learned:
    """The classifier: that of the household, if there is one of the same kinds, else the one that ships."""
    return _household(_own[-1]) if _own else _shipped()


def read_by_own(path: Path) -> None:
    """From now on, read by the weights in a file, if there is one."""
    if path.is_file():
        _own.append(path)


@contextmanager
def read_by(path: Path) -> Iterator[None]:
    """For a while, read by the weights in a file."""
    _own.append(path)
    try:
        yield
    finally:
        _own.pop()


@cache
def _household(path: Path) -> Learned:
    try:
        made = _read(path)
    except (OSError, ValueError, KeyError, BadZipFile) as err:
        _log.warning("the household's own weights %s cannot be read, those that ship are used: %s", path, err)
        return _shipped()
    return made if made.kinds == _shipped().kinds and made.weights.shape == _shipped().weights.shape else _shipped()


@cache
def _shipped() -> Learned:
    with as_file(_WEIGHTS) as path:
        return _read(path)


def _read(path: Path) -> Learned:
    with np.load(path, allow_pickle=False) as held:
        weights = np.hstack([held[part] * held[f"{part}_scale"][:, None] for part in ("weights", "meaning")])
        rarity, words = held["rarity"].astype(np.float32), frozenset(str(held["words"]).split())
        return Learned(tuple(held["kinds"].tolist()), weights.astype(np.float32), held["bias"], rarity, words)


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text folded, with the slips in its words for times mended, where each letter stands in it, and what it may ask.

    `meant` is the same with every slip mended that can be: it may take a word for another, so it only tells the kind
    where the text as it was typed does not, and what to refuse.
    """

    words: str
    places: list[int]
    meant: str
    guess: Guess


def read_text(text: str) -> ReadText:
    """Read a text as it was typed; where that is unclear, as it may have been meant."""
    classifier = learned()
    words, places = mended(text, classifier.words)
    meant, _ = mended(text, classifier.words, whole=True)
    guess = classifier.guess(words)
    if meant != words and guess.ranked[0][1] < _CLEAR:
        guess = max(guess, classifier.guess(meant), key=lambda one: one.ranked[0][1])
    return ReadText(words, places, meant, guess)
