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


def drive(api: HomeAssistantApi, home: str) -> None:
    """Make the automation of the shipped blueprint, as a user does: the advisor of `home` drives the inverter."""
    path, prefix = "energy_advisor/inverter.yaml", f"binary_sensor.energy_advisor_{home}"
    api.command("blueprint/save", domain="automation", path=path, yaml=_BLUEPRINT.read_text(encoding="utf-8"))
    given = {
        "home": home,
        "in_control": f"{prefix}_in_control",
        "mode_select": MODE,
        "target_number": TARGET,
        "reserve_number": FLOOR,
        "settle_s": 5,
        "lost_after_minutes": 0.02,
    }
    api.configure_automation(f"drive_{home}", alias=f"Drive {home}", use_blueprint={"path": path, "input": given})
    api.await_state(f"automation.drive_{home}", "on")
