"""Pictures of the dashboard in a real Home Assistant, over a house that lives through a recorded winter day."""

import json
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import typer

from advisor.homeassistant.dashboard import dashboard
from devtools.browser import Screen, open_browser
from devtools.household import HOME, Household
from devtools.local_homeassistant import LocalHomeAssistant, is_installed
from energy.errors import SettingsError
from transport.broker import EmbeddedBroker

SCREENS = {
    "light": Screen(1280, 1000),
    "dark": Screen(1280, 1000, dark=True),
    "phone": Screen(390, 1600, mobile=True, scale=1.5),
}
# Seven simulated hours: the night is over, the sun is up, and the evening peak is planned for.
_SPEED = 1200.0
_LIVED_S = 28.0
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
    if not is_installed():
        raise SettingsError("Home Assistant is not installed here: run `make homeassistant` first")
    with tempfile.TemporaryDirectory() as place, EmbeddedBroker() as broker:
        config = Path(place) / "homeassistant"
        config.mkdir()
        (config / "dashboard.yaml").write_text(dashboard(HOME), encoding="utf-8")
        household = Household(Path(place), broker.address, speed=_SPEED)
        household.prepare()
        with closing(household), LocalHomeAssistant(config, more=_LOVELACE, frontend=True) as homeassistant:
            homeassistant.api.add_mqtt(broker.address)
            household.start("advisor")
            homeassistant.api.await_states(lambda states: _entity("mode") in states, timeout_s=60)
            household.start("house")
            time.sleep(_LIVED_S)
            return [_picture(homeassistant, name, screen, folder) for name, screen in SCREENS.items()]


def _entity(name: str) -> str:
    return f"sensor.energy_advisor_{HOME.replace('-', '_')}_{name}"


def _picture(homeassistant: LocalHomeAssistant, name: str, screen: Screen, folder: Path) -> Path:
    path = folder / f"homeassistant-{name}.png"
    with open_browser() as browser:
        browser.show(f"{homeassistant.url}/energy-advisor/advisor", screen, before=_signed_in(homeassistant))
        browser.await_true(_DRAWN)
        time.sleep(_SETTLES_S)
        browser.picture(path)
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
