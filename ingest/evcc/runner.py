"""The bridge at work beside the service: a thread with a connection of its own, which releases evcc when it ends."""

import logging
import time
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Self

from energy.errors import TransportError
from energy.home import Home
from ingest.evcc.api import EvccApi
from ingest.evcc.bridge import EvccBridge, missing_devices
from ingest.evcc.settings import EvccSettings
from transport.mqtt import BrokerAddress, MqttLink

_log = logging.getLogger(__name__)
_GLANCE_S, _AGAIN_S, _ENDS_S = 0.5, 10.0, 15.0


class EvccRunner:
    """Runs inside its `with` block."""

    def __init__(self, home: Home, settings: EvccSettings, broker: BrokerAddress) -> None:
        self._home, self._settings, self._broker = home, settings, broker
        self._stop = Event()
        self._thread = Thread(target=self._run, name="evcc", daemon=True)

    def __enter__(self) -> Self:
        for name in missing_devices(self._settings, self._home):
            _log.warning("evcc.loadpoints names %r, which home.toml does not have as a car or heat pump", name)
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join(_ENDS_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._bridge_until_stopped()
            except TransportError as err:
                _log.warning("the evcc bridge lost the broker: %s", err)
                self._stop.wait(_AGAIN_S)

    def _bridge_until_stopped(self) -> None:
        api = EvccApi(self._settings.url)
        with MqttLink(self._broker, f"energy-advisor-evcc-{self._home.name}") as link:
            bridge = EvccBridge(
                self._home,
                self._settings,
                api,
                lambda topic, payload, retain: link.publish(topic, payload, retain=retain, qos=1),
            )
            link.subscribe(*bridge.topics)
            due_s = 0.0
            try:
                while not self._stop.is_set():
                    message = link.receive(_GLANCE_S)
                    if message is not None and not message.retained:
                        bridge.take(message.topic, message.payload, datetime.now(UTC))
                    if message is not None or time.monotonic() >= due_s:
                        bridge.step(datetime.now(UTC))
                        due_s = time.monotonic() + self._settings.every_s
            finally:
                bridge.release()
                api.close()
