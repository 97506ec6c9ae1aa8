"""The embedded broker: MQTT on a loopback port for demos and tests, so that a fresh machine needs nothing."""

import asyncio
import logging
from threading import Event, Thread
from typing import Self
from weakref import WeakSet

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig

from energy.errors import TransportError
from transport.mqtt import BrokerAddress

_HOST = "127.0.0.1"
_LISTENER = "default"
# amqtt leaves the socket of an `external` listener to us: so the free port is known, and every connection can be ended.
_CONFIG = {
    "listeners": {_LISTENER: {"type": "external"}},
    "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
}


class EmbeddedBroker:
    """amqtt in a thread and an event loop of its own; keeps nothing on disk.

    Port 0 takes a free one. Reached from this machine only, without a password.
    """

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._ready = Event()
        self._failure: OSError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None
        self._connections: WeakSet[asyncio.StreamWriter] = WeakSet()
        self._thread = Thread(target=self._run, name="embedded-broker", daemon=True)

    def __enter__(self) -> Self:
        """Start and wait until the port is open.

        Raises:
            TransportError: the port is taken.
        """
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise TransportError(
                f"the embedded broker cannot open port {self._port!r} ({self._failure.strerror}): use another or 0",
            ) from self._failure
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._loop is not None and self._ended is not None:
            self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    @property
    def address(self) -> BrokerAddress:
        """Where it listens."""
        return BrokerAddress(_HOST, self._port)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as err:
            self._failure = err
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        broker = Broker(BrokerConfig.from_dict(_CONFIG))

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._connections.add(writer)
            await broker.external_connected(StreamReaderAdapter(reader), StreamWriterAdapter(writer), _LISTENER)

        server = await asyncio.start_server(accept, _HOST, self._port)
        async with server:
            await broker.start()
            self._port = server.sockets[0].getsockname()[1]
            self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
            self._ready.set()
            await self._ended.wait()
        await self._end_connections()
        await broker.shutdown()

    async def _end_connections(self) -> None:
        # amqtt's own shutdown waits without end for a reader that a packet reaches in the same instant.
        for connection in self._connections:
            connection.transport.abort()
        await asyncio.sleep(0)
