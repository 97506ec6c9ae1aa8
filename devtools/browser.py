"""A headless Chromium, driven over its DevTools protocol: open a page as a signed-in user and take its picture."""

import base64
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from energy.errors import AdvisorError, SettingsError

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_STARTS_S = 20.0
_ANSWERS_S = 30.0


@dataclass(frozen=True, slots=True)
class Screen:
    """What the page is shown on; a `dark` one says that its user prefers dark colours."""

    width: int
    height: int
    dark: bool = False
    mobile: bool = False
    scale: float = 1.0


class Browser:
    """One page of a running Chromium."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ids = count(1)

    def show(self, url: str, screen: Screen, *, before: str = "") -> None:
        """Open a page on a screen, after `before` (JavaScript) has run in it."""
        self._do("Page.enable")
        self._do(
            "Emulation.setDeviceMetricsOverride",
            width=screen.width,
            height=screen.height,
            deviceScaleFactor=screen.scale,
            mobile=screen.mobile,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if screen.dark else "light"}
        self._do("Emulation.setEmulatedMedia", features=[scheme])
        if before:
            self._do("Page.addScriptToEvaluateOnNewDocument", source=before)
        self._do("Page.navigate", url=url)

    def await_true(self, expression: str, *, timeout_s: float = 90.0) -> None:
        """Wait until JavaScript on the page holds.

        Raises:
            AdvisorError: it does not in time.
        """
        deadline = time.monotonic() + timeout_s
        while not self._do("Runtime.evaluate", expression=expression)["result"].get("value"):
            if time.monotonic() > deadline:
                raise AdvisorError(f"the page is not drawn within {timeout_s:g} s")
            time.sleep(0.2)

    def picture(self, path: Path) -> None:
        """Save what the screen shows as PNG."""
        data = self._do("Page.captureScreenshot", format="png")["data"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(data))

    def _do(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._ids)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._connection.recv(_ANSWERS_S))
            if answer.get("id") == number:
                if "error" in answer:
                    raise AdvisorError(f"the browser refuses {method!r}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start Chromium with a profile of its own.

    Raises:
        SettingsError: there is none on this machine.
        AdvisorError: it does not start.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise SettingsError(f"no {PROGRAMS[0]} on this machine: install it to take pictures")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"]
        command += ["--disable-background-networking", f"--user-data-dir={profile}", f"--remote-debugging-port={port}"]
        command += ["about:blank"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 (Chromium)
            try:
                with connect(_page_address(port), max_size=None) as connection:
                    yield Browser(connection)
            finally:
                process.terminate()


def _page_address(port: int) -> str:
    deadline = time.monotonic() + _STARTS_S
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            pages = httpx.get(f"http://127.0.0.1:{port}/json").json()
            if found := [page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page"]:
                return str(found[0])
        time.sleep(0.1)
    raise AdvisorError(f"Chromium did not start within {_STARTS_S:g} s")
