"""States asked of Home Assistant itself, where what it publishes over MQTT is missing or old.

After a restart of the broker `mqtt_statestream` leaves `unavailable` retained until each value happens to change.
"""

import logging
import re
from collections.abc import Iterable
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Self

from energy.errors import AdvisorError
from ingest.homeassistant.client import HomeAssistant, HomeAssistantAddress
from transport.mqtt import Message

_log = logging.getLogger(__name__)

_EVERY_S = 15.0
# How statestream names an entity's topic: base, domain, object id.
_ENTITY_TOPIC = re.compile(r"(?:^|/)([a-z_]{1,32})/([a-z0-9_]{1,200})/state$")


def entity_of(topic: str) -> str | None:
    """The entity whose state a topic of `mqtt_statestream` carries; None for any other topic."""
    found = _ENTITY_TOPIC.search(topic)
    return f"{found[1]}.{found[2]}" if found else None


class EntityStates:
    """Asks beside the service, now and then and only for what is wanted; answers come as messages of those topics."""

    def __init__(self, address: HomeAssistantAddress, *, every_s: float = _EVERY_S) -> None:
        self._address, self._every_s = address, every_s
        self._wanted: dict[str, str] = {}
        self._answers: SimpleQueue[Message] = SimpleQueue()
        self._stop = Event()
        self._failing = False
        self._thread = Thread(target=self._work, name="entity states", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()

    def want(self, topics: Iterable[str]) -> None:
        """Say which topics lack a value that counts; replaces what was wanted before."""
        self._wanted = {topic: entity for topic in topics if (entity := entity_of(topic)) is not None}

    def collect(self) -> list[Message]:
        """What was answered since."""
        found = []
        while True:
            try:
                found.append(self._answers.get_nowait())
            except Empty:
                return found

    def _work(self) -> None:
        while not self._stop.wait(self._every_s):
            wanted = self._wanted
            if wanted:
                self._ask(wanted)

    def _ask(self, wanted: dict[str, str]) -> None:
        try:
            with HomeAssistant(self._address) as assistant:
                states = assistant.states()
        except AdvisorError as err:
            if not self._failing:
                _log.warning("states cannot be asked of Home Assistant: %s", err)
            self._failing = True
            return
        self._failing = False
        for topic, entity in wanted.items():
            if entity in states:
                self._answers.put(Message(topic, states[entity].state.encode()))
