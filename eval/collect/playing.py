"""A stretch of days played slot by slot under whoever decides, and what became of it."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from energy.billing.bill import total_of
from energy.billing.ledger import credit_per_kwh, total
from energy.commands import SELF_CONSUMPTION, Levels, Mode
from energy.flows import Flows, force_battery, step_house
from energy.home import Home
from energy.pricing.metering import MeterReadings
from energy.pricing.tariff import Contract, Prices
from energy.slots import hours
from knowledge.days import DayRecord, Floats

_NOTICED_KW = 0.01


@dataclass(frozen=True, slots=True)
class Setpoint:
    """A power that the battery is held to for a slot: into it positive, out of it negative."""

    battery_kw: float


# What decides: the index of the slot and the energy stored, to levels or a set-point.
Decider = Callable[[int, float], Levels | Setpoint]


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Consecutive slots of consecutive days: when each starts and what the house used and the panels gave, in kW."""

    days: tuple[DayRecord, ...]
    starts: list[datetime]
    load_kw: Floats
    pv_kw: Floats
    prices: Prices
    hours: float


def stretch(home: Home, days: tuple[DayRecord, ...]) -> Stretch:
    """Join days; single unknown slots are bridged by a straight line."""
    step = days[0].step
    return Stretch(
        days=days,
        starts=[day.start + at * step for day in days for at in range(len(day.load_kw))],
        load_kw=_bridged(np.concatenate([day.load_kw for day in days])),
        pv_kw=_bridged(np.concatenate([day.pv_kw for day in days])),
        prices=home.tariff.prices([day.start + at * step for day in days for at in range(len(day.load_kw))], home.tz),
        hours=hours(step),
    )


@dataclass(slots=True)
class DecisionCounters:
    """What deciders count while they decide: words of the guard, and how a model answered."""

    verdicts: Counter[str] = field(default_factory=Counter)
    replies: Counter[str] = field(default_factory=Counter)
    reply_s: list[float] = field(default_factory=list)
    tokens: int = 0
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """How a stretch went: its flows, per slot the mode and the seconds that the decision took, and what was counted."""

    flows: Flows
    modes: list[Mode]
    decision_s: list[float]
    tally: DecisionCounters = field(default_factory=DecisionCounters)


def play(home: Home, played: Stretch, decide: Decider, *, tally: DecisionCounters | None = None) -> Course:
    """Play a stretch slot by slot, from an empty battery."""
    stored_kwh = home.battery.min_kwh
    flows, modes, seconds = [], [], []
    for at in range(len(played.starts)):
        began = time.perf_counter()
        decided = decide(at, stored_kwh)
        seconds.append(time.perf_counter() - began)
        modes.append(_mode(decided, stored_kwh, home))
        flow = _obeyed(decided, home, played, at, stored_kwh)
        stored_kwh = float(flow.stored_kwh)
        flows.append(flow)
    series = Flows(**{name: np.array([float(getattr(flow, name)) for flow in flows]) for name in Flows.__slots__})
    return Course(series, modes, seconds, tally or DecisionCounters())


def _obeyed(decided: Levels | Setpoint, home: Home, played: Stretch, at: int, stored_kwh: float) -> Flows:
    load_kw, pv_kw = float(played.load_kw[at]), float(played.pv_kw[at])
    battery, grid = home.battery, home.grid
    if isinstance(decided, Setpoint):
        return force_battery(
            load_kw,
            pv_kw,
            stored_kwh,
            battery_kw=decided.battery_kw,
            battery=battery,
            grid=grid,
            hours=played.hours,
        )
    return step_house(load_kw, pv_kw, stored_kwh, levels=decided, battery=battery, grid=grid, hours=played.hours)


def _mode(decided: Levels | Setpoint, stored_kwh: float, home: Home) -> Mode:
    if isinstance(decided, Levels):
        capacity_kwh = home.battery.capacity_kwh
        return decided.mode(stored_kwh / capacity_kwh if capacity_kwh else 0.0)
    if abs(decided.battery_kw) < _NOTICED_KW:
        return Mode.HOLD
    return Mode.CHARGE if decided.battery_kw > 0 else Mode.DISCHARGE


def cost(home: Home, played: Stretch, decide: Decider) -> float:
    """Bill of a stretch that starts with an empty battery, less the value of what is left at its end."""
    flows = play(home, played, decide).flows
    left_kwh = float(np.asarray(flows.stored_kwh)[-1]) - home.battery.min_kwh
    return bill_of(home, played, flows) - left_kwh * credit_per_kwh(played.prices, home.battery)


def bill_of(home: Home, played: Stretch, flows: Flows) -> float:
    """What flows cost at the meter: by all rules of a contract, else at the price of each slot."""
    if isinstance(home.tariff, Contract):
        imported, exported = (np.asarray(kw) * played.hours for kw in (flows.grid_import_kw, flows.grid_export_kw))
        readings = MeterReadings(played.starts, imported, exported, timedelta(hours=played.hours))
        return total_of(readings, home.tariff, home.tz)
    start_kwh = home.battery.min_kwh
    return total(flows, played.prices, battery=home.battery, hours=played.hours, start_kwh=start_kwh).bill


def self_consumption(at: int, stored_kwh: float) -> Levels:
    """Plain self-consumption, which looks at nothing."""
    del at, stored_kwh
    return SELF_CONSUMPTION


def _bridged(power_kw: Floats) -> Floats:
    known = np.flatnonzero(~np.isnan(power_kw))
    return np.interp(np.arange(len(power_kw)), known, power_kw[known])
