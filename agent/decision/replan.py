"""A journalled decision planned again: the ensemble and prices it rested on, as they were or with a change."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np

from agent.decision.record import Decision, EnsembleRecord
from energy.constraints import Constraint, SlotWishes, over_slots
from energy.home import Home
from energy.planning.carbon import with_carbon
from energy.planning.cost_to_go import CostToGo
from energy.planning.planner import Ensemble, Plan, cost_to_go, plan
from energy.planning.under_rules import BillSoFar, at_the_margin
from energy.pricing.tariff import Prices
from energy.slots import hours
from knowledge.days import Floats


@dataclass(frozen=True)
class Scene:
    """What a plan is made of: the possible futures from `starts[0]` on, the home, and the charge then."""

    starts: list[datetime]
    step: timedelta
    ensemble: Ensemble
    home: Home
    soc: float
    asked: tuple[Constraint, ...] = ()
    bill: BillSoFar | None = None
    carbon: tuple[float, ...] = ()

    @property
    def at_margin(self) -> Ensemble:
        """The futures with what a kWh changes on the bill that was open, and what its CO2 counts."""
        return with_carbon(at_the_margin(self.ensemble, self.starts, self.home, self.bill), self.carbon)

    @property
    def wishes(self) -> SlotWishes:
        """What the household asked for, slot by slot."""
        return over_slots(self.asked, self.starts, self.step, self.home)

    @property
    def end(self) -> datetime:
        """Where the plan ends."""
        return self.starts[-1] + self.step

    @cached_property
    def plan(self) -> Plan:
        """The plan of this scene."""
        return plan(self.at_margin, self.home, self.soc * self.home.battery.capacity_kwh, wishes=self.wishes)

    @cached_property
    def futures(self) -> list[CostToGo]:
        """Least cost of every future before each slot and after the last."""
        return cost_to_go(self.at_margin, self.home, self.wishes)

    def index_of(self, moment: datetime) -> int:
        """The slot that holds a moment; the first or the last where it lies outside."""
        return min(max((moment - self.starts[0]) // self.step, 0), len(self.starts) - 1)


def scene_of(decision: Decision, home: Home) -> Scene | None:
    """The scene that a decision was made in; None if it had none. `home` stands in where none was journalled."""
    if decision.ensemble is None or decision.snapshot is None:
        return None
    record = decision.ensemble
    step = timedelta(minutes=record.step_minutes)
    return Scene(
        starts=[record.start + at * step for at in range(len(record.import_prices))],
        step=step,
        ensemble=ensemble_of(record),
        home=decision.inputs.home if decision.inputs else home,
        asked=decision.asked,
        soc=decision.snapshot.soc,
        bill=decision.inputs.bill if decision.inputs else None,
        carbon=decision.inputs.carbon if decision.inputs else (),
    )


def ensemble_of(record: EnsembleRecord) -> Ensemble:
    """The journalled futures, exactly as they were planned with."""
    return Ensemble(
        load_kw=np.array(record.load_w, dtype=np.float64) / 1000,
        pv_kw=np.array(record.pv_w, dtype=np.float64) / 1000,
        prices=Prices(np.array(record.import_prices), np.array(record.export_prices)),
        hours=record.step_minutes / 60,
        price_members=_price_members(record),
        known_slots=record.known_slots,
    )


def _price_members(record: EnsembleRecord) -> Prices | None:
    """Each future's prices, or None where all had the known ones."""
    known = record.known_slots
    if known is None:
        return None

    def whole(mean: tuple[float, ...], members: tuple[tuple[float, ...], ...]) -> Floats:
        return np.array([mean[:known] + later for later in members], dtype=np.float64)

    return Prices(
        whole(record.import_prices, record.import_price_members),
        whole(record.export_prices, record.export_price_members),
    )


def with_load(scene: Scene, power_kw: Floats) -> Scene:
    """The scene with more load, of shape (slots,), in every future."""
    load_kw = scene.ensemble.load_kw + power_kw
    return replace(scene, ensemble=replace(scene.ensemble, load_kw=load_kw))


def run_profile(scene: Scene, first: int, power_kw: float, length_h: float) -> Floats:
    """A load that runs from slot `first` on, of shape (slots,) in kW; its last slot is filled in part."""
    slots = np.arange(len(scene.starts)) - first
    share = np.clip(length_h / hours(scene.step) - slots, 0, 1)
    return np.where(slots >= 0, share * power_kw, 0.0)


def least_costs(scene: Scene, profiles: Floats) -> Floats:
    """Expected least cost of the scene with each of some extra loads, of shapes (runs, slots) and (runs,).

    Every future with every load is solved at once, exactly, as if the future were known: the same optimism for all,
    so that their differences hold.
    """
    ensemble, runs = scene.at_margin, len(profiles)
    members = len(ensemble.load_kw)
    load_kw = (ensemble.load_kw[None] + profiles[:, None]).reshape(runs * members, -1)
    pv_kw = np.broadcast_to(ensemble.pv_kw, (runs, *ensemble.pv_kw.shape)).reshape(runs * members, -1)
    own = ensemble.price_members
    tiled = own and Prices(np.tile(own.import_per_kwh, (runs, 1)), np.tile(own.export_per_kwh, (runs, 1)))
    loaded = replace(ensemble, load_kw=load_kw, pv_kw=pv_kw, price_members=tiled)
    before = cost_to_go(loaded, scene.home, scene.wishes, apart=True)[0]
    above_kwh = scene.soc * scene.home.battery.capacity_kwh - scene.home.battery.min_kwh
    return np.asarray(before.cost(max(above_kwh, 0.0)).reshape(runs, members).mean(axis=1))
