"""Fits the classifier of texts to the training phrases, and writes its weights."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix, hstack

from agent.language.kinds.learned import BUCKETS, Learned, vector
from agent.language.kinds.masking import masked
from agent.language.kinds.meaning import DIMENSIONS, meanings
from agent.language.notes import safety
from agent.language.text import plain
from eval.language.phrases_file import FAMILIES, Phrase, training_phrases

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

_STRENGTH = 5.0
# Until nothing changes any more: a fit that stops earlier is not yet what the phrases say.
_TOLERANCE, _MOST_ROUNDS = 1e-5, 2000
_OUTSIDE = "off_subject"


def fit(phrases: Sequence[Phrase] | None = None) -> Learned:
    """Fit to these phrases, or to all that there are."""
    inside = phrases or (*training_phrases("notes"), *training_phrases("questions"))
    outside = training_phrases("outside")
    words = _words((*inside, *outside))
    # Slips are left in, so that one that nobody mends hides no kind.
    texts = [masked(plain(one.text)) for one in (*inside, *outside)]
    rarity = _rarity(texts[: len(inside)])
    features = _matrix(texts, rarity)
    kinds = _regression()
    kinds.fit(features[: len(inside)], [one.kind for one in inside])
    # A row of its own tells what is outside: among the kinds, so many sorts would make every kind less sure.
    gate = _regression()
    gate.fit(features, [one.kind == _OUTSIDE for one in (*inside, *outside)])
    return Learned(
        tuple(kinds.classes_.tolist()),
        np.vstack([kinds.coef_, gate.coef_]).astype(np.float32),
        np.concatenate([kinds.intercept_, gate.intercept_]).astype(np.float32),
        rarity,
        words,
    )


def _regression() -> "LogisticRegression":
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 (a second to import, for this command alone)

    return LogisticRegression(C=_STRENGTH, max_iter=_MOST_ROUNDS, tol=_TOLERANCE, class_weight="balanced")


def _words(phrases: Sequence[Phrase]) -> frozenset[str]:
    """The words of the phrases without slips, and those of the rules of safety."""
    texts = [plain(one.text) for one in phrases if one.family != FAMILIES["e"]]
    rules = [rule.pattern for rule in vars(safety).values() if isinstance(rule, re.Pattern)]
    found = (re.findall(r"[a-z]{5,}", text) for text in texts)
    ruled = (re.findall(r"(?<![a-z\\])[a-z]{5,}(?![a-z\\\[(])", rule) for rule in rules)
    return frozenset(word for words in (*found, *ruled) for word in words)


def _rarity(texts: Sequence[str]) -> np.ndarray:
    flat = np.ones(BUCKETS, dtype=np.float32)
    found = np.zeros(BUCKETS)
    for text in texts:
        found[vector(text, flat)[0]] += 1
    return (np.log((1 + len(texts)) / (1 + found)) + 1).astype(np.float32)


def _matrix(texts: Sequence[str], rarity: np.ndarray) -> csr_matrix:
    rows = [vector(text, rarity) for text in texts]
    ends = np.cumsum([0, *(len(buckets) for buckets, _ in rows)])
    columns, values = (np.concatenate([row[at] for row in rows]) for at in (0, 1))
    letters = csr_matrix((values, columns, ends), shape=(len(texts), BUCKETS))
    return hstack([letters, csr_matrix(meanings(texts))]).tocsr()


def save(fitted: Learned, path: Path) -> None:
    """Write the weights as small whole numbers, each kind with its own scale."""
    letters, meaning = _whole_numbers(fitted.weights[:, :-DIMENSIONS]), _whole_numbers(fitted.weights[:, -DIMENSIONS:])
    np.savez_compressed(
        path,
        kinds=np.array(fitted.kinds),
        weights=letters[0],
        weights_scale=letters[1],
        meaning=meaning[0],
        meaning_scale=meaning[1],
        bias=fitted.bias,
        rarity=fitted.rarity.astype(np.float16),
        words=np.array(" ".join(sorted(fitted.words))),
    )


def _whole_numbers(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scale = np.abs(weights).max(axis=1) / 127
    return np.round(weights / scale[:, None]).astype(np.int8), scale.astype(np.float32)
