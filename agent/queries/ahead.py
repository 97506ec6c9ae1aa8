"""What lies ahead in the plan: how the battery should run, how long it could carry the house, when devices run."""

from datetime import datetime

import numpy as np

from agent.decision.record import Decision
from agent.decision.replan import Scene, scene_of
from agent.queries.finding import Fact, Facts, Finding, unknown
from agent.queries.past import NEAR_LIMIT
from agent.queries.sources import Sources
from energy.commands import SELF_CONSUMPTION, ClimateCommand, LoadCommand, Mode
from energy.devices import HeatPump
from energy.planning.planner import follow
from energy.slots import hours

# Less than this from the grid is rounding.
_LACKING_KW = 0.001


def battery_ahead(sources: Sources, *, at: datetime | None = None) -> Finding:
    """When the battery should be full and when empty, as the mean of the plan's futures; `at` asks for a moment."""
    decision = sources.decision()
    scene = scene_of(decision, sources.home) if decision is not None else None
    if decision is None or scene is None or decision.command is None:
        return unknown("plan", "no_plan")
    battery = scene.home.battery
    if not battery.usable_kwh:
        return unknown("plan", "no_battery")
    soc = np.array([scene.soc, *mean_charges(decision, scene)])
    moments = [*scene.starts, scene.end]
    low, high = int(np.argmin(soc)), int(np.argmax(soc))
    facts: dict[str, Fact] = {
        "at": decision.at,
        "decision_id": decision.decision_id,
        "charge_percent": scene.soc * 100,
        "stored_kwh": scene.soc * battery.capacity_kwh,
        "horizon_hours": len(scene.starts) * hours(scene.step),
        "lowest_percent": float(soc[low]) * 100,
        "lowest_at": moments[low],
        "highest_percent": float(soc[high]) * 100,
        "highest_at": moments[high],
    }
    empty, full = soc <= battery.min_soc + NEAR_LIMIT, soc >= battery.max_soc - NEAR_LIMIT
    for name, there in (("empty_at", empty), ("full_at", full)):
        if there.any():
            facts[name] = moments[int(np.argmax(there))]
    if at is not None and moments[0] <= at <= moments[-1]:
        facts |= {"asked_at": at, "asked_percent": float(soc[min(scene.index_of(at), len(soc) - 1)]) * 100}
    return Finding("plan", "plan.battery", facts, decisions=(decision.decision_id,))


def mode_ahead(sources: Sources, mode: Mode) -> Finding:
    """When the plan in force next goes into a mode, and until when, as the mean of its futures runs through it."""
    decision = sources.decision()
    scene = scene_of(decision, sources.home) if decision is not None else None
    if decision is None or scene is None or decision.command is None:
        return unknown("plan", "no_plan")
    charges = [scene.soc, *mean_charges(decision, scene)]
    levels = [decision.command.levels_at(max(start, decision.at)) for start in scene.starts]
    floor_soc = scene.home.battery.min_soc
    modes = [level.mode(soc, floor_soc=floor_soc) for level, soc in zip(levels, charges[:-1], strict=True)]
    facts: dict[str, Fact] = {"at": decision.at, "mode": mode.value, "plan_end": scene.end}
    if mode not in modes:
        return Finding("plan", "plan.never", facts, decisions=(decision.decision_id,))
    first = modes.index(mode)
    after = next((at for at in range(first, len(modes)) if modes[at] is not mode), len(modes))
    facts |= {
        "start": scene.starts[first],
        "end": scene.starts[after - 1] + scene.step,
        "charge_percent": charges[first] * 100,
        "final_percent": charges[after] * 100,
        "price_per_kwh": float(scene.ensemble.prices.import_per_kwh[first:after].mean()),
    }
    return Finding("plan", "plan.next", facts, decisions=(decision.decision_id,))


def outage(sources: Sources) -> Finding:
    """How long sun and battery alone could carry the house from now, in the mean and the worst of the plan's futures.

    What is stored above zero counts, as a reserve is for this; the inverter's power limits the house.
    """
    decision = sources.decision()
    scene = scene_of(decision, sources.home) if decision is not None else None
    if decision is None or scene is None:
        return unknown("plan", "no_plan")
    battery = scene.home.battery
    alone = scene.home.model_copy(update={"battery": battery.model_copy(update={"min_soc": 0.0})})
    flows = follow([SELF_CONSUMPTION] * len(scene.starts), scene.ensemble, alone, scene.soc * battery.capacity_kwh)
    lacking = np.stack([np.asarray(flow.grid_import_kw) for flow in flows], axis=1) > _LACKING_KW
    lasts = np.where(lacking.any(axis=1), lacking.argmax(axis=1), len(scene.starts)) * hours(scene.step)
    facts: dict[str, Fact] = {
        "at": decision.at,
        "charge_percent": scene.soc * 100,
        "stored_kwh": scene.soc * battery.capacity_kwh,
        "mean_hours": float(np.mean(lasts)),
        "least_hours": float(np.min(lasts)),
        "most_hours": float(np.max(lasts)),
        "futures": len(lasts),
        "horizon_hours": len(scene.starts) * hours(scene.step),
    }
    return Finding("plan", "plan.outage", facts, decisions=(decision.decision_id,))


def device_ahead(sources: Sources, name: str) -> Finding | None:
    """When a car or a machine of the home is to run, from its newest command; None if it has none."""
    decision = sources.decision()
    command = next(
        (one for one in _commands(decision) if isinstance(one, LoadCommand) and one.device == name),
        None,
    )
    if decision is None or command is None:
        return None
    runs: list[Facts] = [
        {"start": slot.start, "end": slot.end, "run_kw": slot.power_kw} for slot in command.slots if slot.power_kw > 0
    ]
    facts: dict[str, Fact] = {"at": decision.at, "device": name, "plan_end": command.slots[-1].end}
    form = "plan.device" if runs else "plan.device_rests"
    return Finding("plan", form, facts, tuple(runs), decisions=(decision.decision_id,))


def heating_ahead(sources: Sources) -> Finding:
    """The set-points planned for the home's heat pump, if it has one that the advisor hears."""
    pump = next((one for one in sources.home.devices if isinstance(one, HeatPump)), None)
    if pump is None:
        return unknown("plan", "thermostat")
    decision = sources.decision()
    command = next(
        (one for one in _commands(decision) if isinstance(one, ClimateCommand) and one.zone == pump.name), None
    )
    if decision is None or command is None:
        return unknown("plan", "zone_silent", device=pump.name)
    rows: list[Facts] = [
        {"start": slot.start, "end": slot.end, "setpoint_c": slot.setpoint_c} for slot in command.slots
    ]
    facts: dict[str, Fact] = {
        "at": decision.at,
        "device": pump.name,
        "setpoint_c": command.setpoint_c,
        "least_c": pump.min_c,
        "most_c": pump.max_c,
    }
    return Finding("plan", "plan.heating", facts, tuple(rows), decisions=(decision.decision_id,))


def mean_charges(decision: Decision, scene: Scene) -> list[float]:
    """Mean charge at the end of each slot, as the published schedule runs through the plan's futures."""
    assert decision.command is not None  # noqa: S101 (the caller has looked)
    levels = [decision.command.levels_at(max(start, decision.at)) for start in scene.starts]
    capacity_kwh = scene.home.battery.capacity_kwh or 1.0
    flows = follow(levels, scene.ensemble, scene.home, scene.soc * scene.home.battery.capacity_kwh)
    return [float(np.mean(flow.stored_kwh)) / capacity_kwh for flow in flows]


def _commands(decision: Decision | None) -> tuple[object, ...]:
    return decision.device_commands if decision is not None else ()
