"""Fixtures of the live tests: Mosquitto with a password, and a real Home Assistant that knows it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from advisor.demo.run import recording
from devtools.household import DAY, PlayedHousehold
from devtools.local_homeassistant import LocalHomeAssistant, Release, installed_releases
from energy.battery import Battery
from energy.home import Home
from energy.pricing.tariff import Period, TimeOfUseTariff
from ingest.history.recorded import shipped_history
from knowledge.store import DayStore
from tests.conftest import free_port
from tests.live import inverter
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


@pytest.fixture(
    scope="session", params=installed_releases(ROOT) or [None], ids=lambda one: one.version if one else "none"
)
def release(request: pytest.FixtureRequest) -> Release:
    """Each Home Assistant that is installed: what needs one is run on all of them."""
    if request.param is None:
        reason = "Home Assistant is not installed: make homeassistant"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    found: Release = request.param
    return found


@pytest.fixture(scope="session")
def start_homeassistant(release: Release) -> StartHomeAssistant:
    """Starts a fresh Home Assistant in a folder; further arguments as `LocalHomeAssistant` takes them."""
    return lambda folder, **given: LocalHomeAssistant(folder, installed=ROOT / release.folder, **given)


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
    config = folder / "homeassistant"
    inverter.install(config)
    made = Estate(lambda port: start_secured_broker(folder / "mosquitto", port))
    prepared = start_homeassistant(config, more=inverter.AUTOMATIONS, packages=True)
    with closing(made), prepared as made.homeassistant:
        made.homeassistant.api.add_mqtt(made.broker)
        yield made


@pytest.fixture(scope="session")
def household(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedHousehold]:
    """A recorded house and its advisor on the estate's broker, for the whole session: leave both running."""
    household = PlayedHousehold(tmp_path_factory.mktemp("household"), estate.broker, api_port=free_port())
    household.prepare()
    household.start("advisor")
    household.start("house")
    yield household
    household.close()


@pytest.fixture(scope="session")
def start_behind_inverter() -> Callable[..., AbstractContextManager[subprocess.Popen[bytes]]]:
    """Starts a house `behind-inverter` in real time, and an advisor of home `name` that reads what `sensors` say.

    The house's charge begins at 30 %, and power gets dearer from hour to hour: charging pays at once. Neither hears of
    the other; what stands between them is the test's.
    """

    @contextmanager
    def start(
        folder: Path, broker: BrokerAddress, name: str, *, sensors: str, house_user: str | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        _prepare_advisor(folder, broker, name, sensors)
        with (
            behind_inverter(folder, replace(broker, username=house_user or broker.username)),
            running(["advisor", "run", "--config", str(folder / "advisor.toml")], folder / "advisor.log", broker) as it,
        ):
            yield it

    return start


def cheap_now(home: Home) -> Home:
    """The home with power that gets dearer every hour from now on: charging pays at once."""
    hour = datetime.now(home.tz).hour
    periods = tuple(
        Period(name=f"at {at}", import_price=0.01 + 0.05 * ((at - hour) % 24), from_hour=at, to_hour=at + 1)
        for at in range(24)
    )
    return home.model_copy(update={"tariff": TimeOfUseTariff(periods=periods, export_price=0.0)})


@contextmanager
def behind_inverter(
    folder: Path, broker: BrokerAddress, *, battery: Battery | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A house in real time, with its own battery or another; it obeys what comes to its own topic alone."""
    history = shipped_history("citylearn-4")
    home = history.home.model_copy(update={"name": "behind-inverter", "zone": "UTC"})
    if battery is not None:
        home = home.model_copy(update={"battery": battery})
    began = datetime.now(UTC).replace(second=0, microsecond=0)
    played = recording(history, day=DAY, hours=48)
    replace(played, home=home, start=began).to_json(folder / "recording.json")
    house = ["simulator", "--recording", str(folder / "recording.json"), "--broker", str(broker)]
    house += ["--speed", "1", "--no-lockstep", "--soc", "0.3", "--step-minutes", "0.0625", "--slot-minutes", "15"]
    with running(house, folder / "house.log", broker) as process:
        yield process


@contextmanager
def running(command: list[str], log: Path, broker: BrokerAddress) -> Iterator[subprocess.Popen[bytes]]:
    """One of our programs with the broker's user and password; ended with the block."""
    secrets = {
        "ADVISOR_MQTT__PASSWORD": str(broker.password),
        "ADVISOR_MQTT__USERNAME": str(broker.username),
    }
    with log.open("ab") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=log.parent, stdout=said, stderr=said, env=os.environ | secrets
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def _prepare_advisor(folder: Path, broker: BrokerAddress, name: str, sensors: str) -> None:
    history = shipped_history("citylearn-4")
    home = cheap_now(history.home.model_copy(update={"name": name, "zone": "UTC"}))
    (folder / "home.json").write_text(home.model_dump_json(), encoding="utf-8")
    earlier = [replace(record, home=name) for record in history.days if record.day < DAY][-20:]
    DayStore(folder / "memory" / "days").append(name, earlier)
    settings = f"""\
home_file = "home.json"
memory_dir = "{folder / "memory"}"
[mqtt]
host = "{broker.host}"
port = {broker.port}
username = "{broker.username}"
[service]
acting = "act"
[policy]
min_minutes_between_commands = 0.0
[model]
provider = "none"
[api]
enabled = false
{sensors}"""
    (folder / "advisor.toml").write_text(settings, encoding="utf-8")
