from pathlib import Path

import numpy as np
import pytest

from knowledge.embedder import TextEmbedder

TEXTS = [
    "guests",
    "Mañana vienen 6 amigos a cenar, guarda el 40 %",
    "",
    "🎉 " * 7,
    "A Tuesday with 23.4 kWh of load and 3 kWh of solar; peak 4 kW at 19:00. " * 4,
    "longer than the model reads " * 100,
]


@pytest.mark.slow
def test_vectors_are_those_of_sentence_transformers() -> None:
    # SentenceTransformer(...).encode(TEXTS, normalize_embeddings=True) of version 6.2.0, with the same weights.
    expected = np.load(Path(__file__).with_name("minilm_vectors.npy"))
    np.testing.assert_allclose(TextEmbedder()(TEXTS), expected, atol=2e-6)


@pytest.mark.slow
def test_a_text_comes_to_the_same_whatever_is_embedded_with_it() -> None:
    embed = TextEmbedder()
    together = embed(TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        np.testing.assert_array_equal(embed([text])[0], vector)
    assert embed([]).shape == (0, 384)
