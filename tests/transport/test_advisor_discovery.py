import json
import re
from typing import Any

import pytest

from agent.decision.controls import Acting
from energy.commands import Mode
from transport.advisor_discovery import ACTINGS, Offer, advisor_discovery
from transport.topics import Topics

TOPICS = Topics("casa-1")


def announced(**offer: Any) -> dict[str, dict[str, Any]]:
    """Configurations by component and short name."""
    result = advisor_discovery(TOPICS, Offer(currency="EUR", **offer))
    made = {}
    for topic, payload in result.items():
        _, component, unique_id, last = topic.split("/")
        config = json.loads(payload)
        assert (config["unique_id"], last) == (unique_id, "config")
        made[f"{component}.{unique_id.removeprefix('energy_advisor_casa-1_')}"] = config
    return made


def test_the_saving_introduces_itself_like_this() -> None:
    config = announced()["sensor.saved_today"]
    assert {key: value for key, value in config.items() if key not in {"device", "icon", "origin"}} == {
        "unique_id": "energy_advisor_casa-1_saved_today",
        "default_entity_id": "sensor.energy_advisor_casa_1_saved_today",
        "name": "Saved today",
        "state_topic": "energy_advisor/casa-1/advisor/bill",
        "value_template": "{{ value_json.saved_today }}",
        "device_class": "monetary",
        "state_class": "total",
        "unit_of_measurement": "EUR",
        "last_reset_value_template": "{{ value_json.day_start }}",
        "suggested_display_precision": 2,
        "expire_after": 2700,
        "json_attributes_topic": "energy_advisor/casa-1/advisor/bill",
        "json_attributes_template": "{{ ({'paid': value_json.paid, 'greedy': value_json.paid_greedy}) | tojson }}",
        "availability_topic": "energy_advisor/casa-1/advisor/status",
    }


def test_every_entity_belongs_to_one_device_and_goes_with_it() -> None:
    configs = announced(export=True).values()
    assert len({json.dumps(config["device"]) for config in configs}) == 1
    assert {config["availability_topic"] for config in configs} == {"energy_advisor/casa-1/advisor/status"}
    assert len({config["name"] for config in configs}) == len(configs)


def test_ids_are_asked_for_origin_has_a_version_and_nothing_deprecated_is_said() -> None:
    configs = announced(export=True, notes=True, page_url="http://advisor.local:8765/")
    ids = [config["default_entity_id"] for config in configs.values()]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z_]+\.energy_advisor_casa_1_[a-z0-9_]+", one) for one in ids)
    for name, config in configs.items():
        assert config["default_entity_id"].partition(".")[0] == name.partition(".")[0]
        assert config["origin"]["sw_version"]
        assert config["device"]["configuration_url"] == "http://advisor.local:8765/"
        assert not {"object_id", "value_template_topic", "color_mode"} & set(config)


def test_the_words_are_those_of_the_house_and_of_the_controls() -> None:
    configs = announced()
    assert configs["sensor.mode"]["options"] == [*(mode.value for mode in Mode), "none"]
    assert configs["select.acting"]["options"] == list(ACTINGS) == [acting.value for acting in Acting]


def test_in_spanish_the_names_are_spanish_and_the_ids_stay() -> None:
    english, spanish = (announced(export=True, notes=True, language=language) for language in ("en", "es"))
    assert english.keys() == spanish.keys()
    for name, config in spanish.items():
        assert config["default_entity_id"] == english[name]["default_entity_id"]
        assert "object_id" not in config
    assert spanish["sensor.saved_today"]["name"] == "Ahorrado hoy"
    assert len({config["name"] for config in spanish.values()}) == len(spanish)


@pytest.mark.parametrize(
    ("offer", "missing"), [({"grid_charging": False}, "allow_grid_charging"), ({}, "allow_export")]
)
def test_what_a_home_may_not_do_is_not_offered(offer: dict[str, bool], missing: str) -> None:
    assert f"switch.{missing}" not in announced(**offer)
    assert f"switch.{missing}" in announced(grid_charging=True, export=True)


def test_only_what_is_measured_anew_expires() -> None:
    configs = announced()
    lasting = {name for name, config in configs.items() if "expire_after" not in config}
    sender = {"binary_sensor.in_control", "binary_sensor.changed_by_hand"}
    assert sender < lasting
    assert {name.split(".")[0] for name in lasting - sender} == {"select", "number", "switch", "button", "image"}


@pytest.mark.parametrize("language", ["en", "es"])
def test_each_of_several_batteries_shows_its_mode_charge_and_problem(language: str) -> None:
    named = announced(language=language, batteries=("garage", "items"))
    mode, charge = named["sensor.battery_garage_mode"], named["sensor.battery_items_charge"]
    assert mode["name"] == {"en": "Battery garage mode", "es": "Batería garage: modo"}[language]
    assert mode["default_entity_id"] == "sensor.energy_advisor_casa_1_battery_garage_mode"
    assert mode["state_topic"] == "energy_advisor/casa-1/advisor/batteries"
    assert charge["value_template"] == "{{ value_json['items'].charge }}"
    assert named["binary_sensor.battery_garage_problem"]["device_class"] == "problem"
    assert not any("battery_" in name for name in announced())
