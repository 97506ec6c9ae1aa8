"""Fixtures of the live tests: Mosquitto with a password, and a real Home Assistant that knows it."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from advisor.ha_local import FOLDER, LocalHomeAssistant, is_installed
from transport.mqtt import BrokerAddress

USER, PASSWORD = "advisor", "s3cret-of-the-test"
ROOT = Path(__file__).parent.parent.parent
StartHomeAssistant = Callable[..., AbstractContextManager[LocalHomeAssistant]]


@pytest.fixture(scope="session")
def start_secured_broker(
    start_mosquitto: Callable[[Path, int, str], AbstractContextManager[BrokerAddress]],
) -> Callable[[Path, int], AbstractContextManager[BrokerAddress]]:
    """Starts Mosquitto with a password file and persistence in a folder, on a port or on a free one."""

    @contextmanager
    def start(folder: Path, port: int = 0) -> Iterator[BrokerAddress]:
        folder.mkdir(exist_ok=True)
        passwords = folder / "passwords"
        if not passwords.exists():
            passwords.touch(mode=0o600)
            subprocess.run(["mosquitto_passwd", "-b", passwords, USER, PASSWORD], check=True, timeout=10)
        settings = f"allow_anonymous false\npassword_file {passwords}\npersistence true\npersistence_location {folder}/"
        if os.getuid() == 0:
            settings += "\nuser root"  # Mosquitto would give up root and could then read nothing here
        with start_mosquitto(folder, port, settings) as address:
            yield replace(address, username=USER, password=PASSWORD)

    return start


@pytest.fixture(scope="session")
def start_homeassistant() -> StartHomeAssistant:
    """Starts a fresh Home Assistant in a folder; further arguments as `LocalHomeAssistant` takes them."""
    installed = ROOT / FOLDER
    if not is_installed(installed):
        reason = "Home Assistant is not installed: make homeassistant"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return lambda folder, **given: LocalHomeAssistant(folder, installed=installed, **given)


@dataclass(frozen=True)
class Estate:
    """A broker and a Home Assistant that is connected to it."""

    broker: BrokerAddress
    homeassistant: LocalHomeAssistant


@pytest.fixture(scope="session")
def estate(
    start_secured_broker: Callable[..., AbstractContextManager[BrokerAddress]],
    start_homeassistant: StartHomeAssistant,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Estate]:
    """One broker and one Home Assistant for the whole session: leave both as you found them."""
    folder = tmp_path_factory.mktemp("estate")
    with (
        start_secured_broker(folder / "mosquitto") as broker,
        start_homeassistant(folder / "homeassistant") as homeassistant,
    ):
        homeassistant.api.add_mqtt(broker)
        yield Estate(broker, homeassistant)
