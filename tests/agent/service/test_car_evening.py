"""A car that nobody planned charges for an evening: its charger is measured, and the battery is kept out of it."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest

from agent.__main__ import control_panel
from agent.decision.decide import Situation
from agent.decision.journal import Journal, open_journal
from agent.decision.replay import export, replay
from agent.queries import Sources
from agent.queries.advice import status
from agent.service.loop import Parts, Service
from agent.settings import ServiceSettings, Settings
from energy.commands import SELF_CONSUMPTION, BatteryCommand, read_command
from energy.devices import Car
from energy.flows import Flows, step_house
from energy.guard import Policy
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from knowledge.notes import notes_of
from knowledge.store import DayStore
from tests.agent.service.fixed_recall import FixedRecall
from tests.agent.service.test_evcc_days import Wire
from transport.mqtt import Message, MqttLink
from transport.topics import Topics

TOPICS, STEP = Topics("test"), timedelta(minutes=5)
CAR_KW, COMES_H, LEAVES_H = 7.2, 19.1, 21.6
CAR = Car(name="car", from_hour=18, ready_by_hour=7, max_kw=7.4, daily_kwh=15)


class Evening:
    """A house with a battery that obeys, and a charger that it measures."""

    def __init__(self, situation: Situation, journal: Journal, memory: Path, *, may_feed: bool) -> None:
        self.into_car_kwh, self.modes = 0.0, set[str]()
        self._home, self.now = situation.home, situation.now
        self._stored_kwh = 9.0
        self._command: BatteryCommand | None = None
        self._wire = Wire()
        settings = Settings(
            home_file=memory / "home.toml",
            memory_dir=memory,
            policy=Policy(discharge_into_car=may_feed),
            service=ServiceSettings(clock="house", slot_minutes=30, grace_s=0),
        )
        recall: Any = FixedRecall(list(situation.neighbours), dict(situation.shapes))
        notes = notes_of(memory, "test")
        parts = Parts(situation.home, recall, journal, None, "none", control_panel(settings), notes=notes)
        self._service, self._link = Service(settings, parts, Event()), cast("MqttLink", self._wire)
        self._service.take(Message(TOPICS.house_status, b"online", True), self._link)

    def say(self, note: str) -> None:
        for control, payload in (("note", note.encode()), ("confirm_note", b"PRESS")):
            self._service.take(Message(TOPICS.control_set(control), payload, False), self._link)

    def live(self, until: datetime) -> None:
        while self.now < until:
            self._step()
            self.now += STEP

    def _step(self) -> None:
        hour = self.now.astimezone(self._home.tz).hour + self.now.minute / 60
        car_kw = CAR_KW if COMES_H <= hour < LEAVES_H else 0.0
        house_kw = 0.5 + 0.01 * (self.now.minute % 7)
        flow = self._flow(house_kw + car_kw)
        for name, value, unit in (
            ("car_power", car_kw, "kW"),
            ("load_power", house_kw + car_kw, "kW"),
            ("pv_power", 0.0, "kW"),
            ("grid_power", float(flow.grid_import_kw) - float(flow.grid_export_kw), "kW"),
            ("battery_power", float(flow.discharge_kw) - float(flow.charge_kw), "kW"),
            ("battery_soc", 100 * self._stored_kwh / self._home.battery.capacity_kwh, "%"),
        ):
            payload = json.dumps({"value": round(value, 4), "unit": unit, "time": self.now.isoformat()})
            self._wire.publish(TOPICS.sensor(name), payload)
        self._wire.publish(TOPICS.clock, json.dumps({"time": self.now.isoformat()}))
        for message in self._wire.drain():
            self._service.take(message, self._link)
        self._service.work(self._link)
        for message in self._wire.drain():
            if message.topic == TOPICS.command:
                command = read_command(message.payload)
                self._command = command if isinstance(command, BatteryCommand) else None
                self.modes.add(self._command.mode.value if self._command else "released")
        flow = self._flow(house_kw + car_kw)
        self._stored_kwh = float(flow.stored_kwh)
        self.into_car_kwh += max(float(flow.discharge_kw) - house_kw, 0.0) * (STEP / timedelta(hours=1))

    def _flow(self, load_kw: float) -> Flows:
        levels = self._command.levels_at(self.now) if self._command else SELF_CONSUMPTION
        return step_house(
            load_kw,
            0.0,
            self._stored_kwh,
            levels=levels,
            battery=self._home.battery,
            grid=self._home.grid,
            hours=STEP / timedelta(hours=1),
        )


@pytest.fixture
def evening(home: Home, make_situation: Callable[..., Situation]) -> Situation:
    # Where every hour costs the same, nothing else keeps the battery out of the car.
    flat = home.model_copy(update={"tariff": FlatTariff(import_price=0.2), "devices": (CAR,)})
    return make_situation(home=flat, now=make_situation().now.replace(hour=17))


@pytest.mark.parametrize(
    ("may_feed", "note", "held"),
    [
        (False, "", True),
        (True, "", False),
        (True, "don't use the battery for the car until tomorrow at 8", True),
    ],
)
def test_an_unplanned_car_is_kept_out_of_the_battery_and_out_of_the_load(
    evening: Situation, tmp_path: Path, *, may_feed: bool, note: str, held: bool
) -> None:
    with open_journal(tmp_path / "journal.sqlite") as journal:
        lived = Evening(evening, journal, tmp_path, may_feed=may_feed)
        lived.live(evening.now + STEP)
        if note:
            lived.say(note)
        lived.live(evening.now + timedelta(hours=6))
        measured = journal.measured("test", evening.now, lived.now)
        decisions = journal.decisions("test")
        charging = next(one for one in decisions if one.snapshot is not None and one.snapshot.car_kw)
        told = status(Sources(evening.home, DayStore(tmp_path / "days"), journal), now=lived.now, at=charging.at)
    assert lived.into_car_kwh == pytest.approx(0, abs=0.01) if held else lived.into_car_kwh > 3
    assert max(slot.load_kw for slot in measured) < 0.6
    assert sum(slot.devices_kw or 0.0 for slot in measured) / 2 == pytest.approx(CAR_KW * 2.5, abs=0.7)
    holding = [one for one in decisions if one.reason_code == "hold_for_car"]
    assert bool(holding) == held
    assert lived.modes == ({"self_consumption", "hold"} if held else {"self_consumption"})
    assert told.facts["car_kw"] == CAR_KW
    for one in holding[:2]:
        assert "a car is charging at 7.2 kW" in one.reason
        assert replay(export(one, anonymous=False)).differences == ()
    # It is let go again within a slot of the car's end.
    assert decisions[-1].reason_code == "follow_house"
    local = [one.at.astimezone(evening.home.tz) for one in holding]
    assert not local or max(at.hour + at.minute / 60 for at in local) < LEAVES_H + 0.5
