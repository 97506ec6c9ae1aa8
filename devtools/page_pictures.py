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

from agent.decision.constraint_words import Language
from agent.web.page import texts_of
from devtools.browser import open_browser
from energy.errors import AdvisorError

# The expensive hours are over: the day shows what was bought ahead for them, and what that saved.
_WHEN = (20, 30)
_SPEED = "500"
# Longer than the day, so that the house still lives while the last pictures are taken.
_HOURS = "40"
_LONGEST_S = 600
_TOKEN_FILE = Path(".advisor/demo/memory/api-token")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the page; `whole` goes down to its end, `busy` shows a question, a note and a reason.

    `view` is the period shown: the day, or the year with what was used in it.
    """

    name: str
    width: int
    height: int
    scheme: str
    whole: bool = False
    busy: bool = False
    language: Language = "en"
    view: str = "day"


PICTURES = (
    Picture("page.png", 1280, 1000, "light", whole=True, busy=True),
    Picture("page-es.png", 1280, 1000, "light", whole=True, busy=True, language="es"),
    Picture("page-dark.png", 1280, 1000, "dark"),
    Picture("page-dark-es.png", 1280, 1000, "dark", language="es"),
    Picture("page-year.png", 1280, 1000, "light", view="year"),
    Picture("page-phone.png", 390, 844, "light"),
    Picture("page-phone-dark.png", 390, 844, "dark", language="es"),
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
    command = [
        sys.executable,
        "-m",
        "advisor",
        "demo",
        "--model",
        "none",
        "--json",
        "--speed",
        _SPEED,
        "--hours",
        _HOURS,
    ]
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
            status = httpx.get(f"{url}v1/status").json()
        except httpx.TransportError:
            continue
        if status.get("now"):
            local = datetime.fromisoformat(status["now"]).astimezone(ZoneInfo(status["zone"]))
            if (local.hour, local.minute) >= _WHEN:
                return
    raise AdvisorError(f"the demo did not reach {_WHEN[0]}:{_WHEN[1]} within {_LONGEST_S} s")


def _take(browser: Browser, url: str, picture: Picture, folder: Path) -> None:
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme="dark" if picture.scheme == "dark" else "light",
        device_scale_factor=1 if picture.width > 600 else 2,
        locale=picture.language,
    )
    page = context.new_page()
    page.goto(f"{url}#token={_TOKEN_FILE.read_text().strip()}")
    page.wait_for_selector("#log .row")
    page.wait_for_selector("#charts canvas")
    if picture.view != "day":
        page.locator(f"[data-view={picture.view}]").click()
        page.wait_for_selector("#period-view svg")
    if picture.busy:
        _use(page, texts_of(picture.language))
    page.wait_for_timeout(500)
    if picture.busy:
        page.wait_for_selector(".whybox table")
    page.screenshot(path=folder / picture.name, full_page=picture.whole)
    context.close()


def _use(page: Page, texts: dict[str, str]) -> None:
    """Ask something, begin a note, and open a reason."""
    page.get_by_label(texts["ask.label"]).fill(texts["idea.3"])
    page.keyboard.press("Enter")
    page.get_by_label(texts["notes.label"]).fill(texts["notes.example"])
    page.get_by_role("button", name=texts["notes.read"]).click()
    page.wait_for_selector(".offer")
    page.locator("#log button").first.click()
    page.wait_for_selector(".whybox table")
    page.wait_for_selector("#talk .rests:not(:empty)")
    page.evaluate("document.activeElement.blur()")


if __name__ == "__main__":
    draw_pages(Path(sys.argv[1]), 8799)
