"""What the API tells of a house, against the decision that stands behind it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import jsonschema
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.decision.controls import Acting
from agent.views.service_state import ServiceState
from energy.commands import ExportCommand, LoadCommand, PowerSlot


def test_the_status_says_what_the_house_does_and_why(api: Any, shown: ServiceState) -> None:
    answer = api.client().get("/v1/status").raise_for_status().json()
    assert shown.decision is not None
    assert answer["flows"]["soc"] == 0.2
    assert answer["flows"]["import_price"] == shown.decision.ensemble.import_prices[0]  # type: ignore[union-attr]
    assert (answer["ok"], answer["problems"]) == (True, [])
    assert answer["decision"]["reason"] == shown.decision.reason
    assert answer["decision"]["mode"] == shown.decision.command.mode  # type: ignore[union-attr]


def test_the_plan_is_what_the_planner_expects(api: Any, shown: ServiceState) -> None:
    answer = api.client().get("/v1/plan").raise_for_status().json()
    decision = shown.decision
    assert decision is not None
    assert len(answer["slots"]) == 48
    best = decision.candidates[0]
    assert answer["expected_cost"] == best.expected_cost
    # Levels travel rounded to a thousandth of the charge, so the end is near the planner's, not equal to it.
    assert answer["slots"][-1]["soc"]["mean"] == pytest.approx(best.final_soc, abs=0.005)
    for slot in answer["slots"]:
        for band in (slot["load_kw"], slot["pv_kw"], slot["soc"]):
            assert band["low"] <= band["mean"] + 1e-3
        balance = slot["grid_kw"] + slot["battery_kw"] + slot["pv_kw"]["mean"] - slot["load_kw"]["mean"]
        assert balance == pytest.approx(0, abs=1e-3)


def test_without_a_command_there_is_no_plan_and_health_says_why(api: Any, shown: ServiceState) -> None:
    assert shown.decision is not None
    silent = shown.decision.model_copy(
        update={"outcome": "no_command", "command": None, "problems": ("battery_soc: no reading yet",)}
    )
    api.shared_state.show(replace(shown, decision=silent))
    client = api.client()
    assert client.get("/v1/plan").status_code == 404
    health = client.get("/v1/health")
    assert (health.status_code, health.json()["problems"]) == (503, ["battery_soc: no reading yet"])


def test_devices_and_sensors_that_are_not_believed_are_told(api: Any, shown: ServiceState) -> None:
    decision, now = shown.decision, shown.now
    assert decision is not None
    assert now is not None
    frame: dict[str, Any] = {"decision_id": "x", "reason_code": "waits", "reason": "", "valid_from": now}
    frame["valid_until"] = now + 3 * shown.step
    slots = [PowerSlot(start=now + k * shown.step, end=now + (k + 1) * shown.step, power_kw=k % 2) for k in range(3)]
    commands = (
        LoadCommand(**frame, device="dishwasher", on=False, power_kw=0.0, slots=tuple(slots)),
        ExportCommand(**frame, limit_kw=2.5),
    )
    result = decision.model_copy(update={"device_commands": commands})
    api.shared_state.show(replace(shown, decision=result, complaints=("pv_power: 600 is outside",)))
    answer = api.client().get("/v1/status").json()
    dishwasher, export = answer["decision"]["devices"]
    assert (dishwasher["device"], dishwasher["power_kw"]) == ("dishwasher", 0.0)
    assert datetime.fromisoformat(dishwasher["start"]) == now + shown.step
    assert datetime.fromisoformat(dishwasher["end"]) == now + 2 * shown.step
    assert export["limit_kw"] == 2.5
    assert answer["complaints"] == ["pv_power: 600 is outside"]


def test_an_advisor_that_was_switched_off_is_well(api: Any, shown: ServiceState) -> None:
    assert shown.now is not None
    now = shown.now + timedelta(hours=5)
    later = replace(shown, now=now, readings={role: replace(one, at=now) for role, one in shown.readings.items()})
    api.shared_state.show(later)
    assert api.client().get("/v1/health").status_code == 503
    api.shared_state.show(replace(later, acting=Acting.OFF))
    assert api.client().get("/v1/health").status_code == 200


@pytest.mark.parametrize(
    ("changed", "part", "expected"),
    [
        ({"connected": False}, "broker", "the MQTT broker cannot be reached"),
        ({"readings": {}, "decision": None}, "data", "no usable reading of load_power, pv_power, battery_soc"),
        ({"gone": "battery_soc", "late": 121}, "data", "no usable reading of battery_soc"),
        ({"max_age_s": 120.0, "late": 121}, "data", "the newest readings are 121 s old, limit 120 s"),
        ({"max_age_s": 14_400.0, "late": 7200}, "plan", "the last decision was at"),
    ],
)
def test_broker_data_forecast_and_plan_each_have_their_own_state(
    api: Any, shown: ServiceState, changed: dict[str, Any], part: str, expected: str
) -> None:
    assert shown.now is not None
    changes = dict(changed)
    now = shown.now + timedelta(seconds=changes.pop("late", 0))
    if (gone := changes.pop("gone", None)) is not None:
        # The others go on.
        fresh = {role: replace(one, at=now) for role, one in shown.readings.items() if role != gone}
        api.shared_state.show(replace(shown, now=shown.now + timedelta(seconds=20), readings=fresh))
        assert api.client().get("/v1/health").status_code == 200
        changes["readings"] = fresh
    api.shared_state.show(replace(shown, now=now, **changes))
    answer = api.client().get("/v1/health")
    assert answer.status_code == 503
    parts = {one["name"]: one for one in answer.json()["parts"]}
    assert set(parts) == {"broker", "data", "forecast", "plan"}
    assert expected in parts[part]["problems"][0]
    assert expected in "".join(api.client().get("/v1/status").json()["problems"])


def test_a_silent_house_has_no_age_of_data(api: Any, shown: ServiceState) -> None:
    api.shared_state.show(replace(shown, awake=False))
    [data] = [one for one in api.client().get("/v1/health").json()["parts"] if one["name"] == "data"]
    assert (data["ok"], data["age_s"]) == (False, None)
    assert "no readings from the house since" in data["problems"][0]


def test_the_night_behind_is_billed_like_the_ledger(api: Any, shown: ServiceState) -> None:
    answer = api.client().get("/v1/today").raise_for_status().json()
    slots = answer["slots"]
    at_meter = sum(slot["grid_kw"] * slot["import_price"] * 0.5 for slot in slots)
    assert answer["bill"]["advisor"] == pytest.approx(at_meter)
    assert answer["bill"]["none"] == pytest.approx(at_meter)
    assert answer["bill"]["bound"] <= min(answer["bill"]["greedy"], answer["bill"]["advisor"]) + 1e-9
    assert answer["bill"]["metered"]
    assert [slot["start"] for slot in slots] == sorted(slot["start"] for slot in slots)


def test_the_log_leads_to_the_whole_reason(api: Any, shown: ServiceState) -> None:
    decision = shown.decision
    assert decision is not None
    client = api.client()
    [line] = client.get("/v1/decisions").json()
    assert line["decision_id"] == decision.decision_id
    why = client.get(f"/v1/decisions/{line['decision_id']}").json()
    assert why["facts"] == decision.facts
    assert len(why["candidates"]) == len(decision.candidates)
    assert [day["day"] for day in why["neighbours"]] == [day.day.isoformat() for day in decision.neighbours]
    assert client.get("/v1/decisions/none-such").status_code == 404
    assert client.get("/v1/decisions", params={"since": "2031-01-01T00:00:00Z"}).json() == []
    assert client.get("/v1/decisions", params={"since": "0001-01-01T00:00:00+14:00"}).json() == [line]
    assert client.get("/v1/decisions", params={"until": "9999-12-31T23:59:59-14:00"}).json() == [line]


def test_similar_days_carry_their_shapes(api: Any, shown: ServiceState) -> None:
    answer = api.client().get("/v1/days").json()
    assert len(answer["days"]) == 12
    assert np.allclose(answer["days"][0]["load_kw"], np.round(shown.shapes[0].load_kw, 4))


def test_deciding_now_is_left_as_a_wish(api: Any) -> None:
    answer = api.owner().post("/v1/decide")
    assert answer.status_code == 202
    assert api.shared_state.decision_wished


def test_figures_can_be_read_by_prometheus(api: Any) -> None:
    text = api.client().get("/v1/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["energy_advisor_battery_charge_ratio"].samples[0].value == 0.2
    assert sum(sample.value for sample in families["energy_advisor_mode"].samples) == 1


def test_the_description_is_sound_and_answers_obey_it(api: Any) -> None:
    client = api.client()
    described = client.get("/v1/openapi.json").json()
    assert described["openapi"].startswith("3.")
    for path in ("/v1/status", "/v1/plan", "/v1/days", "/v1/decisions", "/v1/today", "/v1/snapshot"):
        schema = described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        whole = schema | {"components": described["components"]}
        jsonschema.validate(client.get(path).json(), whole)
    documented = [operation for path in described["paths"].values() for operation in path.values()]
    assert all(operation.get("description") for operation in documented)


def test_a_listener_hears_of_a_change(api: Any, shown: ServiceState) -> None:
    with api.client().stream("GET", "/v1/live") as stream:
        lines = stream.iter_lines()
        assert '"soc":0.2' in next(lines)
        reading = replace(shown.readings["battery_soc"], value=0.25)
        api.shared_state.show(replace(shown, readings={**shown.readings, "battery_soc": reading}))
        assert '"soc":0.25' in next(lines)
