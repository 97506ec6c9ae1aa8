"""The planner with and without each rule of a bill, month by month on recorded and synthetic homes, as true bills."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache, partial
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from energy.billing.bill import total_of
from energy.billing.ledger import credit_per_kwh
from energy.commands import SELF_CONSUMPTION, Levels
from energy.day_ahead import known_prices
from energy.flows import step_house
from energy.planning.billed_oracle import optimise_bill
from energy.planning.planner import Ensemble, best_levels, cost_to_go
from energy.pricing.metering import MeterReadings
from energy.pricing.tariff import as_contract
from energy.slots import DAY
from eval.bills.rule_contracts import Rule, rules
from eval.collect.billed_planner import PlayedBill
from eval.collect.closed_loop import Planner
from eval.collect.homes import with_battery
from eval.collect.playing import Stretch, stretch
from eval.sweep.sweep import Sweep, unless_lost
from ingest.history.recorded import shipped_history
from ingest.history.table import History
from knowledge.days import Floats, is_complete
from simulator.synthetic.home import synthetic_history
from simulator.synthetic.presets import preset

_BATTERY_KWH = 6.4
# Levels are a schedule: they are decided anew every so many hours.
_EVERY_H = 6
RECORDED = ("citylearn-1", "citylearn-4")
SYNTHETIC = ("couple", "busy-family", "heat-pump", "retired")
_MONTHS = (2, 4, 5, 7, 9, 11)
# Netting within the hour shows in shorter slots only, and needs no month to show.
_IN_HOUR, _HALF_HOUR, _IN_HOUR_DAYS = "hour", timedelta(minutes=30), 3
# What a home does in some slots, given the futures, the first slot's number and the energy stored.
Choice = Callable[[Ensemble, int, float], Sequence[Levels]]


class RuleCase(BaseModel):
    """A calendar month of one home, or its first days in shorter slots for what happens within the hour."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: str
    month: date
    within_hour: bool = False

    @property
    def name(self) -> str:
        """File name of its record."""
        return f"{self.home}_{self.month:%Y-%m}{'_hour' if self.within_hour else ''}.json"


class RuleMonth(BaseModel):
    """True costs of a month by rule and policy, less the value of what was left in the battery."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    case: RuleCase
    costs: dict[str, dict[str, float]]
    median_ms: dict[str, float]


def cases() -> list[RuleCase]:
    """Six months of the recorded homes and three of the synthetic ones; days of six months within the hour."""
    recorded = [RuleCase(home=name, month=_month(month, 2016, 9)) for month in _MONTHS for name in RECORDED]
    synthetic = [RuleCase(home=name, month=date(2025, month, 1)) for month in _MONTHS[::2] for name in SYNTHETIC]
    hours = [
        RuleCase(home=name, month=date(2025, month, 1), within_hour=True) for month in _MONTHS for name in SYNTHETIC
    ]
    return [*synthetic, *recorded, *hours]


def _month(month: int, year: int, first: int) -> date:
    """The month in a year that begins with month `first`."""
    return date(year if month >= first else year + 1, month, 1)


def play_cases(wanted: Iterable[RuleCase], folder: Path, *, sweep: Sweep) -> Iterator[tuple[RuleCase, bool]]:
    """Play what has no record yet, and say of each case whether it was played now."""
    folder.mkdir(parents=True, exist_ok=True)
    todo = []
    for case in wanted:
        if (folder / case.name).exists():
            yield case, False
        else:
            todo.append(case)
    for case, found in sweep.map(play_case, todo):
        draft = folder / f"{case.name}.part"
        draft.write_text(unless_lost(found, case.name).model_dump_json(), encoding="utf-8")
        draft.replace(folder / case.name)
        yield case, True


def read_cases(folder: Path) -> list[RuleMonth]:
    """All records of a folder."""
    return [RuleMonth.model_validate_json(path.read_bytes()) for path in sorted(folder.glob("*.json"))]


def play_case(case: RuleCase, wanted: Iterable[Rule] | None = None) -> RuleMonth:
    """Play a case under every rule that it shows; the futures of each slot are the same for all of them."""
    found = [rule for rule in wanted or rules().values() if (rule.name == _IN_HOUR) == case.within_hour]
    if case.within_hour:
        seats = _play(case, found, _history(case.home, _HALF_HOUR), every_h=0, most_days=_IN_HOUR_DAYS)
    else:
        seats = _play(case, found, _history(case.home, None), every_h=_EVERY_H)
    return RuleMonth(
        case=case,
        costs={name: seat.costs() for name, seat in seats.items()},
        median_ms={name: float(np.median(seat.seconds)) * 1000 for name, seat in seats.items()},
    )


def _play(
    case: RuleCase, wanted: Sequence[Rule], history: History, *, every_h: int, most_days: int = 31
) -> "dict[str, _Seats]":
    following = (case.month + 31 * DAY).replace(day=1)
    days = tuple(day for day in history.days if case.month <= day.day < following and is_complete(day))[:most_days]
    played, planner = stretch(history.home, days), Planner(history)
    every = max(round(every_h / played.hours), 1)
    seats = {rule.name: _Seats(rule, history, played, every) for rule in wanted}
    for at in range(len(played.starts)):
        ensemble = planner.ensemble(played, at) if at % every == 0 else None
        for seat in seats.values():
            seat.play(ensemble, at)
    return seats


class _Seats:
    """All policies of one rule, side by side through a month."""

    def __init__(self, rule: Rule, history: History, played: Stretch, every: int) -> None:
        self.home = history.home.model_copy(
            update={"tariff": rule.contract, "currency": rule.contract.currency or history.home.currency},
        )
        self.played, self.seconds = played, list[float]()
        self.every, self.bill = every, PlayedBill(history, self.home, played)
        self.choices: dict[str, Choice] = {
            "greedy": lambda _ensemble, _at, _stored: [SELF_CONSUMPTION] * every,
            "without": self._without,
            "with": partial(self.bill.levels, slots=every),
        }
        self.schedule: dict[str, Sequence[Levels]] = {}
        self.stored = dict.fromkeys(self.choices, self.home.battery.min_kwh)
        self.flows: dict[str, list[tuple[float, float]]] = {name: [] for name in self.choices}

    def play(self, ensemble: Ensemble | None, at: int) -> None:
        """One slot of every policy; with futures, the levels are decided anew."""
        if ensemble is not None:
            self._decide(ensemble, at)
        self.bill.note(at, self.stored["with"])
        for name, levels in self.schedule.items():
            self._step(name, levels[at % self.every], at)

    def _decide(self, ensemble: Ensemble, at: int) -> None:
        step = timedelta(hours=self.played.hours)
        starts = [self.played.starts[at] + slot * step for slot in range(ensemble.load_kw.shape[1])]
        prices = known_prices(self.home.tariff, starts, self.home.tz, now=starts[0])
        for name, choose in self.choices.items():
            began = time.perf_counter()
            self.schedule[name] = choose(replace(ensemble, prices=prices), at, self.stored[name])
            if name == "with":
                self.seconds.append(time.perf_counter() - began)

    def _step(self, name: str, levels: Levels, at: int) -> None:
        flow = step_house(
            float(self.played.load_kw[at]),
            float(self.played.pv_kw[at]),
            self.stored[name],
            levels=levels,
            battery=self.home.battery,
            grid=self.home.grid,
            hours=self.played.hours,
        )
        self.stored[name] = float(flow.stored_kwh)
        self.flows[name].append((float(flow.grid_import_kw), float(flow.grid_export_kw)))

    def _without(self, ensemble: Ensemble, _at: int, _stored_kwh: float) -> Sequence[Levels]:
        return best_levels(ensemble, self.home, cost_to_go(ensemble, self.home), slots=self.every)

    def costs(self) -> dict[str, float]:
        """True cost of every policy, of no battery, and at best."""
        starts, battery = self.played.starts, self.home.battery
        worth = credit_per_kwh(self.home.tariff.prices(starts, self.home.tz), battery)
        found = {
            name: self._bill(np.array(flows)) - worth * (self.stored[name] - battery.min_kwh)
            for name, flows in self.flows.items()
        }
        net_kw = self.played.load_kw - self.played.pv_kw
        found["none"] = self._bill(np.column_stack([np.maximum(net_kw, 0), np.maximum(-net_kw, 0)]))
        best = optimise_bill(
            self.played.load_kw,
            self.played.pv_kw,
            starts=starts,
            home=self.home,
            start_kwh=battery.min_kwh,
            end_value_per_kwh=worth,
        )
        at_grid = net_kw + best.charge_kw - best.discharge_kw
        bound = self._bill(np.column_stack([np.maximum(at_grid, 0), np.maximum(-at_grid, 0)]))
        bound -= worth * float(best.stored_kwh[-1] - battery.min_kwh)
        # With registers the programme is a relaxation: no operation costs less than its optimum, its own may cost more.
        return found | {"bound": min(bound, best.cost) if self._has_registers() else bound}

    def _has_registers(self) -> bool:
        contract = as_contract(self.home.tariff)
        return not contract.fixed and any(rule.interval in {"month", "year"} for rule in contract.netting)

    def _bill(self, powers_kw: Floats) -> float:
        hours = self.played.hours
        metered = MeterReadings(
            self.played.starts, powers_kw[:, 0] * hours, powers_kw[:, 1] * hours, timedelta(hours=hours)
        )
        return total_of(metered, self.home.tariff, self.home.tz)


@cache
def _history(name: str, step: timedelta | None) -> History:
    if name in RECORDED:
        return with_battery(shipped_history(name), _BATTERY_KWH)
    found = synthetic_history(preset(name), seed=1, days=365, step=step or timedelta(hours=1))
    return with_battery(found, _BATTERY_KWH)
