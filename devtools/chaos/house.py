"""A service without a broker: its messages are handed to it, and what it publishes is looked at."""

import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any, Literal

from agent.__main__ import control_panel
from agent.decision.controls import Acting
from agent.decision.journal import Journal, open_journal
from agent.decision.recall import Recall
from agent.service.loop import Parts, Service
from agent.settings import ServiceSettings, Settings
from energy.battery import Battery
from energy.commands import BatteryCommand, ReleaseCommand, read_command
from energy.devices import Car
from energy.home import Grid, Home
from energy.pricing.tariff import PresetTariff
from ingest.live.mapping import MappedRole, SensorSource
from knowledge.notes import notes_of
from knowledge.store import DayStore
from transport.mqtt import Message
from transport.topics import Topics

SLOT = timedelta(minutes=15)
BEGIN = datetime(2026, 1, 14, 7, tzinfo=UTC)
HOME = Home(
    name="chaos",
    zone="Europe/Madrid",
    pv_peak_kw=4,
    battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3, min_soc=0.1, max_soc=0.95),
    grid=Grid(import_limit_kw=9.2, export_limit_kw=5, allow_grid_charging=True),
    tariff=PresetTariff(name="es-2.0td"),
    devices=(Car(name="car", max_kw=7, daily_kwh=9, from_hour=22, ready_by_hour=7),),
)
MAPPED: dict[MappedRole, SensorSource] = {
    "pv_power": SensorSource(topic="statestream/sensor/pv/state", unit="W"),
    "load_power": SensorSource(topic="statestream/sensor/load/state", unit="W"),
    "battery_soc": SensorSource(topic="statestream/sensor/soc/state", unit="%"),
    "pv_forecast": SensorSource(topic="statestream/sensor/forecast/state", unit="kW", path="a"),
}


@dataclass
class Link:
    """What a broker would have been told."""

    connected: bool = True
    commands: list[bytes] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes | str, *, retain: bool = False, qos: int = 0) -> None:
        """Keep commands and decisions; all else is of no interest here."""
        del qos, retain
        raw = payload.encode() if isinstance(payload, str) else payload
        if topic == Topics(HOME.name).command:
            self.commands.append(raw)
        elif topic == Topics(HOME.name).decision:
            self.decisions.append(json.loads(raw))


class ChaosBench:
    """A service of the chaos home with a clock that is set by hand."""

    def __init__(self, memory: Path, clock: Literal["house", "wall"], stack: ExitStack) -> None:
        self.now, self.clock, self.link, self.topics = BEGIN, clock, Link(), Topics(HOME.name)
        settings = Settings(
            home_file=memory / "home.toml",
            memory_dir=memory,
            service=ServiceSettings(clock=clock, slot_minutes=15, grace_s=0, acting=Acting.ACT),
            sensors=MAPPED if clock == "wall" else {},
        )
        self.journal: Journal = stack.enter_context(open_journal(memory / "journal.sqlite"))
        store = DayStore(memory / "days")
        self.recall = Recall(HOME, store, None, SLOT)
        parts = Parts(
            HOME, self.recall, self.journal, None, "none", control_panel(settings), notes=notes_of(memory, HOME.name)
        )
        self.service = Service(settings, parts, Event())
        if clock == "wall":
            # The wall clock of this house is ours.
            self.service._feed.now = lambda: self.now  # type: ignore[method-assign]  # noqa: SLF001 (as above)
        else:
            self.say(self.topics.house_status, b"online")

    def say(self, topic: str, payload: bytes, *, retained: bool = False) -> None:
        """Hand a message to the service, and let it do what is due."""
        self.service.take(Message(topic, payload, retained), self.link)  # type: ignore[arg-type]

    def work(self) -> None:
        """Let it do what is due."""
        self.service.work(self.link)  # type: ignore[arg-type]

    def live(self, step: timedelta = SLOT, *, soc: float = 0.5) -> None:
        """Let time pass and say what a house in order says; then a decision is due."""
        self.now += step
        load_kw, soc = 0.6 + self.now.minute / 1000, soc + self.now.hour / 1000
        if self.clock == "wall":
            for name, value in (("pv", 0), ("load", load_kw * 1000), ("soc", soc * 100)):
                self.say(f"statestream/sensor/{name}/state", f"{value:.3f}".encode())
        else:
            for name, value, unit in (
                ("load_power", load_kw, "kW"),
                ("pv_power", 0, "kW"),
                ("battery_soc", soc, "fraction"),
            ):
                payload = {"value": value, "unit": unit, "time": self.now.isoformat()}
                self.say(self.topics.sensor(name), json.dumps(payload).encode())
            self.say(self.topics.clock, json.dumps({"time": self.now.isoformat()}).encode())
        self.work()

    def act(self) -> None:
        """Let the advisor act again, whatever was turned."""
        for name, value in (("acting", b"act"), ("reserve", b"0"), ("respect", b"0"), ("allow_grid_charging", b"ON")):
            self.say(self.topics.control_set(name), value)

    @property
    def caught(self) -> int:
        """How many faults its net has caught."""
        return self.service._net.caught  # noqa: SLF001 (the bench looks inside)

    def first_fault(self) -> str:
        """What was caught last."""
        return self.service._net.last  # noqa: SLF001 (the bench looks inside)


def unsafe(payload: bytes, home: Home = HOME) -> str:
    """Why a published command must not go out to a home; empty if it may."""
    try:
        command = read_command(payload)
    except ValueError as err:
        return f"no command at all: {err}"
    if isinstance(command, ReleaseCommand):
        return ""
    return next((fault for fault in _faults(command, home)), "")


def _faults(command: BatteryCommand, home: Home) -> list[str]:
    battery = home.battery
    found = []
    for slot in command.slots:
        if slot.reserve_soc < battery.min_soc:
            found.append(f"reserve {slot.reserve_soc} below the least charge")
        if slot.charge_to_soc > battery.max_soc + 0.001:
            found.append(f"charge to {slot.charge_to_soc}, above the most")
        if slot.export_to_soc is not None and not home.grid.allow_battery_export:
            found.append("sells from the battery, which this home forbids")
    if command.valid_until - command.valid_from > timedelta(hours=48):
        found.append("reaches further than two days")
    return found
