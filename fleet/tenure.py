"""The one seat of a group on a shard, and work that goes on only for as long as it is held."""

import logging
from abc import ABC, abstractmethod
from time import monotonic
from uuid import uuid4

from energy.errors import NewerFormat
from fleet.streams import Entry, Shard

_log = logging.getLogger(__name__)

# How long a worker that is too old leaves its seat to others.
_LEASES_AWAY = 4


class Tenure:
    """The one seat of a group on a shard: whose it is, it is for `lease_s` after each sign of life."""

    def __init__(self, shard: Shard, group: str, lease_s: float) -> None:
        self.token = ""
        self._shard, self._group, self._lease_s = shard, group, lease_s
        self._away_until = 0.0

    def keep(self) -> bool:
        """Stay in the seat."""
        return bool(self.token) and self._shard.keep_seat(self._group, self.token, self._lease_s)

    def take(self) -> bool:
        """Take the seat if it is free, under a new token: what its last owner began is not ours to end."""
        if monotonic() < self._away_until:
            return False
        self.token = uuid4().hex
        return self._shard.take_seat(self._group, self.token, self._lease_s)

    def stand_back(self, why: NewerFormat) -> None:
        """Leave the seat to a worker that understands what there is to do, and look again some leases later."""
        _log.error("%s of shard %s stands back: %s", self._group, self._shard.name, why)
        self._away_until = monotonic() + _LEASES_AWAY * self._lease_s
        self._shard.count(f"{self._group} stood back")
        self._shard.leave_seat(self._group, self.token)
        self.token = ""


class SeatedWork(ABC):
    """A group's work on a stream of a shard, a batch at a time, what its last owner left undone first."""

    def __init__(self, shard: Shard, tenure: Tenure, *, stream: str, group: str, batch: int) -> None:
        self._shard, self._tenure = shard, tenure
        self._stream, self._group, self._batch = stream, group, batch
        # Whether what we know is what Redis has: until then, what was left undone comes first.
        self._in_step = False

    def turn(self) -> int:
        """Work through what waits, a batch at most; how many entries that were."""
        try:
            return self._turn()
        except NewerFormat as err:
            self._tenure.stand_back(err)
            return 0

    def start_over(self) -> None:
        """Redis was away, and may have forgotten what we remember: with the next turn we know what it knows."""
        self._in_step = False

    def look_for_gaps(self) -> None:
        """Tell of entries that somebody deleted before they were read."""
        if self._in_step and self._tenure.keep():
            self._shard.check_gaps(self._stream, self._group)

    @abstractmethod
    def _learn(self) -> None:
        """Take up the work where its last owner left it."""

    @abstractmethod
    def _work(self, entries: list[Entry]) -> bool:
        """Do entries and confirm them; False where that failed and they wait for another turn."""

    def _turn(self) -> int:
        if not self._tenure.keep():
            self._in_step = False
            if not self._tenure.take():
                return 0
        begins = not self._in_step
        # An exception on the way leaves it so.
        self._in_step = False
        entries = self._left_undone() if begins else self._read()
        done = not entries or self._work(entries)
        self._in_step = done and not (begins and entries)
        return len(entries) if done else 0

    def _left_undone(self) -> list[Entry]:
        self._learn()
        self._shard.check_gaps(self._stream, self._group)
        return self._shard.pending(self._stream, self._group, self._tenure.token, self._batch)

    def _read(self) -> list[Entry]:
        return self._shard.read(self._stream, self._group, self._tenure.token, self._batch)
