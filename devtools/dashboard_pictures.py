"""Pictures of the dashboard in a real Home Assistant, over a house that lives through a recorded winter day."""

import json
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import typer
from playwright.sync_api import Browser

from advisor.homeassistant.dashboard import dashboard
from devtools.browser import open_browser
from devtools.household import HOME, PlayedHousehold
from devtools.local_homeassistant import LocalHomeAssistant, installed_releases
from energy.errors import SettingsError
from transport.broker import EmbeddedBroker

# What a browser's context is made with.
SCREENS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 1000}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 1000}, "color_scheme": "dark"},
    "phone": {
        "viewport": {"width": 390, "height": 1600},
        "color_scheme": "light",
        "is_mobile": True,
        "device_scale_factor": 1.5,
    },
}
# Seven simulated hours: the night is over, the sun is up, and the evening peak is planned for.
_SPEED = 1200.0
_LIVED_S = 28.0
_DRAWN_WITHIN_S = 90.0
_SETTLES_S = 3.0
# The last card's text stands somewhere inside the nested shadow trees.
_DRAWN = """\
(() => {
  const within = (node) => [...node.querySelectorAll('*')].some((at) =>
    (at.localName === 'ha-markdown-element' && at.textContent.includes('load'))
    || (at.shadowRoot && within(at.shadowRoot)));
  return within(document);
})()"""
_LOVELACE = """\
lovelace:
  dashboards:
    energy-advisor:
      mode: yaml
      title: Energy Advisor
      icon: mdi:home-battery
      show_in_sidebar: true
      filename: dashboard.yaml
"""


def take_pictures(folder: Path) -> list[Path]:
    """Play, open the dashboard on each screen, save; the files written.

    Raises:
        SettingsError: Home Assistant or Chromium is not installed.
    """
    if not (releases := installed_releases()):
        raise SettingsError("Home Assistant is not installed here: run `make homeassistant` first")
    with tempfile.TemporaryDirectory() as place, EmbeddedBroker() as broker:
        config = Path(place) / "homeassistant"
        config.mkdir()
        (config / "dashboard.yaml").write_text(dashboard(HOME), encoding="utf-8")
        household = PlayedHousehold(Path(place), broker.address, speed=_SPEED)
        household.prepare()
        with (
            closing(household),
            LocalHomeAssistant(config, more=_LOVELACE, frontend=True, installed=releases[0].folder) as homeassistant,
        ):
            homeassistant.api.add_mqtt(broker.address)
            household.start("advisor")
            homeassistant.api.await_states(lambda states: _entity("mode") in states, timeout_s=60)
            household.start("house")
            time.sleep(_LIVED_S)
            with open_browser() as browser:
                return [_picture(browser, homeassistant, name, folder) for name in SCREENS]


def _entity(name: str) -> str:
    return f"sensor.energy_advisor_{HOME.replace('-', '_')}_{name}"


def _picture(browser: Browser, homeassistant: LocalHomeAssistant, name: str, folder: Path) -> Path:
    path = folder / f"homeassistant-{name}.png"
    with browser.new_context(**SCREENS[name]) as context:
        context.add_init_script(_signed_in(homeassistant))
        page = context.new_page()
        page.goto(f"{homeassistant.url}/energy-advisor/advisor")
        page.wait_for_function(_DRAWN, timeout=1000 * _DRAWN_WITHIN_S)
        time.sleep(_SETTLES_S)
        page.screenshot(path=path)
    return path


def _signed_in(homeassistant: LocalHomeAssistant) -> str:
    """JavaScript that leaves the token where the frontend looks for it."""
    tokens = {
        "access_token": homeassistant.api.token,
        "token_type": "Bearer",
        "refresh_token": "",
        "expires_in": 86_400,
        "expires": (time.time() + 86_400) * 1000,
        "hassUrl": homeassistant.url,
        "clientId": f"{homeassistant.url}/",
    }
    return f"localStorage.setItem('hassTokens', {json.dumps(json.dumps(tokens))})"


if __name__ == "__main__":
    for path in take_pictures(Path(sys.argv[1])):
        typer.echo(path)
