"""The MQTT client: one connection that mends itself, and a bounded queue of what came in."""

import logging
import os
import re
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event
from typing import Any, Self

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTMessageInfo, topic_matches_sub
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from energy.errors import SettingsError, TransportError

_log = logging.getLogger(__name__)

MAX_PAYLOAD_BYTES = 256 * 1024
DEFAULT_PORT = 1883

_ADDRESS = re.compile(r"([\w.-]+)(?::(\d{1,5}))?", re.ASCII)
_QUEUE_LENGTH = 2000
# As `ADVISOR_MQTT__…`, the same for the service and for every command that talks to a broker.
_VARIABLES = ("USERNAME", "PASSWORD", "TLS", "CA_FILE", "CERT_FILE", "KEY_FILE")
_CONNECT_TIMEOUT_S = 5.0
_KEEP_ALIVE_S = 30


@dataclass(frozen=True, slots=True)
class BrokerTls:
    """An encrypted way to the broker: `ca_file` for one with a certificate of its own making.

    `cert_file` and `key_file` are ours, where the broker asks for them instead of a password.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    @classmethod
    def wished(cls, tls: bool, *files: Path | None) -> Self | None:
        """An encrypted way where it is asked for, or where any of its files is named; None for a plain one."""
        return cls(*files) if tls or any(files) else None

    def context(self) -> ssl.SSLContext:
        """What a connection is checked and encrypted by: the broker's name must be in its certificate.

        Raises:
            SettingsError: a file cannot be read, or holds no certificate or key.
        """
        if self.key_file is not None and self.cert_file is None:
            raise SettingsError(f"mqtt.key_file {str(self.key_file)!r} has no certificate: give mqtt.cert_file too")
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.cert_file is not None:
                context.load_cert_chain(self.cert_file, self.key_file)
        except (OSError, ssl.SSLError) as err:
            files = ", ".join(str(file) for file in (self.ca_file, self.cert_file, self.key_file) if file is not None)
            raise SettingsError(f"certificate files {files!r} cannot be used ({err}): check mqtt.ca_file") from err
        return context


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker listens and who we say we are; the password never shows in a repr."""

    host: str
    port: int = DEFAULT_PORT
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: BrokerTls | None = None

    @classmethod
    def from_environment(cls, text: str) -> Self:
        """`HOST` or `HOST:PORT`, with the login and the certificates of the variables that the service reads too.

        Raises:
            SettingsError: the text is neither.
        """
        known = {name: os.environ.get(f"ADVISOR_MQTT__{name}") or None for name in _VARIABLES}
        files = (Path(file) if (file := known[name]) else None for name in _VARIABLES[3:])
        tls = BrokerTls.wished((known["TLS"] or "").lower() in {"1", "true", "yes", "on"}, *files)
        address = cls.parse(text, username=known["USERNAME"], password=known["PASSWORD"])
        return replace(address, tls=tls)

    @classmethod
    def parse(cls, text: str, *, username: str | None = None, password: str | None = None) -> Self:
        """Read `HOST` or `HOST:PORT`.

        Raises:
            SettingsError: the text is neither.
        """
        match = _ADDRESS.fullmatch(text.strip())
        port = int(match[2] or DEFAULT_PORT) if match else 0
        if match is None or not 1 <= port <= 65535:
            raise SettingsError(f"broker {text!r} is not HOST:PORT: write it like 'localhost:1883'")
        return cls(match[1], port, username, password)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Message:
    """A message that arrived; `retained` tells an old state from news."""

    topic: str
    payload: bytes
    retained: bool = False


class MqttLink:
    """A connection to a broker, open inside its `with` block.

    It reconnects and subscribes again by itself. The last will is a retained `(topic, payload)`; it is also published
    on a clean end, so that its readers need to know one way of leaving only. `on_connected` runs in the network thread
    after every connection, the first included: there states are published that must survive a broker's restart.
    """

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        *,
        will: tuple[str, str] | None = None,
        on_connected: "Callable[[MqttLink], None] | None" = None,
        queue_length: int = _QUEUE_LENGTH,
    ) -> None:
        self.address = address
        self.published = 0
        self.overflowed = 0
        self.oversized = 0
        self._will = will
        self._on_connected = on_connected
        self._inbox: Queue[Message] = Queue(queue_length)
        self._filters: dict[str, None] = {}
        self._settled = Event()
        self._refusal: str | None = None
        self._lost = False
        self._client = self._build(client_id)

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            TransportError: nobody answers at the address, or the broker refuses us.
        """
        try:
            self._client.connect(self.address.host, self.address.port, keepalive=_KEEP_ALIVE_S)
        except ssl.SSLError as err:
            raise TransportError(
                f"broker {str(self.address)!r} cannot be trusted or lacks TLS ({err}): check mqtt.ca_file and port"
            ) from err
        except OSError as err:
            raise TransportError(f"no broker at {str(self.address)!r} ({err}): start one or give --broker") from err
        self._begin()
        answered = self._settled.is_set()
        if answered and self._refusal is None:
            return self
        self._end()
        if self._refusal is None:
            raise TransportError(
                f"{str(self.address)!r} accepts connections but does not answer as an MQTT broker: check the port",
            )
        raise TransportError(
            f"broker {str(self.address)!r} refuses user {self.address.username!r} ({self._refusal}): "
            "check user name and password",
        )

    def __exit__(self, *_exception: object) -> None:
        if self._will is not None and self.connected:
            with suppress(ValueError, RuntimeError):
                self._deliver(self._client.publish(*self._will, qos=1, retain=True))
        self._end()

    @property
    def connected(self) -> bool:
        """Whether the broker can be reached now."""
        return self._client.is_connected()

    def publish(self, topic: str, payload: bytes | str, *, retain: bool = False, qos: int = 0) -> None:
        """Send a message; without a connection QoS 0 is lost and QoS 1 waits for the next one."""
        self.published += 1
        self._client.publish(topic, payload, qos=qos, retain=retain)

    def subscribe(self, *topic_filters: str) -> None:
        """Receive what matches, now and after every reconnection."""
        self._filters.update(dict.fromkeys(topic_filters))
        if self.connected:
            self._client.subscribe([(topic_filter, 1) for topic_filter in topic_filters])

    def receive(self, timeout_s: float = 0.0) -> Message | None:
        """The oldest message that waits, or None after the timeout."""
        try:
            return self._inbox.get(timeout=timeout_s)
        except Empty:
            return None

    def _begin(self) -> None:
        """Let the network work; returns when the broker has answered, or after a timeout."""
        self._client.loop_start()
        self._settled.wait(_CONNECT_TIMEOUT_S)

    def _deliver(self, message: MQTTMessageInfo) -> None:
        """Wait until the broker has a message, or for a timeout."""
        message.wait_for_publish(_CONNECT_TIMEOUT_S)

    def _end(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _build(self, client_id: str) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id)
        prepare(client, self.address)
        if self._will is not None:
            client.will_set(*self._will, qos=1, retain=True)
        client.max_queued_messages_set(_QUEUE_LENGTH)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_message = self._arrived
        return client

    def _connected(
        self,
        client: Client,
        _userdata: Any,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._refusal = str(reason) if reason.is_failure else None
        if self._refusal is None:
            if self._filters:
                client.subscribe([(topic_filter, 1) for topic_filter in self._filters])
            self._greet()
        elif self._settled.is_set():
            _log.error("broker %s refuses the reconnection: %s", self.address, reason)
        self._settled.set()

    def _greet(self) -> None:
        if self._lost:
            _log.info("connected to broker %s again", self.address)
        self._lost = False
        if self._on_connected is None:
            return
        try:
            self._on_connected(self)
        except Exception:  # noqa: BLE001 (an exception in a callback ends paho's network thread)
            _log.exception("announcing ourselves to broker %s failed", self.address)

    def _disconnected(
        self,
        _client: Client,
        _userdata: Any,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure and self._refusal is None and not self._lost:
            self._lost = True
            _log.warning("lost broker %s (%s), trying again until it answers", self.address, reason)

    def _arrived(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        if len(message.payload) > MAX_PAYLOAD_BYTES:
            self.oversized += 1
            _log.warning(
                "dropped %d bytes on topic %r: payloads end at %d bytes",
                len(message.payload),
                message.topic,
                MAX_PAYLOAD_BYTES,
            )
            return
        self._keep(Message(message.topic, bytes(message.payload), message.retain))

    def _keep(self, message: Message) -> None:
        """Queue a message, giving up the oldest ones: a late reader wants the present."""
        while True:
            try:
                self._inbox.put_nowait(message)
            except Full:
                with suppress(Empty):
                    self._inbox.get_nowait()
                    self._count_overflow()
            else:
                return

    def _count_overflow(self) -> None:
        if not self.overflowed:
            _log.warning("more than %d messages wait to be read: dropping the oldest", self._inbox.maxsize)
        self.overflowed += 1


def prepare(client: Client, address: BrokerAddress) -> None:
    """Give a client its login and encryption, and how it connects."""
    if address.username is not None:
        client.username_pw_set(address.username, address.password)
    if address.tls is not None:
        client.tls_set_context(address.tls.context())
    client.reconnect_delay_set(min_delay=1, max_delay=8)
    client.on_socket_open = send_at_once


def is_subscribed(topic_filter: str, topic: str) -> bool:
    """Whether a subscription with + and # brings a topic."""
    return topic_matches_sub(topic_filter, topic)


def send_at_once(_client: Client, _userdata: Any, connection: Any) -> None:
    """Turn Nagle's algorithm off on a new connection."""
    # paho leaves it on, which holds back bursts of small messages by up to 40 ms.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
