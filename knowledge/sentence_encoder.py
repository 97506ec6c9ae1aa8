"""all-MiniLM-L6-v2 in NumPy: BERT (Devlin et al. 2018, arXiv 1810.04805), the mean of its tokens, length 1."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

Weights = Mapping[str, NDArray[np.float32]]
Rows = NDArray[np.float32]

_HEADS = 12
_TINY = 1e-12


class SentenceEncoder:
    """Computes with the weights as they are published, by their published names; each text by itself.

    So what a text comes to does not depend on what else is embedded with it. `word` gives the row of a token: half of
    all weights are those of words, and few are ever used.
    """

    def __init__(self, weights: Weights, word: Callable[[int], Rows]) -> None:
        self._weights, self._word = weights, word
        self._layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder.layer."))

    def encode(self, tokens: Sequence[int]) -> Rows:
        """The unit vector of one text, by its tokens with the marks of begin and end."""
        rows = self._embedded(tokens)
        for layer in range(self._layers):
            rows = self._attended(rows, f"encoder.layer.{layer}.")
            rows = self._transformed(rows, f"encoder.layer.{layer}.")
        mean = rows.mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

    def _embedded(self, tokens: Sequence[int]) -> Rows:
        """Word, place and sort of each token."""
        places, sorts = (self._weights[f"embeddings.{name}_embeddings.weight"] for name in ("position", "token_type"))
        words = np.array([self._word(token) for token in tokens])
        return self._normalised(words + places[: len(tokens)] + sorts[0], "embeddings.LayerNorm")

    def _attended(self, rows: Rows, layer: str) -> Rows:
        """Each token with what it takes from the others: softmax(Q Kᵀ / √d) V, head by head."""
        query, key, value = (
            self._linear(rows, f"{layer}attention.self.{name}").reshape(len(rows), _HEADS, -1).transpose(1, 0, 2)
            for name in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(query.shape[-1]))
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        taken = (shares @ value).transpose(1, 0, 2).reshape(rows.shape)
        return self._normalised(
            rows + self._linear(taken, f"{layer}attention.output.dense"), f"{layer}attention.output.LayerNorm"
        )

    def _transformed(self, rows: Rows, layer: str) -> Rows:
        """Each token by itself: a wider layer with GELU, x Φ(x), and back."""
        wide = self._linear(rows, f"{layer}intermediate.dense")
        wide *= (1 + erf(wide / np.float32(np.sqrt(2)))) / 2
        return self._normalised(rows + self._linear(wide, f"{layer}output.dense"), f"{layer}output.LayerNorm")

    def _linear(self, rows: Rows, name: str) -> Rows:
        return np.asarray(rows @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"])

    def _normalised(self, rows: Rows, name: str) -> Rows:
        """Mean 0 and variance 1 over each token, then scaled and shifted."""
        centred = rows - rows.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(_TINY))
        return np.asarray(centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"])
