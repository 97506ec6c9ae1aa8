"""What if: the newest plan made again with one thing changed, beside the plan as it is."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from agent.decision.replan import Scene, run_profile, scene_of, with_load
from agent.queries.finding import Fact, Finding, unknown
from agent.queries.sources import Sources
from energy.commands import SELF_CONSUMPTION
from energy.home import Home
from energy.planning.planner import Outlook, outlook
from energy.pricing.tariff import Prices
from energy.rules import no_battery
from energy.slots import hours


@dataclass(frozen=True, slots=True)
class Run:
    """A load that is switched on: its power in kW, how many hours, and when; now by default."""

    power_kw: float
    length_h: float
    start: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What is different: any of the charge, the battery's size, prices, sun, load, or one more load.

    `capacity_kwh` keeps the battery's powers in proportion to its size. `import_price` replaces every import price;
    factors multiply.
    """

    soc: float | None = None
    capacity_kwh: float | None = None
    capacity_factor: float | None = None
    import_price: float | None = None
    price_factor: float | None = None
    pv_factor: float | None = None
    load_factor: float | None = None
    run: Run | None = None

    @property
    def names(self) -> list[str]:
        """What is changed, in the words of the facts."""
        return [name for name in self.__slots__ if getattr(self, name) is not None]


def what_if(sources: Sources, change: Change, *, at: datetime | None = None) -> Finding:
    """Cost and course of the plan with a change, against the same plan without it; nothing is published."""
    decision = sources.decision(at)
    scene = scene_of(decision, sources.home) if decision is not None else None
    if decision is None or scene is None:
        return unknown("what_if", "no_plan")
    if (problem := _problem(change)) is not None:
        return unknown("what_if", "impossible_change", change=problem[0], value=f"{problem[1]:g}")
    if change.capacity_factor is not None:
        capacity_kwh = sources.home.battery.capacity_kwh * change.capacity_factor
        change = replace(change, capacity_factor=None, capacity_kwh=capacity_kwh)
    if (run := change.run) is not None and not _fits(scene, run):
        start = run.start or scene.starts[0]
        return unknown("what_if", "run_beyond", start=start, run_hours=run.length_h, plan_end=scene.end)
    changed = _changed(scene, change)
    before, after = _look(scene), _look(changed)
    facts: dict[str, Fact] = {
        "at": decision.at,
        "decision_id": decision.decision_id,
        "horizon_hours": len(scene.starts) * hours(scene.step),
        "currency": sources.home.currency,
        "before_cost": before.expected_cost,
        "after_cost": after.expected_cost,
        "difference_cost": abs(after.expected_cost - before.expected_cost),
        "before_import_kwh": before.import_kwh,
        "after_import_kwh": after.import_kwh,
        "before_mode": _mode(scene),
        "after_mode": _mode(changed),
        **_change_facts(change),
    }
    rounded = round(after.expected_cost - before.expected_cost, 2)
    form = "what_if.dearer" if rounded > 0 else "what_if.cheaper" if rounded < 0 else "what_if.same"
    return Finding("what_if", form, facts, decisions=(decision.decision_id,))


def _fits(scene: Scene, run: Run) -> bool:
    """Whether a run lies within the plan."""
    start = run.start or scene.starts[0]
    return scene.starts[0] <= start and start + timedelta(hours=run.length_h) <= scene.end


def _repriced(prices: Prices, change: Change) -> Prices:
    buy = prices.import_per_kwh
    if change.import_price is not None:
        buy = np.full_like(buy, change.import_price)
    if change.price_factor is not None:
        buy = buy * change.price_factor
    return Prices(buy, prices.export_per_kwh)


def _changed(scene: Scene, change: Change) -> Scene:
    ensemble = scene.ensemble
    ensemble = replace(
        ensemble,
        load_kw=ensemble.load_kw * (1.0 if change.load_factor is None else change.load_factor),
        pv_kw=ensemble.pv_kw * (1.0 if change.pv_factor is None else change.pv_factor),
        prices=_repriced(ensemble.prices, change),
        price_members=ensemble.price_members and _repriced(ensemble.price_members, change),
    )
    changed = replace(
        scene,
        ensemble=ensemble,
        soc=scene.soc if change.soc is None else change.soc,
        home=scene.home if change.capacity_kwh is None else _resized(scene.home, change.capacity_kwh),
    )
    if change.run is None:
        return changed
    first = scene.index_of(change.run.start) if change.run.start else 0
    return with_load(changed, run_profile(changed, first, change.run.power_kw, change.run.length_h))


def _resized(home: Home, capacity_kwh: float) -> Home:
    """The home with a battery of another size; powers grow with it, and none has neither."""
    battery = home.battery
    if capacity_kwh == 0 or battery.capacity_kwh == 0:
        bare = no_battery(home)
        if capacity_kwh == 0:
            return bare
        # Half an hour per tenth of its size is what home batteries give: 0.5 kW per kWh.
        power = {"max_charge_kw": capacity_kwh / 2, "max_discharge_kw": capacity_kwh / 2}
    else:
        scale = capacity_kwh / battery.capacity_kwh
        power = {"max_charge_kw": battery.max_charge_kw * scale, "max_discharge_kw": battery.max_discharge_kw * scale}
    return home.model_copy(update={"battery": battery.model_copy(update={"capacity_kwh": capacity_kwh, **power})})


def _look(scene: Scene) -> Outlook:
    if not scene.home.battery.usable_kwh:
        idle = [SELF_CONSUMPTION] * len(scene.starts)
        return outlook(idle, scene.ensemble, scene.home, scene.soc * scene.home.battery.capacity_kwh)
    return scene.plan.best.outlook


def _mode(scene: Scene) -> str:
    if not scene.home.battery.usable_kwh:
        return SELF_CONSUMPTION.mode(0.0).value
    return scene.plan.best.levels[0].mode(scene.soc).value


# Widest changes that make sense: name, least, most.
_BOUNDS = {
    "soc": (0.0, 1.0),
    "capacity_kwh": (0.0, 1000.0),
    "capacity_factor": (0.0, 100.0),
    "import_price": (-10.0, 10.0),
    "price_factor": (0.0, 10.0),
    "pv_factor": (0.0, 10.0),
    "load_factor": (0.0, 10.0),
}


def _problem(change: Change) -> tuple[str, float] | None:
    """The first change outside its bounds, with its value."""
    for name, (least, most) in _BOUNDS.items():
        value = getattr(change, name)
        if value is not None and not least <= value <= most:
            return name, value
    run = change.run
    if run is not None and not (0 < run.power_kw <= 100 and 0 < run.length_h <= 48):
        return "run", run.power_kw if not 0 < run.power_kw <= 100 else run.length_h
    return None


def _change_facts(change: Change) -> dict[str, Fact]:
    facts: dict[str, Fact] = {"change": change.names[0] if change.names else "nothing"}
    if change.soc is not None:
        facts["new_charge_percent"] = change.soc * 100
    if change.capacity_kwh is not None:
        facts["new_capacity_kwh"] = change.capacity_kwh
    if change.import_price is not None:
        facts["new_price_per_kwh"] = change.import_price
    for name in ("price_factor", "pv_factor", "load_factor"):
        if (factor := getattr(change, name)) is not None:
            facts[f"{name.removesuffix('_factor')}_percent"] = factor * 100
    if change.run is not None:
        facts |= {"run_kw": change.run.power_kw, "run_hours": change.run.length_h}
        facts |= {"run_at": change.run.start} if change.run.start else {}
    return facts
