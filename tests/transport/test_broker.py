import socket
import threading

import pytest

from energy.errors import TransportError
from transport.broker import EmbeddedBroker
from transport.mqtt import MqttLink


def test_it_opens_a_free_loopback_port_and_closes_it() -> None:
    before = threading.active_count()
    with EmbeddedBroker() as broker:
        assert broker.address.host == "127.0.0.1"
        with MqttLink(broker.address, "guest") as guest:
            assert guest.connected
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", broker.address.port)) != 0
    assert threading.active_count() == before


def test_a_taken_port_is_a_clear_error() -> None:
    with (
        EmbeddedBroker() as first,
        pytest.raises(TransportError, match=rf"cannot open port {first.address.port} .*use another or 0"),
        EmbeddedBroker(first.address.port),
    ):
        pass


@pytest.mark.parametrize("packets", [0, 1, 20])
def test_it_ends_at_once_while_a_client_talks(packets: int) -> None:
    with EmbeddedBroker() as broker:
        guest = MqttLink(broker.address, "guest")
        guest.__enter__()
        for _ in range(packets):
            guest.subscribe("any")
    guest.__exit__(None, None, None)
    assert not guest.connected
