"""The simulated inverter of the live tests' Home Assistants: its entities, and the blueprint that drives it."""

import shutil
from pathlib import Path

from devtools.homeassistant_api import HomeAssistantApi

MODE, TARGET, FLOOR = "input_select.inverter_mode", "input_number.inverter_target", "input_number.inverter_floor"
# For `configuration.yaml`: automations made through the API come beside those of the package.
AUTOMATIONS = "automation: !include automations.yaml\n"
_ROOT = Path(__file__).parent.parent.parent
_BLUEPRINT = _ROOT / "deploy/homeassistant/blueprints/automation/energy_advisor/inverter.yaml"


def install(config: Path) -> None:
    """Put the inverters into a Home Assistant that has not been started yet."""
    (config / "packages").mkdir(parents=True)
    shutil.copy(Path(__file__).parent / "inverters.yaml", config / "packages")
    (config / "automations.yaml").write_text("[]", encoding="utf-8")


def drive(api: HomeAssistantApi, home: str, **given: object) -> None:
    """Make the automation of the shipped blueprint, as a user does: the advisor of `home` drives the inverter.

    `given` are inputs that differ, such as the name of one of several batteries, and the entities of its inverter.
    """
    path, prefix = "energy_advisor/inverter.yaml", f"binary_sensor.energy_advisor_{home}"
    if path not in api.command("blueprint/list", domain="automation"):
        api.command("blueprint/save", domain="automation", path=path, yaml=_BLUEPRINT.read_text(encoding="utf-8"))
    inputs = {
        "home": home,
        "in_control": f"{prefix}_in_control",
        "mode_select": MODE,
        "target_number": TARGET,
        "reserve_number": FLOOR,
        "settle_s": 5,
        "lost_after_minutes": 0.02,
        **given,
    }
    name = f"drive_{home}_{given['battery']}" if "battery" in given else f"drive_{home}"
    alias = name.replace("_", " ").capitalize()
    api.configure_automation(name, alias=alias, use_blueprint={"path": path, "input": inputs})
    api.await_state(f"automation.{name}", "on")
