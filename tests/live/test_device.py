"""The advisor as a device in a real Home Assistant: its entities, its controls, and that everything heals."""

import re
import time
from typing import Any

import pytest

from advisor.homeassistant.remove import remove_device
from devtools.household import HOME, PlayedHousehold
from energy.errors import TransportError
from transport.mqtt import MqttLink
from transport.topics import ROOT, Topics

pytestmark = pytest.mark.live

SLUG = HOME.replace("-", "_")
ENTITIES = [
    "sensor.mode",
    "sensor.target_charge",
    "sensor.reserve_charge",
    "sensor.expected_bill_today",
    "sensor.expected_bill_today_with_self_consumption",
    "sensor.saved_today",
    "sensor.saved_this_month",
    "sensor.plan",
    "image.plan_picture",
    "sensor.reason",
    "sensor.similar_days",
    "sensor.model",
    "sensor.last_decision",
    "binary_sensor.data_problem",
    "binary_sensor.model_problem",
    "binary_sensor.command_problem",
    "select.acting",
    "number.reserve",
    "switch.grid_charging",
    "button.decide_now",
]


def entity(name: str) -> str:
    component, title = name.split(".")
    return f"{component}.energy_advisor_{SLUG}_{title}"


@pytest.fixture
def states(household: PlayedHousehold, estate: Any) -> dict[str, dict[str, Any]]:
    """All states once the advisor has decided."""

    def decided(states: dict[str, dict[str, Any]]) -> bool:
        return states.get(entity("sensor.mode"), {}).get("state") not in {None, "none", "unknown", "unavailable"}

    states: dict[str, dict[str, Any]] = estate.homeassistant.api.await_states(decided, timeout_s=100)
    return states


def test_every_entity_appears_with_a_right_state(states: dict[str, dict[str, Any]], estate: Any) -> None:
    states = estate.homeassistant.api.await_states(lambda states: all(entity(name) in states for name in ENTITIES))
    shown = {name: states[entity(name)]["state"] for name in ENTITIES}
    unknown = {name for name, state in shown.items() if state in {"unknown", "unavailable"}}
    assert unknown <= {"button.decide_now"}  # a button has been pressed at a time, or never
    assert shown["sensor.mode"] in {"self_consumption", "hold", "charge", "discharge"}
    assert shown["select.acting"] == "act"
    assert shown["binary_sensor.data_problem"] == "off"
    assert 0 <= float(shown["sensor.reserve_charge"]) <= 100
    assert int(shown["sensor.similar_days"]) == 12
    assert shown["sensor.model"] == "none"
    assert len(shown["sensor.reason"]) <= 255


def test_the_plan_is_fit_for_a_chart(states: dict[str, dict[str, Any]]) -> None:
    plan = states[entity("sensor.plan")]
    assert re.fullmatch(
        r"(self-consumption|hold, no discharging|charge from the grid|sell to the grid) (until \d\d:\d\d|throughout)",
        plan["state"],
    )
    slots = plan["attributes"]["slots"]
    assert len(slots) == 48
    assert set(slots[0]) == {"start", "mode", "charge", "price"}
    assert all(0 <= slot["charge"] <= 100 for slot in slots)
    assert [slot["start"] for slot in slots] == sorted(slot["start"] for slot in slots)


def test_money_adds_up(states: dict[str, dict[str, Any]]) -> None:
    bill = {name: float(states[entity(f"sensor.{name}")]["state"]) for name in ("saved_today", "saved_this_month")}
    seen = states[entity("sensor.saved_today")]
    assert bill["saved_today"] == pytest.approx(seen["attributes"]["greedy"] - seen["attributes"]["paid"], abs=0.011)
    assert seen["attributes"]["unit_of_measurement"] == "USD"
    assert seen["attributes"]["state_class"] == "total"


def test_a_control_turned_in_home_assistant_is_obeyed_and_shown(
    states: dict[str, dict[str, Any]], household: PlayedHousehold, estate: Any
) -> None:
    api = estate.homeassistant.api
    api.act("number.set_value", entity_id=entity("number.reserve"), value=80)
    api.await_state(entity("number.reserve"), "80")
    api.await_states(lambda states: float(states[entity("sensor.reserve_charge")]["state"]) >= 80, timeout_s=90)
    api.act("number.set_value", entity_id=entity("number.reserve"), value=0)
    api.act("switch.turn_off", entity_id=entity("switch.grid_charging"))
    api.await_state(entity("switch.grid_charging"), "off")
    api.await_states(lambda states: float(states[entity("sensor.target_charge")]["state"]) == 0, timeout_s=90)
    api.act("switch.turn_on", entity_id=entity("switch.grid_charging"))
    api.await_state(entity("switch.grid_charging"), "on")
    assert '"allow_grid_charging": true' in (household.folder / "memory" / "controls.json").read_text()


def test_advise_only_lets_the_house_go_and_off_is_silent(
    states: dict[str, dict[str, Any]], household: PlayedHousehold, estate: Any
) -> None:
    api = estate.homeassistant.api
    api.act("select.select_option", entity_id=entity("select.acting"), option="advise only")
    api.await_states(lambda states: _outcome(states) == "advised", timeout_s=90)
    lived = len(household.played())
    deadline = time.monotonic() + 20
    while len(household.played()) < lived + 2 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert {step["decision_id"] for step in household.played()[lived + 1 :]} == {None}
    api.act("select.select_option", entity_id=entity("select.acting"), option="off")
    api.await_state(entity("sensor.mode"), "none", timeout_s=90)
    api.act("select.select_option", entity_id=entity("select.acting"), option="act")
    api.await_states(lambda states: _outcome(states) == "published", timeout_s=90)


def _outcome(states: dict[str, dict[str, Any]]) -> Any:
    return states[entity("sensor.last_decision")]["attributes"].get("outcome")


def test_a_note_is_said_back_and_kept_once_it_is_confirmed(
    states: dict[str, dict[str, Any]], household: PlayedHousehold, estate: Any
) -> None:
    api, book = estate.homeassistant.api, household.folder / "memory"
    before = {path: path.read_bytes() for path in book.rglob("notes*")}
    api.act("text.set_value", entity_id=entity("text.note"), value="keep 70 % until tomorrow 8:00")
    api.await_state(entity("text.note"), "keep 70 % until tomorrow 8:00")
    said = api.await_states(lambda states: "70" in states[entity("sensor.note_understood")]["state"])
    assert said[entity("sensor.note_understood")]["attributes"]["kept"] is False
    assert {path: path.read_bytes() for path in book.rglob("notes*")} == before
    api.act("button.press", entity_id=entity("button.confirm_note"))
    api.await_states(lambda states: states[entity("sensor.note_understood")]["attributes"]["kept"] is True)
    api.await_states(lambda states: float(states[entity("sensor.reserve_charge")]["state"]) >= 70, timeout_s=90)
    api.act("text.set_value", entity_id=entity("text.note"), value="sing a song")
    api.await_states(lambda states: states[entity("sensor.note_understood")]["attributes"]["kept"] is False)


def test_decide_now_decides_now(states: dict[str, dict[str, Any]], estate: Any) -> None:
    before = states[entity("sensor.last_decision")]["attributes"]["decision_id"]
    api = estate.homeassistant.api
    api.act("button.press", entity_id=entity("button.decide_now"))

    def anew(states: dict[str, dict[str, Any]]) -> bool:
        return states[entity("sensor.last_decision")]["attributes"].get("decision_id") not in {None, before}

    api.await_states(anew, timeout_s=90)


def test_home_assistant_says_nothing_against_us(states: dict[str, dict[str, Any]], estate: Any) -> None:
    lines = estate.homeassistant.log().splitlines()
    ours = [line for line in lines if any(word in line.lower() for word in ("energy_advisor", "mqtt", "template"))]
    # Other tests restart the broker of them all.
    restarts = ("Disconnected from MQTT server", "The connection was lost", "Failed to connect to MQTT server")
    assert [line for line in ours if not any(words in line for words in restarts)] == []


def test_it_leaves_without_a_trace_and_comes_back_within_five_seconds(
    states: dict[str, dict[str, Any]], household: PlayedHousehold, estate: Any
) -> None:
    api, topics = estate.homeassistant.api, Topics(HOME)
    with pytest.raises(TransportError, match="still runs"):
        remove_device(estate.broker, HOME)
    household.stop("advisor")
    assert remove_device(estate.broker, HOME) >= len(ENTITIES)
    api.await_states(lambda states: not any(f"energy_advisor_{SLUG}" in name for name in states))
    assert any(f"house_{SLUG}" in name for name in api.states())
    with MqttLink(estate.broker, "watch") as link:
        link.subscribe(f"{ROOT}/{HOME}/advisor/#")
        assert link.receive(1) is None
        link.subscribe(topics.decision)
        household.start("advisor")
        while (message := link.receive(100)) is not None and message.topic != topics.decision:
            pass
        assert message is not None
        api.await_states(lambda states: not _missing(states), timeout_s=5)


def _missing(states: dict[str, dict[str, Any]]) -> set[str]:
    """Entities that are not there or do not know their state; a button knows it after its first press only."""
    known = {name: states.get(entity(name), {}).get("state") for name in ENTITIES if name != "button.decide_now"}
    return {name for name, state in known.items() if state in {None, "unknown", "unavailable"}}


# These two hold every pair of parts in both orders.
ORDERS = [("homeassistant", "broker", "advisor"), ("advisor", "broker", "homeassistant")]


@pytest.mark.slow
@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_restarts_in_either_order_heal_within_half_a_minute(
    order: tuple[str, ...], states: dict[str, dict[str, Any]], household: PlayedHousehold, estate: Any
) -> None:
    restart = {
        "homeassistant": estate.homeassistant.restart,
        "broker": estate.restart_broker,
        "advisor": lambda: (household.stop("advisor"), household.start("advisor")),
    }
    before = _decided(states)
    for part in order:
        restart[part]()

    def healed(states: dict[str, dict[str, Any]]) -> bool:
        return not _missing(states) and _decided(states) > before

    estate.homeassistant.api.await_states(healed, timeout_s=90)


def _decided(states: dict[str, dict[str, Any]]) -> str:
    return str(states[entity("sensor.last_decision")]["state"])
