"""How well an ensemble forecast a value: the continuous ranked probability score."""

import numpy as np

from knowledge.days import Floats


def crps(members: Floats, truth: Floats) -> Floats:
    """Continuous ranked probability score of members of shape (n, slots): mean |x - y| - mean |x - x'| / 2.

    Reference: Gneiting and Raftery 2007, eq. 21. With one member it is the absolute error.
    """
    count = len(members)
    rank = np.arange(1, count + 1)[:, None]
    spread = ((2 * rank - count - 1) * np.sort(members, axis=0)).sum(axis=0) / count**2
    return np.asarray(np.abs(members - truth).mean(axis=0) - spread, dtype=np.float64)
