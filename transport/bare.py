"""A bare paho publisher: the fastest that this machine and its broker let Python publish, to measure ourselves by."""

from collections.abc import Sequence

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from energy.errors import TransportError
from transport.mqtt import BrokerAddress, send_at_once

_PATIENCE_S = 60.0


def publish_bare(address: BrokerAddress, messages: Sequence[tuple[str, bytes]]) -> None:
    """Publish prepared messages, retained and at QoS 0, and wait until the broker has taken them all.

    Raises:
        TransportError: the broker is not there, or does not take them within a minute.
    """
    client = Client(CallbackAPIVersion.VERSION2, "bare-publisher")
    client.on_socket_open = send_at_once
    client.connect(address.host, address.port)
    client.loop_start()
    try:
        for topic, payload in messages:
            client.publish(topic, payload, retain=True)
        last = client.publish("bare-publisher/end", b"", qos=1)
        last.wait_for_publish(_PATIENCE_S)
        if not last.is_published():
            raise TransportError(f"broker {str(address)!r} did not take {len(messages)} messages in {_PATIENCE_S:g} s")
    finally:
        client.disconnect()
        client.loop_stop()
