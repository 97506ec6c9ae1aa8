"""What is wrong with the homes of a shard, until it is well again; one home's fault is no other's."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from energy.errors import AdvisorError
from fleet.streams import Changes, StreamError
from transport.payloads import first_fault

_log = logging.getLogger(__name__)

_LONGEST = 300


class HomeFaults:
    """The faults of a group, each of a home and of what it is about: a topic, its state, its slot."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = set(known)

    @contextmanager
    def within(self, changes: Changes, home: str, about: str) -> Iterator[None]:
        """Whatever goes wrong here is this home's fault, but for a Redis that is away."""
        try:
            yield
        except StreamError:
            raise
        except ValidationError as err:
            self.say(changes, home, about, f"{about}: {first_fault(err)}")
        except AdvisorError as err:
            self.say(changes, home, about, str(err))
        except Exception as err:  # noqa: BLE001 (one home's worst message must not end the work for the others)
            _log.exception("home %s, %s", home, about)
            self.say(changes, home, about, f"{about}: {type(err).__name__}: {err}")

    def say(self, changes: Changes, home: str, about: str, text: str) -> None:
        """Keep a fault."""
        name = f"{home} {about}"
        self._known.add(name)
        changes.well.discard(name)
        changes.faults[name] = text[:_LONGEST]

    def well(self, changes: Changes, home: str, about: str) -> None:
        """This is well; a fault that it had is gone."""
        if (name := f"{home} {about}") in self._known:
            self._known.discard(name)
            changes.faults.pop(name, None)
            changes.well.add(name)

    def all_well(self, changes: Changes, home: str) -> None:
        """The home is somebody else's."""
        for about in [name.partition(" ")[2] for name in self._known if name.startswith(f"{home} ")]:
            self.well(changes, home, about)
