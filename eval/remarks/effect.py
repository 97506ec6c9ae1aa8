"""What days with like remarks had in common: how their load differed from that of their own neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from knowledge.days import Floats
from knowledge.note_similarity import Embed

# Cosine from which two remarks are taken to say the same, under the embedding model used here.
ALIKE = 0.5
# Fewer days with like remarks show nothing.
_LEAST_DAYS = 2


@dataclass(frozen=True, slots=True, eq=False)
class RemarkEffect:
    """What a remark adds to a day's load: one row of 24 hours in kW for each day with a like remark, shrunk."""

    days: tuple[date, ...]
    hourly_kw: Floats

    @property
    def energy_kwh(self) -> float:
        """What such days used more than their neighbours, in the mean."""
        return float(self.hourly_kw.sum(axis=1).mean())


@dataclass(frozen=True, slots=True, eq=False)
class _RemarkedDay:
    day: date
    vectors: Floats
    difference_kw: Floats


class RemarkMemory:
    """Past days, what was remarked of them, and their hourly load less that of their own neighbours, of shape (24,)."""

    def __init__(self, embed: Embed, alike: float = ALIKE) -> None:
        self._embed, self._alike = embed, alike
        self._known: list[_RemarkedDay] = []
        self._vectors: dict[str, Floats] = {}

    def add(self, day: date, remarks: Sequence[str], difference_kw: Floats) -> None:
        """Learn a finished day; also one of which nothing was said, which shows how much days differ anyway."""
        self._known.append(_RemarkedDay(day, self._embedded(remarks), difference_kw))

    def effect(self, remarks: Sequence[str], before: date) -> list[RemarkEffect]:
        """What each remark adds, as far as days before this one show it."""
        earlier = [one for one in self._known if one.day < before]
        found = []
        for vector in self._embedded(remarks):
            like = [one for one in earlier if len(one.vectors) and float((one.vectors @ vector).max()) >= self._alike]
            if len(like) >= _LEAST_DAYS:
                found.append(shrunk(like_days(like), earlier_kwh(earlier)))
        return [one for one in found if one.hourly_kw.any()]

    def _embedded(self, remarks: Sequence[str]) -> Floats:
        for text in remarks:
            if text not in self._vectors:
                self._vectors[text] = np.asarray(self._embed([text])[0], dtype=np.float64)
        return np.array([self._vectors[text] for text in remarks])


def like_days(like: Sequence[_RemarkedDay]) -> RemarkEffect:
    """The differences of some days, as they were."""
    return RemarkEffect(tuple(one.day for one in like), np.array([one.difference_kw for one in like]))


def earlier_kwh(earlier: Sequence[_RemarkedDay]) -> Floats:
    """By how many kWh each earlier day differed from its neighbours."""
    return np.array([float(one.difference_kw.sum()) for one in earlier])


def shrunk(effect: RemarkEffect, all_kwh: Floats) -> RemarkEffect:
    """An effect less what chance explains: times max(0, 1 - s² / (n d²)), s the spread of all days, d the mean of n.

    The positive-part estimator of James and Stein (1961) for one mean; a remark that means nothing adds nothing.
    """
    mean_kwh, days = effect.energy_kwh, len(effect.days)
    chance = float(np.var(all_kwh)) / days
    share = max(0.0, 1 - chance / mean_kwh**2) if mean_kwh else 0.0
    return RemarkEffect(effect.days, effect.hourly_kw * share)
