"""An encrypted way to a real broker: its certificate is checked, and a login comes from the usual variables."""

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from energy.errors import SettingsError, TransportError
from transport.mqtt import BrokerAddress, BrokerTls, MqttLink


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of its own making for 127.0.0.1, with its key beside it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    made = tmp_path / "broker.pem"
    command = [
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
        *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(tmp_path / "broker.key"), "-out", str(made)),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    (tmp_path / "broker.key").chmod(0o644)
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        folder.chmod(folder.stat().st_mode | 0o055)
    return made


@pytest.fixture
def encrypted(
    tmp_path: Path, certificate: Path, start_mosquitto: Callable[..., AbstractContextManager[BrokerAddress]]
) -> Iterator[BrokerAddress]:
    port = free_port()
    settings = f"allow_anonymous true\ncertfile {certificate}\nkeyfile {certificate.with_suffix('.key')}\n"
    with start_mosquitto(tmp_path, port, settings) as address:
        yield address


def test_a_broker_whose_certificate_is_known_is_spoken_to_encrypted(
    encrypted: BrokerAddress, certificate: Path
) -> None:
    with MqttLink(replace(encrypted, tls=BrokerTls(certificate)), "trusting") as link:
        link.subscribe("greeting")
        link.publish("greeting", "hello", qos=1)
        message = link.receive(20)
    assert message is not None
    assert message.payload == b"hello"


# paho leaves the socket of a handshake that failed to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore:unclosed:ResourceWarning")
def test_a_broker_whose_certificate_nobody_knows_is_refused(encrypted: BrokerAddress) -> None:
    with (
        pytest.raises(TransportError, match="cannot be trusted or lacks TLS"),
        MqttLink(replace(encrypted, tls=BrokerTls()), "careful"),
    ):
        pass


def test_certificates_that_are_none_are_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("this is no certificate", encoding="ascii")
    with pytest.raises(SettingsError, match=r"ca.pem.*check mqtt.ca_file"):
        BrokerTls(tmp_path / "ca.pem").context()
    with pytest.raises(SettingsError, match=r"mqtt.key_file.*give mqtt.cert_file too"):
        BrokerTls(key_file=tmp_path / "own.key").context()


def test_login_and_certificates_come_from_the_variables_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("USERNAME", "house"), ("PASSWORD", "secret"), ("CA_FILE", "ca.pem")):
        monkeypatch.setenv(f"ADVISOR_MQTT__{name}", value)
    address = BrokerAddress.from_environment("broker:8883")
    assert address == BrokerAddress("broker", 8883, "house", "secret", BrokerTls(Path("ca.pem")))
    assert "secret" not in repr(address)
    monkeypatch.setenv("ADVISOR_MQTT__CA_FILE", "")
    monkeypatch.setenv("ADVISOR_MQTT__CERT_FILE", "own.pem")
    assert BrokerAddress.from_environment("broker").tls == BrokerTls(cert_file=Path("own.pem"))
    for name in ("USERNAME", "PASSWORD", "CERT_FILE"):
        monkeypatch.setenv(f"ADVISOR_MQTT__{name}", "")
    assert BrokerAddress.from_environment("broker") == BrokerAddress("broker")
