import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.battery import Battery
from energy.commands import SELF_CONSUMPTION, BatteryCommand, Mode, ReleaseCommand, SlotLevels
from energy.errors import SettingsError
from energy.home import Home
from simulator.house.house import House, StepRecord
from simulator.house.recording import Recording

MINUTE = timedelta(minutes=1)
SLOT = 30 * MINUTE


def house_of(recording: Recording, *, soc: float = 0.5, step: timedelta = 5 * MINUTE) -> House:
    return House(recording, step=step, slot=SLOT, soc=soc, seed=7)


def command(
    start: datetime, *, decision: str = "d-1", slots: int = 2, charge_to: float = 0.0, reserve: float = 0.0
) -> BatteryCommand:
    schedule = [
        SlotLevels(
            start=start + index * SLOT, end=start + (index + 1) * SLOT, charge_to_soc=charge_to, reserve_soc=reserve
        )
        for index in range(slots)
    ]
    return BatteryCommand(
        decision_id=decision,
        valid_from=start,
        valid_until=schedule[-1].end,
        reason_code="test",
        reason="a test",
        mode=Mode.HOLD,
        slots=tuple(schedule),
    )


def send(house: House, *commands: BatteryCommand | ReleaseCommand) -> list[bool]:
    return [house.obey(each.model_dump_json().encode(), retained=False).accepted for each in commands]


def steps(house: House, count: int) -> list[StepRecord]:
    return [house.step() for _ in range(count)]


def assert_balanced(step: StepRecord, stored_before_kwh: float, battery: Battery, *, step_hours: float) -> None:
    flows = step.flows
    supplied = flows.pv_kw + flows.grid_import_kw + flows.discharge_kw
    used = flows.load_kw + flows.charge_kw + flows.grid_export_kw + flows.curtailed_kw
    assert supplied == pytest.approx(used, abs=1e-9)
    moved = flows.charge_kw * battery.charge_efficiency - flows.discharge_kw / battery.discharge_efficiency
    assert flows.stored_kwh == pytest.approx(stored_before_kwh + moved * step_hours, abs=1e-9)
    assert battery.min_kwh - 1e-9 <= flows.stored_kwh <= battery.max_kwh + 1e-9


@given(
    levels=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20),
    soc=st.floats(0, 1),
    seed=st.integers(0, 2**32),
)
def test_energy_balances_in_every_step_whatever_is_commanded(
    recording: Recording, levels: list[tuple[float, float]], soc: float, seed: int
) -> None:
    house = House(recording, step=5 * MINUTE, slot=SLOT, soc=soc, seed=seed)
    for index, (one, other) in enumerate(levels):
        charge_to, reserve = sorted((one, other))
        assert send(house, command(house.now, decision=str(index), charge_to=charge_to, reserve=reserve)) == [True]
        for _ in range(6):
            before_kwh = house.stored_kwh
            assert_balanced(house.step(), before_kwh, recording.home.battery, step_hours=1 / 12)


def test_the_day_keeps_its_energy_and_the_meters_agree(recording: Recording) -> None:
    house = house_of(recording)
    lived = steps(house, 288)
    assert house.finished
    assert house.now == recording.end
    readings = house.readings()
    assert readings["load_energy"] == pytest.approx(recording.load_kw.sum(), abs=1e-9)
    curtailed_kwh = sum(float(step.flows.curtailed_kw) for step in lived) / 12
    assert readings["pv_energy"] == pytest.approx(recording.pv_kw.sum() - curtailed_kwh, abs=1e-9)
    imported_kwh = sum(float(step.flows.grid_import_kw) for step in lived) / 12
    assert readings["grid_import_energy"] == pytest.approx(imported_kwh, abs=1e-9)


def test_published_powers_balance_even_while_the_sun_is_curtailed(recording: Recording) -> None:
    house = house_of(replace(recording, pv_kw=np.full(24, 4.0)), soc=1.0)
    curtailed = 0.0
    for _ in range(50):
        curtailed += float(house.step().flows.curtailed_kw)
        now = house.readings()
        assert now["load_power"] == pytest.approx(now["pv_power"] + now["grid_power"] + now["battery_power"], abs=1e-9)
    assert curtailed > 0


def test_before_its_first_step_the_house_shows_a_plausible_instant(recording: Recording) -> None:
    house = house_of(recording)
    readings = house.readings()
    assert readings["load_power"] > 0
    assert readings["battery_power"] == pytest.approx(readings["load_power"])
    assert readings["battery_soc"] == 50
    assert readings["outdoor_temperature"] == 5.0
    assert readings["load_energy"] == 0
    assert house.stored_kwh == 3.2


def test_the_published_price_is_the_one_that_starts_now(recording: Recording) -> None:
    house = house_of(recording)
    lived = steps(house, 18 * 12)
    assert lived[-1].import_price == 0.2
    assert house.readings()["price_import"] == 0.5


def test_levels_are_followed_slot_by_slot_and_then_the_house_helps_itself(recording: Recording) -> None:
    house = house_of(recording)
    charge_then_hold = command(house.now, charge_to=0.8, reserve=0.8)
    assert send(house, charge_then_hold) == [True]
    scheduled, alone = steps(house, 12), steps(house, 12)
    assert scheduled[0].mode == Mode.CHARGE
    assert scheduled[-1].mode == Mode.HOLD
    assert scheduled[-1].soc == pytest.approx(0.8)
    assert {step.decision_id for step in scheduled} == {"d-1"}
    assert {(step.mode, step.decision_id) for step in alone} == {(Mode.SELF_CONSUMPTION, None)}
    assert alone[-1].soc < 0.8


def test_a_release_returns_to_self_consumption_at_once(recording: Recording) -> None:
    house = house_of(recording)
    send(house, command(house.now, reserve=0.9))
    assert house.step().mode == Mode.HOLD
    release = ReleaseCommand(
        decision_id="d-2",
        valid_from=house.now,
        valid_until=house.now + SLOT,
        reason_code="asked",
        reason="the household asked for it",
    )
    assert send(house, release) == [True]
    after = house.step()
    assert (after.mode, after.decision_id) == (Mode.SELF_CONSUMPTION, None)
    assert float(after.flows.discharge_kw) > 0


def test_the_answer_names_the_decision_and_what_it_means_now(recording: Recording) -> None:
    house = house_of(recording)
    answer = house.obey(command(house.now, charge_to=0.9, reserve=0.9).model_dump_json().encode(), retained=False)
    assert (answer.decision_id, answer.accepted, answer.mode, answer.time) == ("d-1", True, Mode.CHARGE, house.now)
    assert answer.detail == "in force until 2017-01-10T01:00:00+00:00"


def test_a_command_delivered_twice_is_accepted_twice_and_changes_nothing(recording: Recording) -> None:
    house = house_of(recording)
    same = command(house.now, reserve=0.9)
    assert send(house, same, same) == [True, True]
    assert house.levels.reserve_soc == 0.9


def spoiled(valid: BatteryCommand, **changes: Any) -> bytes:
    content = json.loads(valid.model_dump_json()) | changes
    return json.dumps({key: value for key, value in content.items() if value is not None}).encode()


START = datetime.fromisoformat("2017-01-10T00:00:00+00:00")
SOUND = command(START)
SLOT_OF_137_PERCENT = {"start": "2017-01-10T00:00:00Z", "end": "2017-01-10T01:00:00Z", "reserve_soc": 1.37}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"", "Invalid JSON"),
        (b"charge now", "Invalid JSON"),
        (b"\xff\xfe\x00", "Invalid JSON"),
        (b"NaN", "should be.*object"),
        (b"[" * 50_000, "Invalid JSON: recursion limit"),
        (b" " * 1_000_000, "1000000 bytes: commands end at 131072 bytes"),
        (spoiled(SOUND, mode="panic"), "mode: .*'panic'"),
        (spoiled(SOUND, kind="toaster"), "toaster"),
        (spoiled(SOUND, kind=None), "Unable to extract tag"),
        (spoiled(SOUND, watts=3000), "watts: .*3000"),
        (spoiled(SOUND, slots=[]), "slots: .*at least 1"),
        (spoiled(SOUND, slots=[SLOT_OF_137_PERCENT]), "reserve_soc: .*1.37"),
        (spoiled(SOUND, valid_until="2017-01-10T00:15:00Z"), "not valid_from to valid_until"),
        (spoiled(SOUND, valid_from="2017-01-10T00:00:00"), "valid_from: .*timezone"),
        (spoiled(SOUND, decision_id="x" * 65), "decision_id: .*at most 64"),
        (command(START - 2 * SLOT).model_dump_json().encode(), "expired at 2017-01-10T00:00:00"),
        (command(START + 365 * 24 * SLOT).model_dump_json().encode(), "starts at .*send it when it starts"),
    ],
)
def test_a_hostile_command_is_refused_with_a_reason_and_the_house_lives(
    recording: Recording, payload: bytes, expected: str
) -> None:
    house = house_of(recording)
    before = house.levels
    answer = house.obey(payload, retained=False)
    assert not answer.accepted
    assert answer.mode == Mode.SELF_CONSUMPTION
    assert re.search(expected, answer.detail)
    assert len(answer.detail) < 400
    assert house.levels == before
    assert house.step().mode == Mode.SELF_CONSUMPTION
    assert send(house, command(house.now, decision="next")) == [True]


def test_a_retained_command_is_refused(recording: Recording) -> None:
    house = house_of(recording)
    answer = house.obey(SOUND.model_dump_json().encode(), retained=True)
    assert (answer.accepted, answer.decision_id) == (False, "d-1")
    assert "without the retain flag" in answer.detail


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (command(START, decision="d-0", slots=4), "older than decision 'd-1'"),
        (command(START + SLOT, decision="d-1", slots=4), "'d-1' already said something else"),
    ],
    ids=["an older decision", "another content under the same name"],
)
def test_a_command_that_is_not_newer_is_refused(recording: Recording, late: BatteryCommand, expected: str) -> None:
    house = house_of(recording)
    steps(house, 6)
    assert send(house, command(house.now, reserve=0.9)) == [True]
    answer = house.obey(late.model_dump_json().encode(), retained=False)
    assert not answer.accepted
    assert expected in answer.detail
    assert house.levels.reserve_soc == 0.9


def test_a_second_thought_within_the_slot_replaces_the_first(recording: Recording) -> None:
    house = house_of(recording)
    assert send(house, command(house.now, reserve=0.9), command(house.now, decision="d-2", reserve=0.3)) == [True, True]
    assert house.levels.reserve_soc == 0.3


@pytest.mark.parametrize(
    ("step_minutes", "soc", "expected"),
    [
        (7, 0.5, "a step of 7 minutes does not divide the recording's step of 60 minutes"),
        (60, 0.5, "a step of 60 minutes does not divide the slot of 30 minutes"),
        (0, 0.5, "a step of 0 minutes"),
        (5, 1.2, "starting charge 1.2 is outside the battery's band: use 0.0 to 1.0"),
    ],
)
def test_impossible_settings_say_what_to_do(recording: Recording, step_minutes: int, soc: float, expected: str) -> None:
    with pytest.raises(SettingsError, match=expected):
        house_of(recording, soc=soc, step=step_minutes * MINUTE)


def test_a_home_without_a_battery_lives_too(recording: Recording) -> None:
    none = Battery(capacity_kwh=0, max_charge_kw=0, max_discharge_kw=0)
    house = house_of(replace(recording, home=recording.home.model_copy(update={"battery": none})), soc=0)
    steps(house, 288)
    assert house.readings()["battery_soc"] == 0


@pytest.mark.parametrize(
    ("facts", "levels", "expected"),
    [
        ({"max_soc": 0.9}, {"charge_to_soc": 1.0}, "charge_to_soc 1 is above the battery's 0.9"),
        ({}, {"max_charge_kw": 5.0}, "max_charge_kw 5 is above the battery's 3 kW"),
        ({"capacity_kwh": 0.0}, {"charge_to_soc": 0.5}, "charge_to_soc 0.5: this house has no battery"),
        ({"allow_grid_charging": False}, {"charge_to_soc": 0.5}, "charging from the grid is not allowed here"),
        ({}, {"export_to_soc": 0.9}, "export_to_soc 0.9: selling from the battery is not allowed here"),
    ],
)
def test_what_the_inverter_cannot_do_is_answered_so_and_changes_nothing(
    recording: Recording, facts: dict[str, Any], levels: dict[str, float], expected: str
) -> None:
    home = recording.home
    of_grid = {name: fact for name, fact in facts.items() if name.startswith("allow")}
    of_battery = {name: fact for name, fact in facts.items() if name not in of_grid}
    parts = {"grid": home.grid.model_copy(update=of_grid), "battery": home.battery.model_copy(update=of_battery)}
    home = home.model_copy(update=parts)
    house = house_of(replace(recording, home=home))
    reserve = max(levels.get("charge_to_soc", 0.0), 0.1)
    slot = SlotLevels(start=house.now, end=house.now + SLOT, reserve_soc=reserve, **levels)
    result = command(house.now, slots=1).model_copy(update={"slots": (slot,)})
    answer = house.obey(result.model_dump_json().encode(), retained=False)
    assert (answer.accepted, answer.decision_id) == (False, result.decision_id)
    assert expected in answer.detail
    assert house.levels == SELF_CONSUMPTION
    assert house.step().decision_id is None


PAIR = [
    {"name": "garage", "capacity_kwh": 8, "max_charge_kw": 4, "max_discharge_kw": 4},
    {"name": "cellar", "capacity_kwh": 3, "max_charge_kw": 1.2, "max_discharge_kw": 2, "charge_efficiency": 0.9},
]


def with_two(recording: Recording, **socs: float) -> House:
    facts = recording.home.model_dump(exclude={"battery"}) | {"batteries": PAIR}
    return House(replace(recording, home=Home.model_validate(facts)), step=5 * MINUTE, slot=SLOT, soc=socs, seed=7)


def test_two_batteries_obey_by_name_balance_and_would_charge_each_other_if_they_were_told_to(
    recording: Recording,
) -> None:
    house = with_two(recording, garage=0.2, cellar=0.9)
    told = house.obey(
        command(house.now, charge_to=0.9, reserve=0.9).model_dump_json().encode(), retained=False, battery="garage"
    )
    assert told.accepted, told.detail
    before = {name: one.stored_kwh for name, one in house.batteries.items()}
    step = house.step()
    assert step.batteries["garage"][1] == pytest.approx(-4)
    # Nothing but a command keeps the other, which follows the meter, from emptying into it.
    assert step.batteries["cellar"][1] == pytest.approx(2)
    flows, hours = step.flows, 1 / 12
    brought = flows.pv_kw + flows.grid_import_kw + flows.discharge_kw
    assert brought == pytest.approx(flows.load_kw + flows.grid_export_kw + flows.charge_kw + flows.curtailed_kw)
    gained = {name: one.stored_kwh - before[name] for name, one in house.batteries.items()}
    assert gained["garage"] == pytest.approx(4 * 0.95 * hours)
    assert gained["cellar"] == pytest.approx(-2 / 0.95 * hours)
    readings = house.readings()
    assert readings["battery_power_cellar"] == pytest.approx(2)
    assert readings["battery_power"] == pytest.approx(-2)
    # The same part again, with a later beginning, is no contradiction; a battery that is not there is said.
    again = house.obey(command(house.now, reserve=0.5).model_dump_json().encode(), retained=False, battery="garage")
    assert again.accepted, again.detail
    assert "there are garage, cellar" in house.obey(b"{}", retained=False, battery="attic").detail
    with pytest.raises(SettingsError, match="starting charge None of 'cellar'"):
        with_two(recording, garage=0.2)
