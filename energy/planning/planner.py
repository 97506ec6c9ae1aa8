"""The planner: an ensemble of possible days becomes a schedule of two levels per slot, and candidates beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from energy.commands import SELF_CONSUMPTION, Levels
from energy.constraints import SlotWishes, obey
from energy.flows import Flows, LevelsOfMany, Number, step_house
from energy.home import Home
from energy.planning.cost_to_go import CostToGo, MeanCostToGo, costs_to_go, mean_cost_to_go
from energy.planning.slot_cost import slot_costs
from energy.pricing.tariff import Prices

Floats = NDArray[np.float64]

_AS_GOOD_PER_KWH = 1e-6
# Charging faster than a peak allows is worth it where at its price nearly as much would be bought.
_AS_MUCH = 0.8
_FULL_KWH = 1e-6
# Reserves missed by this much more, summed over the slots' ends of one scenario alone, are as good as met.
_AS_SHORT_KWH = 0.05
# How long a day is taken to go on like the past day it began like. On homes 1 to 8, two to six hours do as well.
_MEET_HOURS = 4


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Possible futures: load and PV of shape (scenarios, slots) in kW, with the prices of those slots.

    `prices` are known or the mean of what is expected. Where not all are known, those of the first `known_slots` are,
    and `price_members` of shape (scenarios, slots) are each scenario's own.
    """

    load_kw: Floats
    pv_kw: Floats
    prices: Prices
    hours: float
    price_members: Prices | None = None
    known_slots: int | None = None

    @property
    def scenario_prices(self) -> Prices:
        """Each scenario's prices, or those that all have."""
        return self.price_members or self.prices


@dataclass(frozen=True, slots=True)
class Outlook:
    """What following a schedule would bring over the ensemble."""

    expected_cost: float
    spread: float
    final_soc: float
    import_kwh: float
    grid_charge_kwh: float
    # Mean over the scenarios of what is missing from the household's reserves, summed over the slots' ends.
    shortfall_kwh: float = 0.0


CandidateName = Literal["best", "self_consumption", "keep_reserve", "calm", "no_grid_charging", "adjusted"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One schedule that could be followed, its outlook, and its cost if it held in the first slot alone.

    `first_slot_cost` is the expected cost of that slot and, from where it leads, of the best that could follow.
    """

    name: CandidateName
    levels: tuple[Levels, ...]
    outlook: Outlook
    first_slot_cost: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The best schedule first and its rivals after it.

    `value_now_per_kwh` is the worth of one more stored kWh at the end of the first slot; `stake` the expected extra
    cost of plain self-consumption in that slot alone.
    """

    candidates: tuple[Candidate, ...]
    value_now_per_kwh: float
    stake: float
    start_soc: float

    @property
    def best(self) -> Candidate:
        """The cheapest candidate: none of its rivals is expected to cost less."""
        return self.candidates[0]

    def regret(self, candidate: Candidate) -> float:
        """Expected extra cost of a candidate per slot, against the best.

        The larger of what it costs in the first slot, which is what the next decision can no longer mend, and of its
        mean over the horizon, which is what it would cost if no decision followed.
        """
        mean_extra = (candidate.outlook.expected_cost - self.best.outlook.expected_cost) / len(candidate.levels)
        return max(candidate.first_slot_cost - self.best.first_slot_cost, mean_extra)


def end_value_per_kwh(prices: Prices, home: Home) -> float:
    """Worth of a kWh left at the horizon: what it would save at the cheapest import price."""
    return max(float(prices.import_per_kwh.min()), 0.0) * home.battery.discharge_efficiency


def cost_to_go(
    ensemble: Ensemble, home: Home, wishes: SlotWishes | None = None, *, apart: bool = False
) -> list[CostToGo]:
    """Least cost of every scenario before each slot and after the last, as a function of stored energy.

    Exact for one scenario. Several meet every few hours, beyond which none is known to go on as it began; `apart` each
    is exact by itself, as if it were known. What is missing from a reserve that the household asked for counts as a
    high cost.
    """
    stages = slot_costs(
        ensemble.load_kw,
        ensemble.pv_kw,
        prices=ensemble.scenario_prices,
        battery=home.battery,
        grid=home.grid,
        hours=ensemble.hours,
        wishes=wishes,
    )
    floor_kwh = wishes.floor_kwh if wishes else None
    end_value = end_value_per_kwh(ensemble.prices, home)
    meet_slots = None if apart else max(round(_MEET_HOURS / ensemble.hours), 1)
    return costs_to_go(stages, home.battery.usable_kwh, end_value, floor_kwh, meet_slots=meet_slots)


def best_levels(
    ensemble: Ensemble,
    home: Home,
    futures: Sequence[CostToGo],
    *,
    slots: int | None = None,
) -> tuple[Levels, ...]:
    """Levels of all or the first `slots` slots, from the ensemble's mean worth of stored energy at each slot's end.

    Buy while a stored kWh is worth more than it costs; give while it is worth no more than it saves. On one scenario
    the schedule is optimal whenever the price tells all decisions apart.
    """
    wanted = slice(slots)
    values = [mean_cost_to_go(future) for future in futures[1:][wanted]]
    prices = ensemble.prices
    triples = zip(values, prices.import_per_kwh[wanted], prices.export_per_kwh[wanted], strict=True)
    if ensemble.prices.peak is None and ensemble.prices.even_kw is None:
        return tuple(_levels(value, buy, sell, home) for value, buy, sell in triples)
    found = enumerate(triples)
    return tuple(_ruled_levels(ensemble, slot, value, (buy, sell), home) for slot, (value, buy, sell) in found)


def _ruled_levels(ensemble: Ensemble, slot: int, value: MeanCostToGo, price: tuple[float, float], home: Home) -> Levels:
    """Levels of one slot under rules that price it by more than its energy."""
    levels = _below_peak(ensemble, slot, value, price, home)
    even_kw = 0.0 if ensemble.prices.even_kw is None else float(ensemble.prices.even_kw[slot])
    if even_kw <= 0 or levels.charge_to_soc > 0 or not home.grid.allow_grid_charging:
        return levels
    # What was exported in this interval can be bought back at the export price, and no more than that.
    charge_to = _soc(value.level_kwh(price[1] / home.battery.charge_efficiency), home)
    room_kw = even_kw - float((ensemble.load_kw[:, slot] - ensemble.pv_kw[:, slot]).max())
    if charge_to <= 0 or room_kw <= 0:
        return levels
    limits = {"charge_to_soc": charge_to, "max_charge_kw": min(room_kw, home.battery.max_charge_kw)}
    return levels.model_copy(update=limits | {"reserve_soc": max(levels.reserve_soc, charge_to)})


def best_schedule(
    ensemble: Ensemble,
    home: Home,
    futures: Sequence[CostToGo],
    stored_kwh: float,
    wishes: SlotWishes | None = None,
) -> tuple[Levels, ...]:
    """The best levels; with a peak charge, those that do not mind it where they are expected to cost less.

    The levels price each slot above the peak as if it alone made it; the outlook prices the highest one only.
    """
    mindful = best_levels(ensemble, home, futures)
    if ensemble.prices.peak is None:
        return mindful
    members = ensemble.price_members and replace(ensemble.price_members, peak=None)
    unminding = replace(ensemble, prices=replace(ensemble.prices, peak=None), price_members=members)
    carefree = best_levels(unminding, home, cost_to_go(unminding, home, wishes))
    able, unable = outlooks([mindful, carefree], ensemble, home, stored_kwh, wishes)
    return mindful if able.expected_cost <= unable.expected_cost else carefree


def _below_peak(ensemble: Ensemble, slot: int, value: MeanCostToGo, price: tuple[float, float], home: Home) -> Levels:
    """Levels that keep import below the peak: give what would exceed it, and charge no faster than it leaves room.

    Without a charge from the grid the levels are as ever. With one, it is as fast as the highest tier allows at whose
    price nearly as much would be bought; the power is what every future leaves below the next.
    """
    peak, (buy, sell) = ensemble.prices.peak, price
    if peak is None or not peak.per_kwh[:, slot].any():
        return _levels(value, buy, sell, home)
    net_kw = ensemble.load_kw[:, slot] - ensemble.pv_kw[:, slot]
    calm = _levels(value, buy, sell, home)
    extra = np.cumsum(peak.per_kwh[:, slot])
    exceeds = (net_kw[:, None] > peak.above_kw[:, slot]).mean(axis=0)
    pressed = buy + float(exceeds @ peak.per_kwh[:, slot])
    charge_to = min(calm.charge_to_soc, _bought_to(value, pressed, home))
    reserve = max(min(calm.reserve_soc, _kept_to(value, pressed, home)), charge_to)
    levels = calm.model_copy(update={"reserve_soc": reserve, "charge_to_soc": charge_to})
    if charge_to <= 0:
        return levels
    as_fast = [_bought_to(value, buy + float(more), home) >= _AS_MUCH * charge_to for more in extra]
    tier = as_fast.index(False) if False in as_fast else len(as_fast)
    room_kw = peak.above_kw[tier, slot] - net_kw.max() if tier < len(as_fast) else np.inf
    return levels.model_copy(update={"max_charge_kw": float(np.clip(room_kw, 0.0, home.battery.max_charge_kw))})


def _kept_to(value: MeanCostToGo, buy: float, home: Home) -> float:
    """Charge below which a stored kWh is worth more than it saves at an import price."""
    battery = home.battery
    return _soc(value.level_kwh(buy * battery.discharge_efficiency - battery.cycle_cost_per_kwh), home)


def _bought_to(value: MeanCostToGo, buy: float, home: Home) -> float:
    """Charge below which a stored kWh is worth more than it costs at an import price."""
    if not home.grid.allow_grid_charging:
        return 0.0
    return _soc(value.level_kwh(buy / home.battery.charge_efficiency), home)


def _levels(value: MeanCostToGo, buy: float, sell: float, home: Home) -> Levels:
    battery, grid = home.battery, home.grid
    wear = battery.cycle_cost_per_kwh
    charge_to = _bought_to(value, buy, home)
    reserve = max(_kept_to(value, buy, home), charge_to)
    export_to = None
    if grid.allow_battery_export:
        export_to = max(reserve, _soc(value.level_kwh(sell * battery.discharge_efficiency - wear), home))
    # A surplus kWh that will be as good as sold is stored all the same: the forecast may be wrong.
    store_kwh = value.level_kwh(sell / battery.charge_efficiency - _AS_GOOD_PER_KWH)
    surplus_to = None if store_kwh >= battery.usable_kwh - _FULL_KWH else _soc(store_kwh, home)
    return Levels(charge_to_soc=charge_to, reserve_soc=reserve, export_to_soc=export_to, surplus_to_soc=surplus_to)


def _soc(above_kwh: float, home: Home) -> float:
    """Charge at an energy above the minimum; an empty band asks for nothing."""
    if above_kwh <= 0 or not home.battery.capacity_kwh:
        return 0.0
    return min((home.battery.min_kwh + above_kwh) / home.battery.capacity_kwh, home.battery.max_soc)


def follow(levels: Sequence[Levels], ensemble: Ensemble, home: Home, stored_kwh: float) -> list[Flows]:
    """Flows of every scenario when the house follows a schedule from `stored_kwh`."""
    return _followed(levels, ensemble, home, np.full(len(ensemble.load_kw), stored_kwh))


def _followed(
    levels: Sequence[Levels | LevelsOfMany], ensemble: Ensemble, home: Home, stored_kwh: Floats
) -> list[Flows]:
    stored: float | Floats = stored_kwh
    flows = []
    for slot, level in enumerate(levels):
        step = step_house(
            ensemble.load_kw[:, slot],
            ensemble.pv_kw[:, slot],
            stored,
            levels=level,
            battery=home.battery,
            grid=home.grid,
            hours=ensemble.hours,
        )
        stored = step.stored_kwh
        flows.append(step)
    return flows


def outlook(
    levels: Sequence[Levels],
    ensemble: Ensemble,
    home: Home,
    stored_kwh: float,
    wishes: SlotWishes | None = None,
) -> Outlook:
    """Cost of following a schedule over the ensemble, with leftover energy credited at `end_value_per_kwh`."""
    [one] = outlooks([levels], ensemble, home, stored_kwh, wishes)
    return one


def outlooks(
    schedules: Sequence[Sequence[Levels]],
    ensemble: Ensemble,
    home: Home,
    stored_kwh: float,
    wishes: SlotWishes | None = None,
) -> list[Outlook]:
    """The outlook of each of several schedules of the same slots, followed side by side."""
    shape = (len(schedules), len(ensemble.load_kw))
    levels = [LevelsOfMany.of(slot) for slot in zip(*schedules, strict=True)]
    flows = _followed(levels, ensemble, home, np.full(shape, stored_kwh))

    def energy_kwh(powers_kw: Iterable[Number]) -> Floats:
        return np.stack([np.asarray(power_kw) for power_kw in powers_kw], axis=-1) * ensemble.hours

    imports = energy_kwh(flow.grid_import_kw for flow in flows)
    exports = energy_kwh(flow.grid_export_kw for flow in flows)
    given = energy_kwh(flow.discharge_kw for flow in flows)
    bought = np.minimum(energy_kwh(flow.charge_kw for flow in flows), imports)
    battery = home.battery
    final_kwh = np.asarray(flows[-1].stored_kwh)
    prices = ensemble.scenario_prices
    cost = prices.cost((imports - exports) / ensemble.hours).sum(axis=-1) * ensemble.hours
    if prices.peak is not None:
        cost += prices.peak.cost_of_highest(imports / ensemble.hours)
    cost += given.sum(axis=-1) / battery.discharge_efficiency * battery.cycle_cost_per_kwh
    cost -= (final_kwh - battery.min_kwh) * end_value_per_kwh(ensemble.prices, home)
    final_soc = final_kwh.mean(axis=-1) / battery.capacity_kwh if battery.capacity_kwh else np.zeros(shape[0])
    columns = (
        cost.mean(axis=-1),
        cost.std(axis=-1),
        final_soc,
        imports.sum(axis=-1).mean(axis=-1),
        bought.sum(axis=-1).mean(axis=-1),
        _shortfalls_kwh(flows, home, wishes) if wishes else np.zeros(shape[0]),
    )
    return [Outlook(*map(float, row)) for row in zip(*columns, strict=True)]


def _shortfalls_kwh(flows: Sequence[Flows], home: Home, wishes: SlotWishes) -> Floats:
    """What each schedule leaves missing from the household's reserves, summed over slots and meant over scenarios."""
    above = np.stack([np.asarray(flow.stored_kwh) for flow in flows], axis=-1) - home.battery.min_kwh
    return np.asarray(np.maximum(wishes.floor_kwh - above, 0.0).sum(axis=-1).mean(axis=-1))


def plan(
    ensemble: Ensemble,
    home: Home,
    stored_kwh: float,
    *,
    keep_soc: float = 0.3,
    wishes: SlotWishes | None = None,
) -> Plan:
    """Candidates over the ensemble, cheapest first; `keep_soc` is what the cautious one never goes below.

    Every candidate obeys what the household asked for; one that meets its reserves less well than is possible is none.
    """
    futures = cost_to_go(ensemble, home, wishes)
    best = best_schedule(ensemble, home, futures, stored_kwh, wishes)
    proposals = _proposals(best, ensemble, home, keep_soc, wishes)
    followed = outlooks(list(proposals.values()), ensemble, home, stored_kwh, wishes)
    candidates = [
        Candidate(name, levels, looked, first_slot_cost(levels[0], ensemble, home, futures[1], stored_kwh))
        for (name, levels), looked in zip(proposals.items(), followed, strict=True)
    ]
    tolerance_kwh = _AS_SHORT_KWH / len(ensemble.load_kw)
    least_kwh = min(candidate.outlook.shortfall_kwh for candidate in candidates)
    able = [one for one in candidates if one.outlook.shortfall_kwh <= least_kwh + tolerance_kwh]
    ranked = sorted(able, key=lambda candidate: candidate.outlook.expected_cost)
    idle = _obeying((SELF_CONSUMPTION,), home, wishes)[0]
    idle_cost = first_slot_cost(idle, ensemble, home, futures[1], stored_kwh)
    capacity = home.battery.capacity_kwh
    # What is missing from a reserve is no money: the worth that is told is the one without it.
    priced = cost_to_go(ensemble, home) if wishes and wishes.floor_kwh.any() else futures
    return Plan(
        candidates=tuple(ranked),
        value_now_per_kwh=mean_cost_to_go(priced[1]).at(stored_kwh - home.battery.min_kwh),
        stake=idle_cost - ranked[0].first_slot_cost,
        start_soc=stored_kwh / capacity if capacity else 0.0,
    )


def adjusted(
    made: Plan, ensemble: Ensemble, home: Home, stored_kwh: float, *, wishes: SlotWishes, to: SlotWishes
) -> Plan:
    """A plan made with `wishes`, with one candidate more: the best that obeys `to`, valued as its rivals are."""
    best = plan(ensemble, home, stored_kwh, wishes=to).best
    future = cost_to_go(ensemble, home, wishes)[1]
    first = first_slot_cost(best.levels[0], ensemble, home, future, stored_kwh)
    return replace(made, candidates=(*made.candidates, replace(best, name="adjusted", first_slot_cost=first)))


def _proposals(
    best: tuple[Levels, ...],
    ensemble: Ensemble,
    home: Home,
    keep_soc: float,
    wishes: SlotWishes | None,
) -> dict[CandidateName, tuple[Levels, ...]]:
    """Schedules worth weighing, each a different one."""
    proposals: dict[CandidateName, tuple[Levels, ...]] = {
        "best": best,
        "self_consumption": tuple([SELF_CONSUMPTION] * len(best)),
        "keep_reserve": tuple(_keep(level, keep_soc) for level in best),
        "calm": _calm(best, ensemble.prices),
    }
    if home.grid.allow_grid_charging:
        proposals["no_grid_charging"] = tuple(level.model_copy(update={"charge_to_soc": 0.0}) for level in best)
    seen: dict[tuple[Levels, ...], CandidateName] = {}
    for name, levels in proposals.items():
        seen.setdefault(_obeying(levels, home, wishes), name)
    return {name: levels for levels, name in seen.items()}


def _obeying(levels: tuple[Levels, ...], home: Home, wishes: SlotWishes | None) -> tuple[Levels, ...]:
    if not wishes:
        return levels
    return tuple(obey(level, asked, home) for level, asked in zip(levels, wishes.touching, strict=False))


def first_slot_cost(level: Levels, ensemble: Ensemble, home: Home, future: CostToGo, stored_kwh: float) -> float:
    """Expected cost of the first slot under `level`, all later slots being optimal."""
    prices = ensemble.scenario_prices
    first = Ensemble(
        ensemble.load_kw[:, :1],
        ensemble.pv_kw[:, :1],
        Prices(
            prices.import_per_kwh[..., 0],
            prices.export_per_kwh[..., 0],
            even_kw=None if prices.even_kw is None else prices.even_kw[0],
        ),
        ensemble.hours,
    )
    [flow] = follow([level], first, home, stored_kwh)
    grid = first.prices.cost(np.asarray(flow.grid_import_kw) - np.asarray(flow.grid_export_kw)) * first.hours
    if ensemble.prices.peak is not None:
        grid += ensemble.prices.peak.first().cost(np.asarray(flow.grid_import_kw)[:, None])[:, 0] * first.hours
    return float((grid + future.cost(np.asarray(flow.stored_kwh) - home.battery.min_kwh)).mean())


def _keep(level: Levels, keep_soc: float) -> Levels:
    """The same levels with at least `keep_soc` in reserve."""
    export_to = None if level.export_to_soc is None else max(level.export_to_soc, keep_soc)
    return level.model_copy(
        update={"reserve_soc": max(level.reserve_soc, keep_soc), "export_to_soc": export_to},
    )


def _calm(levels: tuple[Levels, ...], prices: Prices) -> tuple[Levels, ...]:
    """One pair of levels for each stretch of equal import price: fewer changes of mode."""
    calm: list[Levels] = []
    start = 0
    edges = [*np.flatnonzero(np.diff(prices.import_per_kwh)) + 1, len(levels)]
    for end in edges:
        stretch = levels[start:end]
        reserve = float(np.median([level.reserve_soc for level in stretch]))
        charge_to = min(max(level.charge_to_soc for level in stretch), reserve)
        calm += [stretch[0].model_copy(update={"reserve_soc": reserve, "charge_to_soc": charge_to})] * len(stretch)
        start = end
    return tuple(calm)
