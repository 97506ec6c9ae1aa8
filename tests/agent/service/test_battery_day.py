"""A day of a house with two batteries on a real broker: commanded by the real service, they never charge each other."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest

from agent.__main__ import control_panel
from agent.decision.decide import Situation
from agent.decision.journal import open_journal
from agent.service.loop import Parts, Service
from agent.settings import MqttSettings, ServiceSettings, Settings
from energy.battery import NamedBattery
from energy.home import Grid, Home
from energy.pricing.tariff import DynamicTariff
from simulator.house.house import House
from simulator.house.recording import Recording
from simulator.house.sensors import Fault, SensorQuality
from simulator.service import HouseService, Pace
from tests.agent.service.fixed_recall import FixedRecall
from transport.mqtt import BrokerAddress, MqttLink
from transport.topics import Topics

SLOT, HOUR = timedelta(minutes=30), timedelta(hours=1)
TOPICS = Topics("test")
GARAGE = NamedBattery(name="garage", capacity_kwh=8, max_charge_kw=4, max_discharge_kw=4, min_soc=0.1)
CELLAR = NamedBattery(name="cellar", capacity_kwh=3, max_charge_kw=1.2, max_discharge_kw=2, charge_efficiency=0.9)
NOTHING_KW = 1e-6


def played(start: datetime, hours: int) -> Recording:
    """Cheap nights, a clear noon, and an evening in which selling pays more than buying ever costs."""
    hour = (start.hour + 1 + np.arange(hours)) % 24
    load_kw = 0.5 + 1.8 * np.exp(-((hour - 20) ** 2) / 5) + 0.6 * np.exp(-((hour - 8) ** 2) / 2)
    pv_kw = 4.5 * np.maximum(np.sin((hour - 9) / 8 * np.pi), 0) * ((hour > 9) & (hour < 17))
    days = (np.arange(24 * 4) + 1) % 24
    night, evening = days < 6, (days >= 19) & (days < 22)
    tariff = DynamicTariff(
        start=start.replace(hour=0) - timedelta(days=1),
        published_at_hour=None,
        import_prices=tuple(np.where(night, 0.06, np.where(evening, 0.35, 0.2)).tolist()),
        export_prices=tuple(np.where((days >= 19) & (days < 21), 0.45, 0.02).tolist()),
    )
    home = Home.model_validate(
        {
            "name": "test",
            "zone": "Europe/Madrid",
            "pv_peak_kw": 5,
            "batteries": [one.model_dump() for one in (GARAGE, CELLAR)],
            "grid": Grid(allow_battery_export=True, import_limit_kw=9).model_dump(),
            "tariff": tariff.model_dump(),
        }
    )
    prices = tariff.prices([start + at * HOUR for at in range(hours)], home.tz)
    sun = np.concatenate([pv_kw, pv_kw])
    return Recording(
        home, start, HOUR, load_kw, pv_kw, prices.import_per_kwh, prices.export_per_kwh, pv_forecast_kw=sun
    )


@dataclass
class Day:
    """What was lived, and what the advisor said meanwhile."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    said: list[tuple[str, Any]] = field(default_factory=list)

    def of(self, name: str) -> tuple[list[float], list[float]]:
        """Charge and power of a battery, step by step."""
        charges, powers = zip(*(step["batteries"][name] for step in self.steps), strict=True)
        return list(charges), list(powers)

    @property
    def decisions(self) -> list[Any]:
        """Every decision."""
        return [body for topic, body in self.said if topic == TOPICS.decision]

    def states(self, name: str) -> list[Any]:
        """How the advisor said that a battery stands, each time that changed."""
        return [body[name] for topic, body in self.said if topic == TOPICS.batteries]


@contextmanager
def advised(broker: BrokerAddress, home: Home, folder: Path, situation: Situation) -> Iterator[None]:
    settings = Settings(
        home_file=folder / "home.toml",
        memory_dir=folder,
        mqtt=MqttSettings(host=broker.host, port=broker.port),
        service=ServiceSettings(clock="house", slot_minutes=30, grace_s=0.3),
    )
    stop = Event()

    def work() -> None:
        with open_journal(folder / "journal.sqlite") as journal:
            recall: Any = FixedRecall(list(situation.neighbours), situation.shapes)
            parts = Parts(home, recall, journal, None, "none", control_panel(settings))
            Service(settings, parts, stop).run()

    with MqttLink(broker, "stage") as link:
        link.subscribe(TOPICS.advisor_status)
        service = Thread(target=work, daemon=True)
        service.start()
        while (message := link.receive(20)) is not None and message.payload != b"online":
            pass
        try:
            yield
        finally:
            stop.set()
            service.join(20)
            assert not service.is_alive()


def live(  # noqa: PLR0913 (what a test may vary)
    broker: BrokerAddress,
    folder: Path,
    situation: Situation,
    *,
    hours: int,
    after: int = 0,
    soc: tuple[float, float] = (0.6, 0.15),
    faults: tuple[Fault, ...] = (),
    step: timedelta = timedelta(minutes=5),
) -> Day:
    recording, record, day = played(situation.now + after * HOUR, hours), io.StringIO(), Day()
    socs = dict(zip(("garage", "cellar"), soc, strict=True))
    house = House(recording, step=step, slot=SLOT, soc=socs, seed=7)
    with MqttLink(broker, "listener") as link, advised(broker, recording.home, folder, situation):
        link.subscribe(TOPICS.batteries, TOPICS.decision, TOPICS.health)
        quality = SensorQuality(faults=faults)
        HouseService(house, pace=Pace(patience_s=120), stop=Event(), record=record, quality=quality).run(broker)
        while (message := link.receive(0.5)) is not None:
            day.said.append((message.topic, json.loads(message.payload)))
    day.steps = [json.loads(line) for line in record.getvalue().splitlines()]
    return day


def crossings(day: Day) -> list[str]:
    """When one battery was charged while another was discharged."""
    return [
        f"{step['time']}: {step['batteries']}"
        for step in day.steps
        if min(power for _, power in step["batteries"].values()) < -NOTHING_KW
        and max(power for _, power in step["batteries"].values()) > NOTHING_KW
    ]


@pytest.mark.timeout(600)
def test_two_batteries_live_a_day_and_a_half_and_never_charge_each_other(
    broker: BrokerAddress, tmp_path: Path, make_situation: Callable[..., Situation]
) -> None:
    day = live(broker, tmp_path, make_situation(), hours=36)
    assert len(day.steps) == 36 * 12
    assert crossings(day) == []
    (garage, garage_kw), (cellar, cellar_kw) = day.of("garage"), day.of("cellar")
    exported_kw = [step["grid_export_kw"] for step in day.steps]
    imported_kw = [step["grid_import_kw"] for step in day.steps]
    # All that batteries do: bought for, filled by the sun, emptied into the house and into the grid.
    assert any(bought > 5 and min(pair) < -1 for bought, *pair in zip(imported_kw, garage_kw, cellar_kw, strict=True))
    assert any(step["pv_kw"] > 3 and one < -1 for step, one in zip(day.steps, garage_kw, strict=True))
    assert any(sold > 3 and min(pair) > 1 for sold, *pair in zip(exported_kw, garage_kw, cellar_kw, strict=True))
    # One is full before the other, one is empty before the other, and their commands are what they do.
    assert any(one > 0.999 and other < 0.5 for one, other in zip(garage, cellar, strict=True))
    assert any(one < 0.101 and other > 0.1 for one, other in zip(garage, cellar, strict=True))
    assert {state["mode"] for state in day.states("cellar")} >= {"charge", "discharge", "hold", "self_consumption"}
    assert any(state["confirmed"] for state in day.states("cellar"))
    assert all(state["confirmed"] is not False and not state["problem"] for state in day.states("garage"))
    assert {body["outcome"] for body in day.decisions} == {"published"}
    assert not any(body["command_problem"] for topic, body in day.said if topic == TOPICS.health)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("after", "soc", "does"),
    [(10, (0.9, 0.8), "discharge"), (20, (0.2, 0.1), "charge"), (1, (0.5, 0.4), "self_consumption")],
    ids=["while they sell", "while they buy", "between sun and clouds"],
)
def test_a_battery_that_stops_answering_is_let_go_and_charges_no_other(
    broker: BrokerAddress,
    tmp_path: Path,
    make_situation: Callable[..., Situation],
    after: int,
    soc: tuple[float, float],
    does: str,
) -> None:
    faults = tuple(
        Fault(sensor=f"battery_{what}_cellar", kind="dropout", after_hours=1.25, hours=0.9) for what in ("soc", "power")
    )
    day = live(
        broker, tmp_path, make_situation(), hours=3, after=after, soc=soc, faults=faults, step=timedelta(minutes=1)
    )
    assert crossings(day) == []
    garage, cellar = day.states("garage"), day.states("cellar")
    assert does in {state["mode"] for state in (*garage, *cellar)}
    silent = [at for at, state in enumerate(cellar) if "does not answer" in state["problem"]]
    assert silent
    for at in silent:
        assert (cellar[at]["charge"], cellar[at]["mode"]) == (None, None)
        assert garage[at]["mode"] not in {"charge", "discharge"}
    # The other goes on by a plan of its own, and afterwards both are commanded again.
    assert any(garage[at]["confirmed"] and garage[at]["mode"] for at in silent)
    assert (cellar[-1]["confirmed"], cellar[-1]["problem"]) == (True, "")
    assert {body["outcome"] for body in day.decisions} == {"published"}
