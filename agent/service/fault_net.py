"""The net around each message and each decision: a fault of our own is logged once, counted and survived."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_log = logging.getLogger(__name__)

_MOST_PLACES = 1000


class FaultNet:
    """Catches what no code expected, so that one message or one decision is lost and not the service."""

    def __init__(self) -> None:
        self.caught = 0
        # What was caught last, for who must say something in place of what was lost.
        self.last = ""
        self._places: set[str] = set()

    @contextmanager
    def around(self, what: str) -> Iterator[None]:
        """Do `what`, and go on after it whatever happens in it."""
        try:
            yield
        except Exception as err:  # noqa: BLE001 (this is the net: everything else says what it expects)
            self._catch(what, err)

    def _catch(self, what: str, err: Exception) -> None:
        self.caught += 1
        frame = traceback.extract_tb(err.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        self.last = f"a fault of the advisor at {place} ({type(err).__name__}): please report it"
        key = f"{place} {type(err).__name__}"
        if key not in self._places and len(self._places) < _MOST_PLACES:
            self._places.add(key)
            _log.error("%s failed, going on without it: %s", what, self.last, exc_info=err)
