"""Home Assistant with exactly the files that a user copies out of deploy/."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import yaml

from advisor.ha_local import LocalHomeAssistant

pytestmark = pytest.mark.live

SHIPPED = Path(__file__).parent.parent.parent / "deploy" / "homeassistant"
PACKAGES = "automation: !include automations.yaml\n"


@pytest.mark.parametrize("example", ["work-mode", "grid-charge-switch", "power-set-point"])
def test_an_example_is_an_automation_of_the_blueprint(example: str) -> None:
    [automation] = yaml.safe_load((SHIPPED / "examples" / f"{example}.yaml").read_text(encoding="utf-8"))
    blueprint = (SHIPPED / "blueprints/automation/energy_advisor/inverter.yaml").read_text(encoding="utf-8")
    inputs = yaml.load(blueprint, Loader=_tolerant())["blueprint"]["input"]  # noqa: S506 (a safe loader)
    given = automation["use_blueprint"]["input"]
    assert set(given) <= set(inputs)
    assert {name for name, said in inputs.items() if "default" not in said} <= set(given)


def _tolerant() -> type[yaml.SafeLoader]:
    class Loader(yaml.SafeLoader):
        """Knows Home Assistant's `!input`."""

    Loader.add_constructor("!input", lambda loader, node: loader.construct_scalar(node))
    return Loader


def test_it_starts_with_the_package_the_dashboard_and_the_examples(
    start_homeassistant: Callable[..., AbstractContextManager[LocalHomeAssistant]], tmp_path: Path
) -> None:
    shutil.copytree(SHIPPED / "packages", tmp_path / "packages")
    shutil.copytree(SHIPPED / "blueprints", tmp_path / "blueprints")
    shutil.copy(SHIPPED / "dashboard.yaml", tmp_path / "energy_advisor_dashboard.yaml")
    examples = [path.read_text(encoding="utf-8") for path in sorted((SHIPPED / "examples").glob("*.yaml"))]
    numbered = [text.replace("id: energy_advisor_inverter", f"id: inverter_{at}") for at, text in enumerate(examples)]
    (tmp_path / "automations.yaml").write_text("\n".join(numbered), encoding="utf-8")
    with start_homeassistant(tmp_path, more=PACKAGES, frontend=True, packages=True) as homeassistant:
        api = homeassistant.api
        shown = api.command("lovelace/config", url_path="energy-advisor", force=False)
        assert shown == yaml.safe_load((SHIPPED / "dashboard.yaml").read_text(encoding="utf-8"))
        automations = {name: state for name, state in api.states().items() if name.startswith("automation.")}
        assert len(automations) == len(examples)
        # Without a broker their MQTT triggers cannot be set up, so they are `unavailable` at worst: never missing.
        said = [line for line in homeassistant.log().splitlines() if "blueprint" in line.lower() or "lovelace" in line]
        assert said == []
