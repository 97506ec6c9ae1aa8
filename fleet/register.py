"""The register as the threads of a process see it: looked up now and then, and at once for a home that is new."""

import logging
from collections.abc import Set as AbstractSet
from contextlib import suppress
from threading import Lock
from time import monotonic

from fleet.addresses import FleetHome
from fleet.streams import Redis, Registered, StreamError, registered

_log = logging.getLogger(__name__)

_ALL_EVERY_S, _NEW_EVERY_S = 10.0, 1.0


class Register:
    """The homes by name; without Redis, as they were."""

    def __init__(self, redis: Redis) -> None:
        self._redis, self._lock, self._at = redis, Lock(), monotonic()
        self._homes: dict[str, FleetHome] = {}
        self._faults: dict[str, str] = {}
        # When unknown names were last looked up.
        self._sought: dict[str, float] = {}
        self._update(registered(redis))

    def __call__(self, wanted: AbstractSet[str] = frozenset()) -> dict[str, FleetHome]:
        """All homes, in one object that is kept up to date; unknown ones of `wanted` are looked up once a second."""
        with self._lock, suppress(StreamError):
            now = monotonic()
            if now - self._at > _ALL_EVERY_S:
                self._at = now
                self._sought.clear()
                self._update(registered(self._redis))
            elif new := [one for one in wanted if one not in self._homes and self._is_due(one, now)]:
                self._sought |= dict.fromkeys(new, now)
                self._homes.update(registered(self._redis, new).homes)
        return self._homes

    def _is_due(self, name: str, now: float) -> bool:
        return name not in self._sought or now - self._sought[name] > _NEW_EVERY_S

    def _update(self, found: Registered) -> None:
        """New first, then what is gone: other threads read meanwhile. Equal homes stay the same object."""
        self._homes.update({name: home for name, home in found.homes.items() if self._homes.get(name) != home})
        for name in self._homes.keys() - found.homes.keys():
            del self._homes[name]
        for name, fault in found.faults.items():
            if self._faults.get(name) != fault:
                _log.error("home %s is left out: %s", name, fault)
        self._faults = found.faults
