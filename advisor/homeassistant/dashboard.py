"""The dashboard for a home: the shipped one with the home's entities."""

import re
from pathlib import Path

from energy.errors import SettingsError
from energy.home import HOME_NAME

DASHBOARD = Path(__file__).parents[2] / "deploy" / "homeassistant" / "dashboard.yaml"
_SHIPPED_FOR = "my_home"


def dashboard(home: str) -> str:
    """The dashboard's YAML.

    Raises:
        SettingsError: no home can have that name, or this is not a checkout of the repository.
    """
    if not HOME_NAME.fullmatch(home):
        raise SettingsError(f"{home!r} is not a home's name: use small letters, digits, - and _")
    try:
        text = DASHBOARD.read_text(encoding="utf-8")
    except OSError as err:
        raise SettingsError(f"{str(DASHBOARD)!r} is not there: run this in a checkout of the repository") from err
    slug = re.sub(r"[^a-z0-9]+", "_", home).strip("_")
    return text.replace(f"energy_advisor_{_SHIPPED_FOR}_", f"energy_advisor_{slug}_")
