"""How much of a study is played and how long the rest takes, from the pieces that it has."""

import time

from eval.study.play.wishes import StudyWishes

# Processor seconds of a piece of each step, beside each other; only their ratios count.
_COSTS = {"weather": 3.0, "sizes": 1.5, "homes": 3.5, "years": 1.6}


class RestEstimate:
    """Pieces done so far, against those that the wishes lead to."""

    def __init__(self, wishes: StudyWishes) -> None:
        self._began_s = time.monotonic()
        self._total, self._done = _pieces(wishes), dict.fromkeys(_COSTS, 0)

    def after(self, what: str, done: int, total: int) -> dict[str, object]:
        """The step, its pieces, the share of the whole that is done, and the seconds that are left."""
        self._done[what], self._total[what] = done, total
        share = self._weight(self._done) / max(self._weight(self._total), 1e-9)
        spent_s = time.monotonic() - self._began_s
        left_s = spent_s * (1 - share) / share if share > 0 else None
        return {"step": what, "done": done, "total": total, "share": share, "left_s": left_s}

    def _weight(self, pieces: dict[str, int]) -> float:
        return sum(_COSTS[name] * count for name, count in pieces.items())


def _pieces(wishes: StudyWishes) -> dict[str, int]:
    """How many pieces each step will have."""
    sizes = len(wishes.all_kwp) * len(wishes.all_kwh)
    stored = len(wishes.all_kwp) * (len(wishes.all_kwh) - 1)
    return {
        "weather": 1 + wishes.weather_years,
        "sizes": sizes * len(wishes.tariffs),
        "homes": 2,
        "years": 12 * stored * len(wishes.tariffs) + sizes * wishes.weather_years + 12,
    }
