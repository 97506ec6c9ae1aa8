"""What is told to the page in a real browser reaches the house: the whole service, a broker and a simulated house."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from devtools.household import HOME, PlayedHousehold
from energy.commands import BatteryCommand
from tests.conftest import StartMosquitto, free_port
from transport.mqtt import MqttLink
from transport.topics import Topics

_TOKEN = "a-token-for-tests-only"  # noqa: S105 (no secret)


@pytest.fixture
def living(
    start_mosquitto: StartMosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[PlayedHousehold, str]]:
    """House and advisor, begun by the test, and where the advisor's page will be."""
    monkeypatch.setenv("ADVISOR_API__TOKEN", _TOKEN)
    port = free_port()
    with start_mosquitto(tmp_path, 0, "allow_anonymous true") as broker:
        household = PlayedHousehold(tmp_path, broker)
        household.prepare()
        settings = tmp_path / "advisor.toml"
        result = settings.read_text("utf-8").replace("enabled = false\nport = 0", f"port = {port}")
        settings.write_text(result, encoding="utf-8")
        yield household, f"http://127.0.0.1:{port}"
        household.close()


@pytest.mark.slow
def test_a_note_told_to_the_page_is_obeyed_by_what_follows(
    living: tuple[PlayedHousehold, str], browser: Browser
) -> None:
    household, url = living
    with MqttLink(household.broker, "listener") as link:
        link.subscribe(Topics(HOME).command)
        household.start("house")
        household.start("advisor")
        assert not _keeps(_next_command(link), 0.9)
        _await_page(url)
        page = browser.new_page()
        page.goto(f"{url}/#token={_TOKEN}")
        _tell(page, "keep 90 % until 23:00")
        # One may be on its way while the note is told.
        commands = [_next_command(link)]
        while not _keeps(commands[-1], 0.9) and len(commands) < 4:
            commands.append(_next_command(link))
        assert _keeps(commands[-1], 0.9), household.log("advisor")
        expect(page.locator("#mode")).to_have_attribute("data-mode", "charge")


def _tell(page: Page, note: str) -> None:
    page.get_by_label("A note to the advisor").fill(note)
    page.get_by_role("button", name="Read it").click()
    page.get_by_role("button", name="Yes, keep it").click()
    expect(page.locator("#notes")).to_contain_text(note)


def _keeps(command: BatteryCommand, soc: float) -> bool:
    """Whether a schedule keeps a reserve from its first slot on."""
    return command.slots[0].reserve_soc >= soc


def _next_command(link: MqttLink) -> BatteryCommand:
    message = link.receive(60)
    assert message is not None, "no command within a minute"
    return BatteryCommand.model_validate_json(message.payload)


def _await_page(url: str) -> None:
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/v1/health").status_code < 500:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"no page at {url}")
