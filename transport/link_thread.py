"""Work beside the service that has a connection to the broker of its own."""

import logging
from abc import ABC, abstractmethod
from threading import Event, Thread
from typing import Self

from energy.errors import TransportError

_log = logging.getLogger(__name__)
_AGAIN_S = 10.0


class LinkThread(ABC):
    """A thread inside its `with` block; whoever is left without a broker begins anew a little later."""

    def __init__(self, name: str, *, ends_s: float) -> None:
        self._name, self._ends_s = name, ends_s
        self._stop = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join(self._ends_s)

    @abstractmethod
    def work(self, stop: Event) -> None:
        """Connect, and work until told to stop.

        Raises:
            TransportError: the broker is lost, or cannot be reached.
        """

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.work(self._stop)
            except TransportError as err:
                _log.warning("%s: the broker is lost: %s", self._name, err)
                self._stop.wait(_AGAIN_S)
