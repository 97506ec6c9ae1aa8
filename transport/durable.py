"""The MQTT client that loses nothing: a message is the broker's until it is confirmed, and comes again until then."""

import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Event
from typing import Any, Self

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from energy.errors import TransportError
from transport.mqtt import BrokerAddress, prepare

_log = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S, _KEEP_ALIVE_S = 10.0, 30
# Publications that the broker has not confirmed, at most.
_IN_FLIGHT = 200


@dataclass(frozen=True, slots=True)
class Received:
    """A message that is still the broker's: it comes again unless it is confirmed."""

    topic: str
    payload: bytes
    number: int
    connection: int


class DurableLink:
    """A session that the broker keeps under `client_id`, open inside its `with` block; everything at QoS 1.

    What was not confirmed comes again after a reconnection, in its old order: readers must be idempotent.
    """

    def __init__(self, address: BrokerAddress, client_id: str, *filters: str) -> None:
        self.address = address
        self._filters = filters
        self._inbox: Queue[Received] = Queue()
        self._sent: deque[MQTTMessageInfo] = deque()
        self._connection = 0
        self._settled, self._refusal = Event(), ""
        # Without anything to hear there is no session to keep.
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id, clean_session=not filters, manual_ack=bool(filters)
        )
        self._client.max_inflight_messages_set(_IN_FLIGHT)
        prepare(self._client, address)
        self._client.on_connect = self._connected
        self._client.on_message = self._arrived

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            TransportError: nobody answers at the address, or the broker refuses us.
        """
        try:
            self._client.connect(self.address.host, self.address.port, keepalive=_KEEP_ALIVE_S)
        except OSError as err:
            raise TransportError(f"no broker at {str(self.address)!r} ({err}): start one or give --broker") from err
        self._client.loop_start()
        if self._settled.wait(_CONNECT_TIMEOUT_S) and not self._refusal:
            return self
        self._end()
        raise TransportError(
            f"broker {str(self.address)!r} refuses user {self.address.username!r} ({self._refusal or 'no answer'}): "
            "check user name, password and port",
        )

    def __exit__(self, *_exception: object) -> None:
        self._end()

    def take(self, most: int, timeout_s: float) -> list[Received]:
        """Messages that wait, oldest first; after the timeout none. Those of an earlier connection come again."""
        taken: list[Received] = []
        with suppress(Empty):
            taken.append(self._inbox.get(timeout=timeout_s))
            while len(taken) < most:
                taken.append(self._inbox.get_nowait())
        return [one for one in taken if one.connection == self._connection]

    def confirm(self, received: Sequence[Received]) -> None:
        """Tell the broker that these are safe."""
        for one in received:
            if one.connection == self._connection:
                self._client.ack(one.number, 1)

    def publish(self, topic: str, payload: bytes | str, *, retain: bool = False) -> None:
        """Send a message; waits where too many are not confirmed yet."""
        self._sent.append(self._client.publish(topic, payload, qos=1, retain=retain))
        while len(self._sent) >= _IN_FLIGHT:
            self._await_oldest(None)

    def flush(self, timeout_s: float) -> bool:
        """Wait until the broker has everything; whether it has, in time."""
        while self._sent:
            if not self._await_oldest(timeout_s):
                return False
        return True

    def _await_oldest(self, timeout_s: float | None) -> bool:
        self._sent[0].wait_for_publish(timeout_s)
        done = self._sent[0].is_published()
        if done:
            self._sent.popleft()
        return done

    def _end(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(
        self,
        client: Client,
        _userdata: Any,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._connection += 1
        self._refusal = str(reason) if reason.is_failure else ""
        if not self._refusal and self._filters:
            client.subscribe([(topic_filter, 1) for topic_filter in self._filters])
        if self._settled.is_set():
            _log.info("connected to broker %s again", self.address)
        self._settled.set()

    def _arrived(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        self._inbox.put(Received(message.topic, bytes(message.payload), message.mid, self._connection))
