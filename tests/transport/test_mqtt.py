import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from threading import Event, Thread

import pytest

from energy.errors import SettingsError, TransportError
from transport.mqtt import MAX_PAYLOAD_BYTES, BrokerAddress, Message, MqttLink

StartBroker = Callable[[int], AbstractContextManager[BrokerAddress]]

WAIT_S = 60.0


@pytest.fixture
def reader(broker: BrokerAddress) -> Iterator[MqttLink]:
    with MqttLink(broker, "reader") as link:
        yield link


@pytest.fixture
def writer(broker: BrokerAddress) -> Iterator[MqttLink]:
    with MqttLink(broker, "writer") as link:
        yield link


def subscribed(link: MqttLink, topic: str) -> None:
    """Subscribe and wait until messages flow: until the newest of numbered markers is back, and nothing behind it."""
    link.subscribe(topic, f"{topic}/marker")
    deadline, sent, message = time.monotonic() + WAIT_S, 0, None
    while message is None or message.payload != str(sent).encode():
        if message is None:
            sent += 1
            link.publish(f"{topic}/marker", str(sent), qos=1)
        message = link.receive(1)
        assert time.monotonic() < deadline


def test_a_message_arrives_as_it_was_sent(reader: MqttLink, writer: MqttLink) -> None:
    subscribed(reader, "a/b")
    writer.publish("a/b", b"\x00\xff", qos=1)
    assert reader.receive(WAIT_S) == Message("a/b", b"\x00\xff", retained=False)


def test_a_state_is_marked_retained_for_a_late_reader_and_new_for_an_early_one(
    reader: MqttLink, writer: MqttLink, broker: BrokerAddress
) -> None:
    subscribed(reader, "state")
    writer.publish("state", "7", retain=True, qos=1)
    assert reader.receive(WAIT_S) == Message("state", b"7", retained=False)
    with MqttLink(broker, "late") as late:
        late.subscribe("state")
        assert late.receive(WAIT_S) == Message("state", b"7", retained=True)


def test_messages_of_one_sender_keep_their_order(reader: MqttLink, writer: MqttLink) -> None:
    subscribed(reader, "many")
    for number in range(200):
        writer.publish("many", str(number))
    received = [reader.receive(WAIT_S) for _ in range(200)]
    assert [int(message.payload) for message in received if message] == list(range(200))


def test_nothing_to_receive_is_none(reader: MqttLink) -> None:
    assert reader.receive() is None


@pytest.mark.parametrize("clean", [True, False], ids=["clean end", "dropped connection"])
def test_the_will_tells_every_way_of_leaving(reader: MqttLink, broker: BrokerAddress, *, clean: bool) -> None:
    subscribed(reader, "who/status")
    leaver = MqttLink(broker, "leaver", will=("who/status", "offline"))
    leaver.__enter__()
    if clean:
        leaver.__exit__(None, None, None)
    else:
        drop(leaver)
    message = reader.receive(WAIT_S)
    assert message == Message("who/status", b"offline", retained=False)
    with MqttLink(broker, "late") as late:
        late.subscribe("who/status")
        assert late.receive(WAIT_S) == Message("who/status", b"offline", retained=True)


def drop(link: MqttLink) -> None:
    """End a connection the way SIGKILL does: the socket closes and no DISCONNECT is sent."""
    link._client.loop_stop()
    connection = link._client.socket()
    assert isinstance(connection, socket.socket)
    connection.close()


def test_after_a_broker_restart_the_link_is_back_subscribed_and_announced(start_broker: StartBroker) -> None:
    announced = Event()

    def announce(link: MqttLink) -> None:
        link.publish("who/status", "online", retain=True)
        announced.set()

    with start_broker(0) as address:
        link = MqttLink(address, "survivor", on_connected=announce)
        link.__enter__()
        link.subscribe("news")
        assert announced.wait(WAIT_S)
    announced.clear()
    with start_broker(address.port):
        work_until(link, announced.is_set)
        with MqttLink(address, "writer") as writer:
            writer.subscribe("who/status")
            received = writer.receive(WAIT_S)  # kept, or fresh where the writer was quicker
            assert received is not None
            assert (received.topic, received.payload) == ("who/status", b"online")
            writer.publish("news", "again", qos=1)
            assert link.receive(WAIT_S) == Message("news", b"again", retained=False)
        link.__exit__(None, None, None)


def test_a_command_sent_while_the_broker_is_away_arrives_when_it_is_back(start_broker: StartBroker) -> None:
    with start_broker(0) as address:
        link = MqttLink(address, "patient")
        link.__enter__()
        link.subscribe("command")
    work_until(link, lambda: not link.connected)
    link.publish("command", "charge", qos=1)
    with start_broker(address.port):
        assert link.receive(WAIT_S) == Message("command", b"charge", retained=False)
        link.__exit__(None, None, None)


def test_a_loss_is_logged_once_and_so_is_its_return(
    start_broker: StartBroker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="transport.mqtt")
    with start_broker(0) as address:
        link = MqttLink(address, "watched")
        link.__enter__()
    work_until(link, lambda: not link.connected)
    tried_until = time.monotonic() + 1.5
    work_until(link, lambda: time.monotonic() > tried_until)
    with start_broker(address.port):
        work_until(link, lambda: link.connected)
        work_until(link, lambda: len(caplog.records) == 2)
        link.__exit__(None, None, None)
    first, second = (record.getMessage() for record in caplog.records)
    assert first.startswith("lost broker")
    assert second.startswith("connected to broker")


def work_until(link: MqttLink, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_link_says_farewell_after_all_it_said(reader: MqttLink, broker: BrokerAddress) -> None:
    reader.subscribe("last/will")
    subscribed(reader, "last/words")
    with MqttLink(broker, "sender", will=("last/will", "offline")) as sender:
        for number in range(20):
            sender.publish("last/words", bytes([number]) * 200_000)
    received = [reader.receive(WAIT_S) for _ in range(21)]
    assert [message.topic for message in received if message] == ["last/words"] * 20 + ["last/will"]


def test_a_full_queue_gives_up_the_oldest_counts_them_and_says_so_once(
    broker: BrokerAddress, writer: MqttLink, caplog: pytest.LogCaptureFixture
) -> None:
    with MqttLink(broker, "slow", queue_length=3) as slow:
        subscribed(slow, "fast")
        for number in range(10):
            writer.publish("fast", str(number))
        work_until(slow, lambda: slow.overflowed == 7)
        kept = [slow.receive() for _ in range(3)]
        assert [message.payload for message in kept if message] == [b"7", b"8", b"9"]
    assert sum("dropping the oldest" in record.getMessage() for record in caplog.records) == 1


def test_a_megabyte_is_dropped_at_the_door_and_the_link_lives(
    reader: MqttLink, writer: MqttLink, caplog: pytest.LogCaptureFixture
) -> None:
    subscribed(reader, "big")
    writer.publish("big", bytes(1_000_000), qos=1)
    writer.publish("big", bytes(MAX_PAYLOAD_BYTES), qos=1)
    message = reader.receive(WAIT_S)
    assert message is not None
    assert len(message.payload) == MAX_PAYLOAD_BYTES
    assert reader.oversized == 1
    assert [record.getMessage() for record in caplog.records] == [
        "dropped 1000000 bytes on topic 'big': payloads end at 262144 bytes"
    ]


def test_a_hook_that_raises_does_not_end_the_link(
    broker: BrokerAddress, writer: MqttLink, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(link: MqttLink) -> None:
        raise RuntimeError("announcement failed")

    with MqttLink(broker, "clumsy", on_connected=broken) as clumsy:
        subscribed(clumsy, "still/here")
        writer.publish("still/here", "yes", qos=1)
        assert clumsy.receive(WAIT_S) is not None
    assert "announcement failed" in caplog.text


def test_a_closed_port_is_a_clear_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(TransportError, match=rf"no broker at '127.0.0.1:{port}' .*start one"):
            MqttLink(BrokerAddress("127.0.0.1", port), "lost").__enter__()


def test_a_port_that_speaks_no_mqtt_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transport.mqtt._CONNECT_TIMEOUT_S", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = BrokerAddress("127.0.0.1", silent.getsockname()[1])
        with pytest.raises(TransportError, match="does not answer as an MQTT broker"):
            MqttLink(address, "lost").__enter__()


def test_refused_credentials_are_a_clear_error_without_the_password() -> None:
    with socket.create_server(("127.0.0.1", 0)) as strict:
        address = BrokerAddress("127.0.0.1", strict.getsockname()[1], "me", "s3cret")
        refusal = Thread(target=refuse_one, args=(strict,))
        refusal.start()
        with pytest.raises(TransportError, match=r"refuses user 'me' \(Not authorized\)") as raised:
            MqttLink(address, "stranger").__enter__()
        refusal.join()
    assert "s3cret" not in str(raised.value)


def refuse_one(server: socket.socket) -> None:
    not_authorised = b"\x20\x02\x00\x05"  # CONNACK, MQTT 3.1.1 section 3.2
    connection, _ = server.accept()
    with connection:
        connection.sendall(not_authorised)
        connection.recv(1024)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("localhost:1883", "localhost", 1883),
        ("localhost", "localhost", 1883),
        (" 10.0.0.7:8883 ", "10.0.0.7", 8883),
        ("core-mosquitto.local:1", "core-mosquitto.local", 1),
    ],
)
def test_an_address_is_host_and_port(text: str, host: str, port: int) -> None:
    assert BrokerAddress.parse(text) == BrokerAddress(host, port)


@pytest.mark.parametrize("text", ["", ":1883", "host:", "host:0", "host:65536", "host:x", "mqtt://host", "u:p@host:1"])
def test_anything_else_is_a_clear_error(text: str) -> None:
    with pytest.raises(SettingsError, match="is not HOST:PORT") as raised:
        BrokerAddress.parse(text)
    assert repr(text) in str(raised.value)


def test_a_password_never_shows() -> None:
    address = BrokerAddress.parse("host:1", username="me", password="s3cret")
    assert "s3cret" not in f"{address} {address!r}"
