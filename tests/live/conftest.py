"""Fixtures of the live tests: Mosquitto with a password, and a real Home Assistant that knows it."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from advisor.ha_household import Household
from advisor.ha_local import FOLDER, LocalHomeAssistant, is_installed
from transport.mqtt import BrokerAddress

USER, PASSWORD = "advisor", "s3cret-of-the-test"
ROOT = Path(__file__).parent.parent.parent
StartHomeAssistant = Callable[..., AbstractContextManager[LocalHomeAssistant]]


@pytest.fixture(scope="session")
def start_secured_broker(
    start_mosquitto: Callable[[Path, int, str], AbstractContextManager[BrokerAddress]],
) -> Callable[[Path, int], AbstractContextManager[BrokerAddress]]:
    """Starts Mosquitto in a folder, on a port or a free one: with a password file, and a memory that ends with it."""

    @contextmanager
    def start(folder: Path, port: int = 0) -> Iterator[BrokerAddress]:
        folder.mkdir(exist_ok=True)
        passwords = folder / "passwords"
        if not passwords.exists():
            passwords.touch(mode=0o600)
            subprocess.run(["mosquitto_passwd", "-b", passwords, USER, PASSWORD], check=True, timeout=10)
        settings = f"allow_anonymous false\npassword_file {passwords}"
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


class Estate:
    """A broker that can be restarted, and a Home Assistant that is connected to it."""

    def __init__(self, start_broker: Callable[[int], AbstractContextManager[BrokerAddress]]) -> None:
        self._start_broker = start_broker
        self._running = ExitStack()
        self.broker = self._running.enter_context(start_broker(0))
        self.homeassistant: LocalHomeAssistant

    def restart_broker(self) -> None:
        """Stop the broker and start it on the same port; what it had retained may be lost."""
        self.close()
        self._running.enter_context(self._start_broker(self.broker.port))

    def close(self) -> None:
        """Stop the broker."""
        self._running.close()


@pytest.fixture(scope="session")
def estate(
    start_secured_broker: Callable[..., AbstractContextManager[BrokerAddress]],
    start_homeassistant: StartHomeAssistant,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Estate]:
    """One broker and one Home Assistant for the whole session: leave both as you found them."""
    folder = tmp_path_factory.mktemp("estate")
    made = Estate(lambda port: start_secured_broker(folder / "mosquitto", port))
    with closing(made), start_homeassistant(folder / "homeassistant") as made.homeassistant:
        made.homeassistant.api.add_mqtt(made.broker)
        yield made


@pytest.fixture(scope="session")
def start_household(estate: Estate) -> Callable[..., AbstractContextManager[Household]]:
    """Starts a recorded house and its advisor on the estate's broker; both leave Home Assistant as they found it."""

    @contextmanager
    def start(folder: Path, **given: Any) -> Iterator[Household]:
        speed = given.pop("speed", 180.0)
        household = Household(folder, estate.broker, speed=speed)
        household.prepare(**given)
        household.start("advisor")
        household.start("house")
        try:
            yield household
        finally:
            household.close()

    return start
