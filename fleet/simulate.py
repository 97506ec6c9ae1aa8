"""Many simulated houses in one process: they publish what a site's bridge would, and obey what comes back."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from threading import Event

import numpy as np

from fleet.addresses import COMMAND, ROOT, FleetHome, HomeTopic
from fleet.home_state import CLOCK, PV_FORECAST, STEP
from ingest.live.snapshot import QUANTITY
from simulator.house.house import House
from simulator.house.recording import Recording
from simulator.synthetic.home import live, record
from simulator.synthetic.presets import PRESETS, preset
from transport.discovery import house_sensors
from transport.durable import DurableLink
from transport.mqtt import BrokerAddress
from transport.payloads import Moment, PvForecast, state_json

# A household of each preset is lived once; homes of the same one differ in how much they use and where they begin.
_LEAST_USE, _MOST_USE = 0.6, 1.5
_BEGINS_SOC = 0.5
# Messages between two looks at what came back.
_LOOK_EVERY = 200


@dataclass(frozen=True, slots=True)
class FleetPace:
    """Simulated seconds a second (None: as fast as the broker takes it), and how often meters are read, at most."""

    speed: float | None = 1.0
    step: timedelta = timedelta(seconds=20)
    steps: int | None = None


@dataclass(slots=True)
class FleetCourse:
    """What came of it: messages, those of them that were readings, and what became of commands."""

    published: int = 0
    readings: int = 0
    obeyed: int = 0
    refused: int = 0


def simulated_fleet(
    number: int, *, shards: Sequence[str], days: int, seed: int = 1
) -> list[tuple[FleetHome, Recording]]:
    """Homes of every preset, and so of every climate, spread evenly over the shards; the same seed, the same fleet."""
    kinds = sorted(PRESETS)[:number]
    lived = {kind: record(live(preset(kind), seed=seed, days=days)) for kind in kinds}
    rng = np.random.default_rng(seed)
    fleet = []
    for at in range(number):
        kind = kinds[at % len(kinds)]
        home = lived[kind].home.model_copy(update={"name": f"{kind}-{at:05d}"})
        used = float(rng.uniform(_LEAST_USE, _MOST_USE))
        recording = replace(lived[kind], home=home, load_kw=lived[kind].load_kw * used)
        fleet.append((FleetHome(shard=shards[at % len(shards)], home=home, act=True), recording))
    return fleet


class SimulatedHome:
    """One house on its topics."""

    def __init__(self, home: FleetHome, recording: Recording, step: timedelta, seed: int) -> None:
        battery = home.home.battery
        soc = min(max(_BEGINS_SOC, battery.min_soc), battery.max_soc)
        self.house = House(recording, step=step, slot=STEP, soc=soc, seed=seed)
        self._address = HomeTopic(home.shard, home.home.name, "")
        known = self.house.readings()
        self._units = {
            one.name: one.unit or ""
            for one in house_sensors(home.home.currency)
            if one.name in QUANTITY and one.name in known
        }

    @property
    def readings(self) -> int:
        """How many meters it shows."""
        return len(self._units)

    def messages(self) -> list[tuple[str, bytes | str]]:
        """What it publishes now: the clock comes last, so that who hears it has everything."""
        now, readings = self.house.now, self.house.readings()
        found: list[tuple[str, bytes | str]] = [
            (self._topic(f"house/{name}"), state_json(readings[name], unit, now)) for name, unit in self._units.items()
        ]
        if self.house.at_slot_boundary and (values := self.house.recording.forecast_from(now, STEP)):
            minutes = STEP // timedelta(minutes=1)
            forecast = PvForecast(time=now, step_minutes=minutes, start=now, values_kw=values)
            found.append((self._topic(PV_FORECAST), forecast.model_dump_json()))
        return [*found, (self._topic(CLOCK), Moment(time=now).model_dump_json())]

    def _topic(self, name: str) -> str:
        return str(replace(self._address, name=name))


def play(
    fleet: Sequence[tuple[FleetHome, Recording]],
    broker: BrokerAddress,
    pace: FleetPace,
    stop: Event,
    *,
    progress: Callable[[FleetCourse], None] = lambda _: None,
) -> FleetCourse:
    """Play all homes to the end of their recordings, or until asked to stop.

    Raises:
        TransportError: the broker cannot be reached at first.
    """
    homes = {
        home.home.name: SimulatedHome(home, recording, pace.step, seed) for seed, (home, recording) in enumerate(fleet)
    }
    played = FleetCourse()
    with DurableLink(broker, "fleet-simulator", f"{ROOT}/+/+/{COMMAND}") as link:
        due, steps = time.monotonic(), count() if pace.steps is None else iter(range(pace.steps))
        while not stop.is_set() and (left := [one for one in homes.values() if not one.house.finished]):
            if next(steps, None) is None:
                break
            due = max(due, time.monotonic()) + (pace.step.total_seconds() / pace.speed if pace.speed else 0.0)
            for home in left:
                for topic, payload in home.messages():
                    link.publish(topic, payload)
                    played.published += 1
                played.readings += home.readings
                home.house.step()
                if not played.published % _LOOK_EVERY:
                    _obey(link, homes, played)
            progress(played)
            while (wait_s := due - time.monotonic()) > 0 and not stop.is_set():
                _obey(link, homes, played, min(wait_s, 0.2))
        link.flush(60.0)
        _obey(link, homes, played)
    return played


def _obey(link: DurableLink, homes: dict[str, SimulatedHome], played: FleetCourse, timeout_s: float = 0.001) -> None:
    received = link.take(500, timeout_s)
    for one in received:
        topic = HomeTopic.parse(one.topic)
        if topic is not None and topic.home in homes:
            answer = homes[topic.home].house.obey(one.payload, retained=False)
            played.obeyed += answer.accepted
            played.refused += not answer.accepted
    link.confirm(received)
