from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.decision.decide import Situation, decide
from agent.decision.devices import KnownDevices
from agent.decision.journal import open_journal
from agent.decision.record import Decision
from agent.decision.replan import scene_of
from agent.language.answers.ask import Asker
from agent.queries import Sources, battery_ahead, done, mode_ahead, outage, planned
from energy.commands import ClimateCommand, LoadCommand, Mode
from energy.constraints import Reserve
from energy.devices import Car, Deferrable, HeatPump
from energy.flows import step_house
from knowledge.store import DayStore
from transport.payloads import DeviceState


def test_the_charge_ahead_is_the_mean_of_the_futures_played_slot_by_slot(known: Any) -> None:
    decision = known.sources.decision()
    record, home = decision.ensemble, known.home
    stored = np.full(len(record.load_w), decision.snapshot.soc * home.battery.capacity_kwh)
    course = [float(stored.mean())]
    for at in range(len(record.import_prices)):
        start = record.start + at * timedelta(minutes=record.step_minutes)
        flow = step_house(
            np.array([row[at] for row in record.load_w]) / 1000,
            np.array([row[at] for row in record.pv_w]) / 1000,
            stored,
            levels=decision.command.levels_at(max(start, decision.at)),
            battery=home.battery,
            grid=home.grid,
            hours=0.5,
        )
        stored = np.asarray(flow.stored_kwh)
        course.append(float(stored.mean()))
    percents = np.array(course) * 10
    found = battery_ahead(known.sources, at=record.start + timedelta(hours=3))
    assert found.facts["lowest_percent"] == pytest.approx(percents.min())
    assert found.facts["highest_percent"] == pytest.approx(percents.max())
    assert found.facts["asked_percent"] == pytest.approx(percents[6])
    assert ("full_at" in found.facts) == bool((percents >= 99).any())
    assert ("empty_at" in found.facts) == bool((percents <= 1).any())


def test_what_was_done_is_every_change_of_mode_in_the_journal(known: Any) -> None:
    start = known.now - timedelta(hours=10)
    made = [one for one in known.journal.decisions("test") if start <= one.at < known.now]
    found = done(known.sources, start, known.now)
    changes = [one for at, one in enumerate(made) if at == 0 or one.command.mode != made[at - 1].command.mode]
    assert [row["mode"] for row in found.rows] == [one.command.mode for one in changes]
    assert [row["start"] for row in found.rows] == [one.at for one in changes]
    assert found.decisions == tuple(one.decision_id for one in changes)
    assert not done(known.sources, known.now - timedelta(days=9), known.now - timedelta(days=8)).known


@pytest.fixture
def furnished(known: Any, make_situation: Callable[..., Situation], tmp_path: Path) -> Any:
    """An asker over a house with a car, a dishwasher and a heat pump, and its only decision."""
    devices = (
        Car(name="car", max_kw=7, daily_kwh=9, from_hour=6, ready_by_hour=18),
        Deferrable(name="dishes", max_kw=1, run_hours=1.5, from_hour=6, ready_by_hour=20),
        HeatPump(
            name="heating",
            max_kw=2,
            air_kwh_per_k=1.4,
            mass_kwh_per_k=10,
            couple_kw_per_k=1.1,
            vent_kw_per_k=0.1,
            wall_kw_per_k=0.15,
        ),
    )
    home = known.home.model_copy(update={"devices": devices})
    now = make_situation().now
    common: dict[str, Any] = {"time": now, "follows": "programme", "power_kw": 0.0}
    ready = {"ready_by": now + timedelta(hours=10)} | common
    states = {
        "car": DeviceState(device="car", needed_kwh=9, **ready),
        "dishes": DeviceState(device="dishes", needed_kwh=1.5, **ready),
        "heating": DeviceState(device="heating", temperature_c=20.5, setpoint_c=20.5, **common),
    }
    told = KnownDevices(states, {"heating": 20.3}, np.full(48, 4.0))
    with open_journal(tmp_path / "journal.sqlite") as journal:
        decision = decide(make_situation(home=home, devices=told))
        journal.write(decision)
        yield Asker(Sources(home, DayStore(tmp_path / "days"), journal)), decision


def command_of(decision: Decision, kind: type) -> Any:
    return next(one for one in decision.device_commands if isinstance(one, kind))


@pytest.mark.parametrize("question", ["Should I turn the thermostat up now?", "¿Subo la calefacción ahora?"])
def test_the_thermostat_is_told_as_it_is_planned(furnished: Any, question: str) -> None:
    asker, decision = furnished
    answer = asker.answer(question, now=decision.at)
    planned = command_of(decision, ClimateCommand)
    assert answer.answered
    assert answer.decisions == (decision.decision_id,)
    assert float(answer.facts["setpoint_c"]) == planned.setpoint_c
    assert [float(answer.facts[f"setpoint_c_{at}"]) for at in range(1, len(planned.slots) + 1)] == [
        slot.setpoint_c for slot in planned.slots
    ]


@pytest.mark.parametrize(
    ("question", "device"),
    [("When should I charge the car?", "car"), ("¿Cuándo pongo el lavavajillas?", "dishes")],
)
def test_a_device_that_is_planned_is_told_with_its_plan(furnished: Any, question: str, device: str) -> None:
    asker, decision = furnished
    answer = asker.answer(question, now=decision.at)
    planned = next(one for one in decision.device_commands if isinstance(one, LoadCommand) and one.device == device)
    runs = [slot.power_kw for slot in planned.slots if slot.power_kw > 0]
    assert runs
    assert [float(answer.facts[f"run_kw_{at}"]) for at in range(1, len(runs) + 1)] == pytest.approx(runs, abs=0.005)


def test_figures_in_the_question_are_reckoned_even_where_a_device_is_planned(furnished: Any) -> None:
    asker, decision = furnished
    answer = asker.answer("When should I charge the car at 3 kW for 2 hours?", now=decision.at)
    assert answer.tools == ("best_start",)


def test_a_heat_pump_that_is_not_heard_is_said_so(known: Any, furnished: Any, tmp_path: Path) -> None:
    asker, decision = furnished
    with open_journal(tmp_path / "other.sqlite") as journal:
        journal.write(decision.model_copy(update={"device_commands": ()}))
        deaf = Asker(Sources(asker._sources.home, DayStore(tmp_path / "other"), journal))
        assert "has sent no state lately" in deaf.answer("Should I turn the thermostat up?", now=decision.at).text
    plain = known.asker.answer("Should I turn the thermostat up?", now=known.now)
    assert "no thermostat" in plain.text


def test_when_a_mode_comes_next_is_its_first_stretch_in_the_plan(known: Any) -> None:
    rows = planned(known.sources).rows
    for mode in Mode:
        found = mode_ahead(known.sources, mode)
        first = next((row for row in rows if row["mode"] == mode.value), None)
        if first is None:
            assert found.text == "plan.never"
        else:
            assert (found.facts["start"], found.facts["end"]) == (first["start"], first["end"])
            assert found.facts["final_percent"] == pytest.approx(first["final_percent"])
    assert {row["mode"] for row in rows} < {mode.value for mode in Mode}


def test_an_outage_lasts_until_the_first_future_s_sun_and_charge_are_gone(known: Any) -> None:
    found = outage(known.sources)
    scene = scene_of(known.sources.decision(), known.home)
    battery, lasts = known.home.battery, []
    for load_kw, pv_kw in zip(scene.ensemble.load_kw, scene.ensemble.pv_kw, strict=True):
        left_kwh, slots = scene.soc * battery.capacity_kwh, 0
        for need_kw in load_kw - pv_kw:
            can_kw = min(battery.max_discharge_kw, left_kwh * battery.discharge_efficiency * 2)
            if need_kw > can_kw + 0.001:
                break
            into = min(-need_kw, battery.max_charge_kw) * battery.charge_efficiency
            left_kwh += into / 2 if need_kw < 0 else -need_kw / battery.discharge_efficiency / 2
            left_kwh, slots = min(left_kwh, battery.max_soc * battery.capacity_kwh), slots + 1
        lasts.append(slots / 2)
    assert found.facts["mean_hours"] == pytest.approx(np.mean(lasts))
    assert (found.facts["least_hours"], found.facts["most_hours"]) == (min(lasts), max(lasts))


def test_wishes_are_told_in_the_language_of_the_question(known: Any, tmp_path: Path) -> None:
    decision = known.sources.decision()
    keep = Reserve(start=decision.at, end=decision.at + timedelta(hours=8), soc=0.6)
    with open_journal(tmp_path / "journal.sqlite") as journal:
        journal.write(decision.model_copy(update={"asked": (keep,)}))
        asker = Asker(Sources(known.home, DayStore(tmp_path / "days"), journal))
        assert "at least 60 % in the battery" in asker.answer("Which notes are active?", now=known.now).text
        assert "al menos un 60 % en la batería" in asker.answer("¿Qué notas hay?", now=known.now).text
    assert "No note was in force" in known.asker.answer("Did you follow my note?", now=known.now).text


def test_the_home_is_told_as_it_is_set(known: Any) -> None:
    text = known.asker.answer("What is the battery's capacity?", now=known.now).text
    assert "the battery holds 10.0 kWh" in text
    assert "it charges with up to 3.00 kW and discharges up to 3.00 kW" in text
