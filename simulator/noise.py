"""Random series with memory, the same for the same seed."""

import hashlib

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def stream(seed: int, *names: object) -> np.random.Generator:
    """A random generator of its own for each thing that is drawn, so that one draw more here changes nothing there."""
    text = " ".join([str(seed), *map(str, names)])
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]))


def remembering(rng: np.random.Generator, length: int, *, lasts_steps: float) -> Floats:
    """Gaussian noise of mean 0 and variance 1 that forgets with the time constant `lasts_steps` (AR(1))."""
    kept = float(np.exp(-1 / lasts_steps))
    shocks = rng.normal(size=length) * np.sqrt(1 - kept**2)
    shocks[0] /= np.sqrt(1 - kept**2)
    return np.asarray(scipy.signal.lfilter([1.0], [1.0, -kept], shocks), dtype=np.float64)


def lagged(values: Floats, *, lasts_steps: float) -> Floats:
    """What follows `values` with a first-order lag, beginning at rest."""
    kept = float(np.exp(-1 / lasts_steps))
    followed, _ = scipy.signal.lfilter([1 - kept], [1.0, -kept], values, zi=[kept * values[0]])
    return np.asarray(followed, dtype=np.float64)


def running_mean(values: Floats, width: int) -> Floats:
    """Centred moving mean over about `width` values; the ends repeat."""
    width |= 1
    padded = np.pad(values, width // 2, mode="edge")
    sums = np.cumsum(np.concatenate([[0.0], padded]))
    return np.asarray((sums[width:] - sums[:-width]) / width, dtype=np.float64)
