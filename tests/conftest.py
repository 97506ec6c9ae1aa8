"""Fixtures for every room: the command line, and a broker on loopback, embedded and real."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, chdir, contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml
from hypothesis import settings
from typer.testing import CliRunner
from xdist.scheduler import LoadScopeScheduling

from advisor.cli import main
from transport.broker import EmbeddedBroker
from transport.mqtt import BrokerAddress

# Laws are tried on few examples in `make test` and on many in `make test-long`.
settings.register_profile("quick", max_examples=25, deadline=None)
settings.register_profile("long", max_examples=500, deadline=None)
settings.load_profile("quick")

# Tests that share an expensive set-up or a port run in one process, beside the others; the first that fits counts.
_TOGETHER = ("tests/deploy/", "tests/live/home/", "tests/live/")
_LIKE_DEPLOY = "tests/live/test_deployed.py"


class _ByFile(LoadScopeScheduling):
    """Each file's tests in one process, so that what they share is made once."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(_LIKE_DEPLOY):
            return _TOGETHER[0]
        return next((folder for folder in _TOGETHER if nodeid.startswith(folder)), nodeid.partition("::")[0])


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One process more than processors: a third of the tests' time is waiting for brokers, pages and models."""
    del config
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _ByFile:
    """Choose how tests are shared out: marks of groups do nothing under this pytest."""
    return _ByFile(config, log)


Advisor = Callable[..., "subprocess.CompletedProcess[str]"]
StartBroker = Callable[[int], AbstractContextManager[BrokerAddress]]
StartMosquitto = Callable[[Path, int, str], AbstractContextManager[BrokerAddress]]
StartDeployed = Callable[[Path, str], AbstractContextManager[BrokerAddress]]


@pytest.fixture
def advisor(monkeypatch: pytest.MonkeyPatch) -> Advisor:
    """Runs `advisor ARGUMENTS` inside this process, which saves the seconds of its imports.

    What signals, logs or a terminal do to it is for tests that start a process.
    """

    def run(*arguments: str, cwd: Path = Path(), answer: str | bytes = b"") -> "subprocess.CompletedProcess[str]":
        monkeypatch.setattr(sys, "argv", ["advisor", *arguments])
        code: str | int | None = 0
        ends = signal.getsignal(signal.SIGTERM)
        with chdir(cwd), CliRunner().isolation(answer) as (stdout, stderr, _):
            try:
                main()
            except SystemExit as left:
                code = left.code
            finally:
                signal.signal(signal.SIGTERM, ends)
            sys.stdout.flush()
            sys.stderr.flush()
            return subprocess.CompletedProcess(
                sys.argv, int(code or 0), stdout.getvalue().decode(), stderr.getvalue().decode()
            )

    return run


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run with both brokers what speaks MQTT itself; with Mosquitto alone what stands above it."""
    if "start_broker" in metafunc.fixturenames:
        both = metafunc.module.__name__.split(".")[1] in {"transport", "simulator"}
        kinds = ("embedded", "mosquitto") if both else ("mosquitto",)
        metafunc.parametrize("start_broker", kinds, indirect=True)


@pytest.fixture
def start_broker(request: pytest.FixtureRequest, tmp_path: Path) -> StartBroker:
    """Starts a broker on a port, 0 for a free one: of the kind that the test is run with."""
    if request.param == "embedded":
        return _embedded
    start: StartMosquitto = request.getfixturevalue("start_mosquitto")
    return lambda port: start(tmp_path, port, "allow_anonymous true")


@pytest.fixture(scope="session")
def start_mosquitto() -> StartMosquitto:
    """Starts Mosquitto in a folder, on a port (0 for a free one), with further lines of settings."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        missing("mosquitto is not installed: apt-get install mosquitto")
    return lambda folder, port, settings: _mosquitto(program, folder, port or free_port(), settings)


def missing(reason: str) -> NoReturn:
    """Skip a test whose service is not here; where everything must be, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def broker(start_broker: StartBroker) -> Iterator[BrokerAddress]:
    """A running broker."""
    with start_broker(0) as address:
        yield address


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _embedded(port: int) -> Iterator[BrokerAddress]:
    with EmbeddedBroker(port) as running:
        yield running.address


@contextmanager
def _mosquitto(program: str, folder: Path, port: int, settings: str) -> Iterator[BrokerAddress]:
    file = folder / "mosquitto.conf"
    file.write_text(f"listener {port} 127.0.0.1\n{settings}\n", encoding="utf-8")
    with subprocess.Popen([program, "-c", file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for_port(port)
            yield BrokerAddress("127.0.0.1", port)
        finally:
            process.terminate()


def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail(f"mosquitto did not open port {port}")


DEPLOY = Path(__file__).parent.parent / "deploy"


@pytest.fixture(scope="session")
def start_deployed_mosquitto(
    start_mosquitto: StartMosquitto,
) -> Callable[[Path, str], AbstractContextManager[BrokerAddress]]:
    """Starts Mosquitto in a folder with a password as compose.yaml does: the container's command on deploy's file.

    The only liberties: another port where 1883 is taken, and no change of owner where we may not.
    """
    assert start_mosquitto is not None  # it skips where there is no Mosquitto
    return _deployed_mosquitto


@pytest.fixture(scope="session")
def lay_out_homeassistant() -> Callable[[Path], None]:
    """Fills Home Assistant's configuration folder by the command of compose.yaml's own service for it."""

    def lay_out(config: Path) -> None:
        services = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
        *shell, script = services["homeassistant-files"]["command"]
        script = script.replace("cd /config", f"cd {config}").replace("/shipped", str(DEPLOY / "homeassistant"))
        subprocess.run([*shell, script], check=True, timeout=300)

    return lay_out


@contextmanager
def _deployed_mosquitto(folder: Path, password: str, *, rules: str = "") -> Iterator[BrokerAddress]:
    port = _deployed_port()
    settings = (DEPLOY / "mosquitto" / "mosquitto.conf").read_text(encoding="utf-8")
    command = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]["mosquitto"]["command"]
    script = command[-1].replace("$$", "$")
    (folder / "config").mkdir(parents=True)
    (folder / "data").mkdir()
    if port != 1883:
        settings = settings.replace("listener 1883", f"listener {port}")
    (folder / "config" / "mosquitto.conf").write_text(settings, encoding="utf-8")
    access = (DEPLOY / "mosquitto" / "acl").read_text(encoding="utf-8") + rules
    (folder / "config" / "acl").write_text(access, encoding="utf-8")
    if os.getuid() == 0:
        # Mosquitto gives up root, as it does in its container, and must still find its folder.
        shutil.chown(folder / "data", "mosquitto")
        for path in (folder, *folder.rglob("*"), *list(folder.parents)[:4]):
            path.chmod(path.stat().st_mode | 0o055)
    else:
        script = script.replace("chown mosquitto data/passwords &&", "")
    environment = os.environ | {"MQTT_PASSWORD": password, "PATH": f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"}
    with subprocess.Popen([*command[:-1], script], cwd=folder, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for_port(port)
            yield BrokerAddress("127.0.0.1", port, "advisor", password)
        finally:
            process.terminate()


def _deployed_port() -> int:
    """The shipped file's own port where it is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", 1883))
        except OSError:
            return free_port()
        return 1883
