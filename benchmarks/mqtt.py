"""`python -m benchmarks mqtt`: how fast a simulated house publishes, beside a bare paho publisher on one broker."""

import json
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event

import typer
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from advisor.demo.run import DAY, recording
from energy.errors import AdvisorError, TransportError
from ingest.history.recorded import shipped_history, shipped_homes
from simulator.house.house import House
from simulator.service import HouseService, Pace
from transport.mqtt import BrokerAddress, MqttLink, send_at_once
from transport.topics import Topics

_HOURS, _ROUNDS = 24 * 3, 11
_PORT_OPENS_S = 10.0
_PATIENCE_S = 60.0
_WHERE = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"


@dataclass(frozen=True, slots=True)
class MqttBench:
    """Messages per second, medians of rounds taken in turns; `share` is the median of the rounds' own ratios."""

    broker: str
    messages: int
    rounds: int
    house_per_s: float
    bare_per_s: float
    share: float


def bench_mqtt(broker: str | None, *, as_json: bool) -> None:
    """Measure and print.

    Raises:
        AdvisorError: there is no Mosquitto, and no other broker was named.
    """
    with _mosquitto() if broker is None else _given(broker) as address:
        measured = measure(address, f"mosquitto on {address}" if broker is None else str(address))
    if as_json:
        typer.echo(json.dumps(asdict(measured)))
        return
    typer.echo(
        f"{measured.messages} retained messages at QoS 0 to {measured.broker}, median of {measured.rounds} rounds:\n"
        f"  simulated house at full speed  {measured.house_per_s:8.0f} messages/s\n"
        f"  bare paho publisher            {measured.bare_per_s:8.0f} messages/s\n"
        f"  the house reaches {measured.share:.0%} of it",
    )


def measure(address: BrokerAddress, name: str, *, rounds: int = _ROUNDS, hours: int = _HOURS) -> MqttBench:
    """House and bare publisher in turns, the same topics and payloads of the same size."""
    messages = _recorded(address, hours)
    house_rates, bare_rates = [], []
    for _ in range(rounds):
        count, seconds = _timed_house(address, hours)
        house_rates.append(count / seconds)
        many = [messages[at % len(messages)] for at in range(count)]
        bare_rates.append(count / _timed(lambda many=many: publish_bare(address, many)))  # type: ignore[misc]
    return MqttBench(
        broker=name,
        messages=count,
        rounds=rounds,
        house_per_s=statistics.median(house_rates),
        bare_per_s=statistics.median(bare_rates),
        share=statistics.median(house / bare for house, bare in zip(house_rates, bare_rates, strict=True)),
    )


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


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _timed_house(address: BrokerAddress, hours: int) -> tuple[int, float]:
    service = _house(hours)
    seconds = _timed(lambda: service.run(address))
    return service.published, seconds


def _house(hours: int) -> HouseService:
    history = shipped_history(shipped_homes()[0])
    played = recording(history, day=DAY, hours=hours)
    house = House(played, step=timedelta(minutes=5), slot=timedelta(minutes=30), soc=0.2, seed=1)
    return HouseService(house, pace=Pace(lockstep=False), stop=Event())


def _recorded(address: BrokerAddress, hours: int) -> list[tuple[str, bytes]]:
    """What a house publishes in a while, as a subscriber hears it: prepared messages for the bare publisher."""
    service = _house(min(hours, 2))
    topics = Topics(shipped_homes()[0])
    with MqttLink(address, "bench-listener", queue_length=100_000) as link:
        link.subscribe(topics.sensors)
        service.run(address)
        received = []
        while (message := link.receive(0.5)) is not None:
            received.append((message.topic, message.payload))
    return received


@contextmanager
def _given(broker: str) -> Iterator[BrokerAddress]:
    yield BrokerAddress.parse(broker)


@contextmanager
def _mosquitto() -> Iterator[BrokerAddress]:
    """A Mosquitto of our own on a free port of this machine."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path=_WHERE)
    if program is None:
        raise AdvisorError("mosquitto is not installed here: install it, or give --broker HOST:PORT")
    with socket.socket() as probe, tempfile.TemporaryDirectory() as folder:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        settings = Path(folder) / "mosquitto.conf"
        settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n", encoding="utf-8")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen([program, "-c", str(settings)], **quiet) as process:  # type: ignore[call-overload] # noqa: S603 (the broker)
            try:
                _await_port(port)
                yield BrokerAddress("127.0.0.1", port)
            finally:
                process.terminate()


def _await_port(port: int) -> None:
    deadline = time.monotonic() + _PORT_OPENS_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AdvisorError(f"mosquitto did not open port {port!r} within {_PORT_OPENS_S:g} s")
