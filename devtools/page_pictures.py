"""`python -m devtools.page_pictures docs`: the page's pictures, taken in a browser while the demo plays."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
from playwright.sync_api import Browser, Page

from devtools.browser import open_browser
from energy.errors import AdvisorError

# The battery has been charged, the dear hours are near, and the day has something to show.
_WHEN = (15, 30)
_SPEED = "500"
_LONGEST_S = 600
_TOKEN_FILE = Path(".advisor/demo/memory/api-token")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the page; `whole` goes down to its end, `busy` shows a question, a note and a reason."""

    name: str
    width: int
    height: int
    scheme: str
    whole: bool = False
    busy: bool = False


PICTURES = (
    Picture("page.png", 1280, 1000, "light", whole=True, busy=True),
    Picture("page-dark.png", 1280, 1000, "dark"),
    Picture("page-phone.png", 390, 844, "light"),
    Picture("page-phone-dark.png", 390, 844, "dark"),
)


def draw_pages(folder: Path, port: int) -> None:
    """Play the demo with its page and take every picture on an afternoon.

    Raises:
        AdvisorError: there is no browser, or the demo did not come so far.
    """
    with open_browser() as browser, _demo(port):
        url = f"http://127.0.0.1:{port}/"
        _await_afternoon(url)
        for picture in PICTURES:
            _take(browser, url, picture, folder)


@contextmanager
def _demo(port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "advisor", "demo", "--model", "none", "--json", "--speed", _SPEED]
    command += ["--page", "--page-port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as demo:  # noqa: S603 (ours)
        try:
            yield
        finally:
            demo.terminate()


def _await_afternoon(url: str) -> None:
    deadline = time.monotonic() + _LONGEST_S
    while time.monotonic() < deadline:
        time.sleep(0.5)
        try:
            said = httpx.get(f"{url}v1/status").json()
        except httpx.TransportError:
            continue
        if said.get("now"):
            local = datetime.fromisoformat(said["now"]).astimezone(ZoneInfo(said["zone"]))
            if (local.hour, local.minute) >= _WHEN:
                return
    raise AdvisorError(f"the demo did not reach {_WHEN[0]}:{_WHEN[1]} within {_LONGEST_S} s")


def _take(browser: Browser, url: str, picture: Picture, folder: Path) -> None:
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme="dark" if picture.scheme == "dark" else "light",
        device_scale_factor=1 if picture.width > 600 else 2,
    )
    page = context.new_page()
    page.goto(f"{url}#token={_TOKEN_FILE.read_text().strip()}")
    page.wait_for_selector("#log .row")
    page.wait_for_selector("#charts canvas")
    if picture.busy:
        _use(page)
    page.wait_for_timeout(500)
    page.screenshot(path=folder / picture.name, full_page=picture.whole)
    context.close()


def _use(page: Page) -> None:
    """Ask something, begin a note, and open a reason."""
    page.get_by_label("Your question").fill("When should I run the dishwasher?")
    page.keyboard.press("Enter")
    page.get_by_label("A note to the advisor").fill("keep 60 % until 08:00")
    page.get_by_role("button", name="Read it").click()
    page.wait_for_selector(".offer")
    page.locator("#log button").first.click()
    page.wait_for_selector(".whybox table")
    page.wait_for_selector("#talk .rests:not(:empty)")
    page.evaluate("document.activeElement.blur()")


if __name__ == "__main__":
    draw_pages(Path(sys.argv[1]), 8799)
