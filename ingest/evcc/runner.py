"""The bridge at work beside the service: a thread with a connection of its own, which releases evcc when it ends."""

import logging
import time
from datetime import UTC, datetime
from threading import Event
from typing import Self

from energy.home import Home
from ingest.evcc.api import EvccApi
from ingest.evcc.bridge import EvccBridge, missing_devices
from ingest.evcc.settings import EvccSettings
from transport.link_thread import LinkThread
from transport.mqtt import BrokerAddress, MqttLink

_log = logging.getLogger(__name__)
_GLANCE_S, _ENDS_S = 0.5, 15.0


class EvccRunner(LinkThread):
    """Runs inside its `with` block; `problem` is what is wrong with evcc now."""

    def __init__(self, home: Home, settings: EvccSettings, broker: BrokerAddress) -> None:
        super().__init__("evcc", ends_s=_ENDS_S)
        self.problem = ""
        self._home, self._settings, self._broker = home, settings, broker

    def __enter__(self) -> Self:
        for name in missing_devices(self._settings, self._home):
            _log.warning("evcc.loadpoints names %r, which home.toml does not have as a car or heat pump", name)
        return super().__enter__()

    def work(self, stop: Event) -> None:
        """Bridge evcc and the broker, and release evcc at the end."""
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
                while not stop.is_set():
                    message = link.receive(_GLANCE_S)
                    if message is not None and not message.retained:
                        bridge.take(message.topic, message.payload, datetime.now(UTC))
                    if message is not None or time.monotonic() >= due_s:
                        bridge.step(datetime.now(UTC))
                        self.problem = bridge.problem
                        due_s = time.monotonic() + self._settings.every_s
            finally:
                bridge.release()
                api.close()
