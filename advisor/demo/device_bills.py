"""What a house with devices would have cost if they ran as they pleased, and at best."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from energy.billing.bills import Bills, Floats
from energy.billing.ledger import credit_per_kwh, total
from energy.devices import Deferrable, HeatPump, heat_pump_cop
from energy.flows import Flows
from energy.home import Home
from energy.planning.dispatch import Task, Zone, dispatch
from energy.planning.planner import Ensemble
from energy.pricing.tariff import Prices
from energy.rules import no_battery
from simulator.house.devices import HEAT_OF_LOAD, WaitingLoad
from simulator.house.house import House, StepRecord
from simulator.house.recording import Recording

_LONGEST_S = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class DeviceHistory:
    """How a house was lived in: its flows, what each device took in kWh, and air and walls of each zone in °C."""

    flows: Flows
    energy_kwh: dict[str, float]
    zones_c: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Stage:
    """What is the same however a house is run: what it plays, at which step, from which charge, by which seed."""

    recording: Recording
    step: timedelta
    slot: timedelta
    soc: float
    seed: int

    @property
    def hours(self) -> float:
        """Length of a step."""
        return self.step / timedelta(hours=1)

    def house(self, home: Home | None = None) -> House:
        """The house at its beginning, or the same with other facts."""
        recording = self.recording if home is None else replace(self.recording, home=home)
        return House(recording, step=self.step, slot=self.slot, soc=self.soc, seed=self.seed)


@dataclass(frozen=True, slots=True)
class DeviceBills:
    """Bills as those of a house without devices, and what the devices took and how cold it was, planned and alone."""

    bills: Bills
    planned_kwh: dict[str, float]
    alone_kwh: dict[str, float]
    planned_cold_k_h: float
    alone_cold_k_h: float
    planned_mean_c: float | None
    alone_mean_c: float | None

    def as_dict(self) -> dict[str, object]:
        """What `--json` says of it."""
        return {
            "kwh": {name: round(kwh, 3) for name, kwh in self.planned_kwh.items()},
            "kwh_alone": {name: round(kwh, 3) for name, kwh in self.alone_kwh.items()},
            "too_cold_k_h": round(self.planned_cold_k_h, 3),
            "too_cold_k_h_alone": round(self.alone_cold_k_h, 3),
            "mean_c": self.planned_mean_c and round(self.planned_mean_c, 2),
            "mean_c_alone": self.alone_mean_c and round(self.alone_mean_c, 2),
        }


def device_bills(played: DeviceHistory, stage: Stage) -> DeviceBills:
    """Price what was played, and the same house left alone; all of them for the same needs.

    Bills are less the value of what is left in the battery and in the walls; energy that a device still lacks against
    the house left alone is bought at the mean price.
    """
    home, alone_house = stage.recording.home, stage.house()
    alone = live_alone(alone_house)
    bare_home = no_battery(home)
    bare = live_alone(stage.house(bare_home))
    prices = _prices(stage)
    account = total(
        played.flows, prices, battery=home.battery, hours=stage.hours, start_kwh=stage.soc * home.battery.capacity_kwh
    )
    bills = Bills(
        none=_cost(bare, alone, bare_home, stage),
        greedy=_cost(alone, alone, home, stage),
        advisor=_cost(played, alone, home, stage),
        oracle=bound(stage),
        balance_error_kwh=account.balance_error_kwh,
        ledger=account,
    )
    return DeviceBills(
        bills,
        played.energy_kwh,
        alone.energy_kwh,
        _cold(played, stage),
        _cold(alone, stage),
        _mean_c(played),
        _mean_c(alone),
    )


def live_alone(house: House) -> DeviceHistory:
    """A house that nobody commands: plain self-consumption, and every device on its own programme."""
    steps = []
    while not house.finished:
        steps.append(house.step())
    return lived(steps, house.step_length / timedelta(hours=1))


def lived(steps: Sequence[StepRecord], hours: float) -> DeviceHistory:
    """Join the steps of a house."""
    names = Flows.__dataclass_fields__
    flows = Flows(
        **{name: np.array([float(np.asarray(getattr(step.flows, name))) for step in steps]) for name in names}
    )
    taken = {name: hours * sum(step.devices_kw[name] for step in steps) for name in steps[0].devices_kw}
    zones = {name: np.array([step.zones_c[name] for step in steps]) for name in steps[0].zones_c}
    return DeviceHistory(flows, taken, zones)


def bound(stage: Stage) -> float:
    """Least cost with everything known, devices and battery together: one relaxed linear programme of all steps."""
    house, home = stage.house(), stage.recording.home
    prices = _prices(stage)
    ensemble = Ensemble(house.base_load_kw[None], house.sun_kw[None], prices, stage.hours)
    stored_kwh = stage.soc * home.battery.capacity_kwh
    best = dispatch(
        ensemble,
        home,
        stored_kwh,
        tasks=_tasks(house, stage),
        zones=_zones(house, stage),
        relaxed=True,
        longest_s=_LONGEST_S,
    )
    if best is None:
        return float("nan")
    credit = credit_per_kwh(prices, home.battery)
    start_heat = sum(_heat_kwh(device, np.full(2, device.usual_c)) for device in _pumps(home))
    return best.cost + credit * stored_kwh + _heat_worth(stage) * start_heat


def _tasks(house: House, stage: Stage) -> list[Task]:
    tasks = []
    for device in house.devices.values():
        if not isinstance(device, WaitingLoad):
            continue
        for opens, closes, need_kwh in device.sessions(stage.recording.end):
            first = max((opens - stage.recording.start) // stage.step, 0)
            last = min((closes - stage.recording.start) // stage.step, len(house.base_load_kw))
            block = round(device.device.run_hours / stage.hours) if isinstance(device.device, Deferrable) else 0
            if last - first >= max(block, 1):
                tasks.append(Task(device.name, first, last, need_kwh, device.device.max_kw, block))
    return tasks


def _zones(house: House, stage: Stage) -> list[Zone]:
    outdoor_c = house.outdoor_c
    return [
        Zone(
            device=device.name,
            air_c=device.usual_c,
            mass_c=device.usual_c,
            heat_per_kwh=heat_pump_cop(outdoor_c, device.supply_c),
            outdoor_c=outdoor_c,
            **device.model_dump(exclude={"name", "kind", "usual_c", "supply_c", "gain_kw"}),
            gain_kw=device.gain_kw + HEAT_OF_LOAD * house.base_load_kw,
        )
        for device in _pumps(stage.recording.home)
    ]


def _cost(run: DeviceHistory, alone: DeviceHistory, home: Home, stage: Stage) -> float:
    prices, start_kwh = _prices(stage), stage.soc * home.battery.capacity_kwh
    ledger = total(run.flows, prices, battery=home.battery, hours=stage.hours, start_kwh=start_kwh)
    left_kwh = float(np.asarray(run.flows.stored_kwh)[-1]) - start_kwh
    waiting = [device.name for device in home.devices if not isinstance(device, HeatPump)]
    lacking_kwh = sum(alone.energy_kwh[name] - run.energy_kwh[name] for name in waiting)
    warmth = sum(
        _heat_kwh(device, run.zones_c[device.name][-1]) - _heat_kwh(device, np.full(2, device.usual_c))
        for device in _pumps(home)
    )
    cost = ledger.bill - credit_per_kwh(prices, home.battery) * left_kwh
    return cost + lacking_kwh * float(prices.import_per_kwh.mean()) - _heat_worth(stage) * warmth


def _heat_worth(stage: Stage) -> float:
    """Worth of a kWh of heat left in a house, as the plan counts it: its electricity at the cheapest price."""
    pumps = _pumps(stage.recording.home)
    if not pumps:
        return 0.0
    per_kwh = float(heat_pump_cop(stage.house().outdoor_c, pumps[0].supply_c).mean())
    return max(float(_prices(stage).import_per_kwh.min()), 0.0) / per_kwh


def _heat_kwh(device: HeatPump, air_and_mass_c: Floats) -> float:
    return float(device.air_kwh_per_k * air_and_mass_c[0] + device.mass_kwh_per_k * air_and_mass_c[1])


def _cold(run: DeviceHistory, stage: Stage) -> float:
    """Kelvin hours below the comfort band."""
    return sum(
        float(np.maximum(device.min_c - run.zones_c[device.name][:, 0], 0).sum()) * stage.hours
        for device in _pumps(stage.recording.home)
    )


def _mean_c(run: DeviceHistory) -> float | None:
    means = [float(zone[:, 0].mean()) for zone in run.zones_c.values()]
    return means[0] if means else None


def _pumps(home: Home) -> list[HeatPump]:
    return [device for device in home.devices if isinstance(device, HeatPump)]


def _prices(stage: Stage) -> Prices:
    recording, per_interval = stage.recording, stage.recording.step // stage.step
    return Prices(np.repeat(recording.import_price, per_interval), np.repeat(recording.export_price, per_interval))
