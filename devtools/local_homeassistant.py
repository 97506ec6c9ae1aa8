"""A Home Assistant of our own, for tests and pictures: installed from a lock, started, set up through its API."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import typer

from devtools.homeassistant_api import HomeAssistantApi, sign_up
from energy.errors import AdvisorError, SettingsError

_PEERS = Path(".advisor/peers")
_LOCKS = Path(__file__).parent.parent / "deploy" / "homeassistant"
# Chooses among several that are installed.
WANTED = "HOMEASSISTANT_VERSION"

_MARK = "installed"
_STARTS_S = 240
_ENDS_S = 20
_GLANCE_S = 0.1
# Everything that tests and pictures touch; `default_config` would bring Bluetooth, cloud and discovery of the network.
_CONFIGURATION = """\
homeassistant:
  name: Home
  latitude: 40.4
  longitude: -3.7
  elevation: 650
  unit_system: metric
  currency: EUR
  country: ES
  time_zone: {zone}
http:
  server_host: 127.0.0.1
  server_port: {port}
api:
config:
energy:
history:
logbook:
recorder:
  commit_interval: 0
logger:
  default: warning
{more}
"""
_FRONTEND = "frontend:\n"
_PACKAGES = "  packages: !include_dir_named packages\nhttp:"
# The steps of the first visit that need no answer; the user is made through the API.
_ONBOARDED = {
    "version": 4,
    "minor_version": 1,
    "key": "onboarding",
    "data": {"done": ["core_config", "analytics", "integration"]},
}


@dataclass(frozen=True, slots=True)
class Release:
    """A version of Home Assistant and the Pythons that it runs on."""

    version: str
    pythons: tuple[str, ...]

    @property
    def lock(self) -> Path:
        """Everything that is installed for it."""
        return _LOCKS / f"requirements-{self.version}.lock"

    @property
    def folder(self) -> Path:
        """Its environment, below the repository's root."""
        return _PEERS / f"homeassistant-{self.version}"

    def is_installed(self, root: Path = Path()) -> bool:
        """Whether the environment is there, whole and as the lock says."""
        with suppress(OSError):
            return (root / self.folder / _MARK).read_bytes() == self.lock.read_bytes()
        return False

    def python(self) -> str | None:
        """An interpreter that it runs on; one that is found but does not run is passed over."""
        for python in _interpreters(self.pythons):
            asked = subprocess.run([python, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 (an interpreter of this machine)
            if asked.stdout.startswith(tuple(f"Python {version}." for version in self.pythons)):
                return python
        return None


RELEASES = (Release("2025.4.4", ("3.13",)), Release("2024.3.3", ("3.11", "3.12")))


def installed_releases(root: Path = Path()) -> list[Release]:
    """All that are installed, the newest first; or the one that the environment asks for."""
    wanted = os.environ.get(WANTED)
    return [release for release in RELEASES if wanted in {None, "", release.version} and release.is_installed(root)]


def install(version: str | None = None) -> Release:
    """Make the environment, about 600 MB, unless it is there: of the newest release that this machine's Pythons allow.

    Raises:
        SettingsError: there is no Python that it runs on, or the package index refuses.
    """
    for release in RELEASES:
        if version not in {None, release.version}:
            continue
        if release.is_installed():
            return release
        if python := release.python():
            _install(release, python)
            return release
    known = "; ".join(f"{one.version} needs Python {' or '.join(one.pythons)}" for one in RELEASES)
    raise SettingsError(f"no Home Assistant {version or ''} for this machine's Pythons: {known}")


def _install(release: Release, python: str) -> None:
    subprocess.run([python, "-m", "venv", release.folder], check=True)  # noqa: S603 (an interpreter of this machine)
    pip = [str(release.folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-compile", "--no-deps"]
    if subprocess.run([*pip, "-r", str(release.lock)], check=False).returncode:  # noqa: S603 (the environment's own pip)
        raise SettingsError(
            f"{release.lock.name!r} does not install into {str(release.folder)!r}: see pip's words above"
        )
    (release.folder / _MARK).write_bytes(release.lock.read_bytes())


def _interpreters(versions: tuple[str, ...]) -> Iterator[str]:
    yield sys.executable
    for version in versions:
        if found := shutil.which(f"python{version}"):
            yield found
        yield from map(str, sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python")))


class LocalHomeAssistant:
    """One Home Assistant in a folder of its own, running inside its `with` block.

    Args:
        folder: its configuration; a fresh one is onboarded, one with `configuration.yaml` is taken as it is.
        more: further sections for a fresh `configuration.yaml`.
        frontend: whether it serves its web pages too.
        packages: whether it takes what lies in its folder `packages`.
        installed: the environment that it runs from.
    """

    def __init__(
        self,
        folder: Path,
        *,
        more: str = "",
        frontend: bool = False,
        packages: bool = False,
        zone: str = "Europe/Madrid",
        installed: Path,
    ) -> None:
        self.folder = folder
        self.port = _free_port()
        self._program = _program(installed)
        self._process: subprocess.Popen[bytes] | None = None
        self._token: str | None = None
        text = _CONFIGURATION.format(port=self.port, zone=zone, more=(_FRONTEND if frontend else "") + more)
        self._write_configuration(text.replace("http:", _PACKAGES, 1) if packages else text)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> HomeAssistantApi:
        """Its REST and WebSocket API, as its administrator."""
        if self._token is None:
            raise AdvisorError(f"{self.url!r} is not onboarded yet: start it first")
        return HomeAssistantApi(self.url, self._token)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it runs; the first time, make its administrator.

        Raises:
            AdvisorError: it ended, or did not answer in time.
        """
        command = [*self._program, "-c", str(self.folder), "--skip-pip", "--log-no-color"]
        with (self.folder / "output.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 (what we installed)
        self._await(self._answers)
        if self._token is None:
            self._token = sign_up(self.url)
        self._await(self.api.is_running)

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_ENDS_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Stop and start again, as a user would."""
        self.stop()
        self.start()

    def update(self, installed: Path) -> None:
        """Stop it, and start the version of another environment on the same configuration."""
        self.stop()
        self._program = _program(installed)
        self.start()

    def log(self) -> str:
        """Everything that it logged since it was made: warnings and worse."""
        return (self.folder / "output.log").read_text(encoding="utf-8", errors="replace")

    def _write_configuration(self, text: str) -> None:
        (self.folder / ".storage").mkdir(parents=True, exist_ok=True)
        (self.folder / "output.log").touch()
        settings = self.folder / "configuration.yaml"
        if not settings.exists():
            settings.write_text(text, encoding="utf-8")
        (self.folder / ".storage" / "onboarding").write_text(json.dumps(_ONBOARDED), encoding="utf-8")

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _await(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _STARTS_S
        while not condition():
            if self._process is None or self._process.poll() is not None:
                raise AdvisorError(f"Home Assistant ended while it started:\n{self.log()[-2000:]}")
            if time.monotonic() > deadline:
                raise AdvisorError(f"Home Assistant did not start within {_STARTS_S} s:\n{self.log()[-2000:]}")
            time.sleep(_GLANCE_S)


def _program(installed: Path) -> list[str]:
    return [str(installed.absolute() / "bin" / "python"), "-m", "homeassistant"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Install the newest that runs here, or the version that is named."""
    release = install(*sys.argv[1:2])
    typer.echo(f"Home Assistant {release.version} is in {release.folder}")


if __name__ == "__main__":
    main()
