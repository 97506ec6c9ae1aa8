"""A stretch of days played slot by slot under the advisor's planner or plain self-consumption, never looking ahead."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from energy.commands import SELF_CONSUMPTION, Levels, Mode
from energy.flows import Flows, step_house
from energy.home import Home
from energy.ledger import credit_per_kwh, total
from energy.planner import Ensemble, best_levels, cost_to_go
from energy.slots import hours, local_day
from energy.tariff import Prices
from ingest.history import History
from knowledge.days import DayRecord, Floats, energy_kwh, profile
from knowledge.forecast import DayShape, Recent, futures, horizon, shape_of
from knowledge.similar import FingerprintTable

MEMBERS = 12
_AHEAD = timedelta(hours=24)
_RECENT = timedelta(hours=2)

# What decides: the index of the slot and the energy stored, to levels.
Decider = Callable[[int, float], Levels]
# Which of the earlier days stand for today: the day, those that may be chosen oldest first, to those chosen.
DayChoice = Callable[[date, list[date]], list[date]]


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


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """How a stretch went: its flows, and per slot the mode and the seconds that the decision took."""

    flows: Flows
    modes: list[Mode]
    decision_s: list[float]


def play(home: Home, played: Stretch, decide: Decider) -> Course:
    """Play a stretch slot by slot, from an empty battery."""
    stored_kwh = home.battery.min_kwh
    flows, modes, seconds = [], [], []
    for at in range(len(played.starts)):
        began = time.perf_counter()
        levels = decide(at, stored_kwh)
        seconds.append(time.perf_counter() - began)
        modes.append(levels.mode(stored_kwh / home.battery.capacity_kwh if home.battery.capacity_kwh else 0.0))
        flow = step_house(
            float(played.load_kw[at]),
            float(played.pv_kw[at]),
            stored_kwh,
            levels=levels,
            battery=home.battery,
            grid=home.grid,
            hours=played.hours,
        )
        stored_kwh = float(flow.stored_kwh)
        flows.append(flow)
    series = Flows(**{name: np.array([float(getattr(flow, name)) for flow in flows]) for name in Flows.__slots__})
    return Course(series, modes, seconds)


def cost(home: Home, played: Stretch, decide: Decider) -> float:
    """Bill of a stretch that starts with an empty battery, less the worth of what is left at its end."""
    flows = play(home, played, decide).flows
    start_kwh = home.battery.min_kwh
    ledger = total(flows, played.prices, battery=home.battery, hours=played.hours, start_kwh=start_kwh)
    left_kwh = float(np.asarray(flows.stored_kwh)[-1]) - start_kwh
    return ledger.bill - left_kwh * credit_per_kwh(played.prices, home.battery)


def self_consumption(at: int, stored_kwh: float) -> Levels:
    """Plain self-consumption, which looks at nothing."""
    del at, stored_kwh
    return SELF_CONSUMPTION


class Planner:
    """The advisor without a model: similar days, possible futures, levels; the functions of the running service.

    With `choose` other past days stand for the similar ones, and with `mean` their one mean future is planned for.
    """

    def __init__(self, history: History, *, choose: DayChoice | None = None, mean: bool = False) -> None:
        self._choose = choose or self._similar
        self._mean = mean
        self._home, self._step = history.home, history.step
        self._days = {record.day: record for record in history.days}
        self._table = FingerprintTable(history.home, history.days)
        self._shapes = {record.day: shape_of(record, history.home.tz, history.step) for record in history.days}
        self._neighbours: dict[date, list[date]] = {}

    def levels(self, played: Stretch, at: int, stored_kwh: float) -> Levels:
        """Levels for one slot of a stretch, from what is known when it begins."""
        del stored_kwh
        home, step, now = self._home, self._step, played.starts[at]
        starts = [now + index * step for index in range(_AHEAD // step)]
        today = local_day(now, home.tz)
        near = self._near(today)
        known = {day: shape for day, shape in self._shapes.items() if day < today}
        possible = futures(
            horizon(starts, home.tz, step),
            near,
            known | {today: self._so_far(today, now)},
            pv_forecast_kw=self._forecast(today, now, len(starts)),
            pv_peak_kw=home.pv_peak_kw,
            recent=self._recent(played, at),
        )
        load_kw, pv_kw = possible.load_kw, possible.pv_kw
        if self._mean:
            load_kw, pv_kw = load_kw.mean(axis=0, keepdims=True), pv_kw.mean(axis=0, keepdims=True)
        ensemble = Ensemble(load_kw, pv_kw, home.tariff.prices(starts, home.tz), played.hours)
        return best_levels(ensemble, home, cost_to_go(ensemble, home))[0]

    def _near(self, today: date) -> list[date]:
        if today not in self._neighbours:
            self._neighbours[today] = self._choose(today, [day for day in self._table.days if day < today])
        return self._neighbours[today]

    def _similar(self, today: date, _earlier: list[date]) -> list[date]:
        forecast = self._days[today].pv_forecast_kw
        expected = None if forecast is None or np.isnan(forecast).all() else energy_kwh(forecast, self._step)
        return [near.day for near in self._table.rank(today, MEMBERS, expected_pv_kwh=expected)]

    def _so_far(self, today: date, now: datetime) -> DayShape:
        """Today as far as it was measured."""
        record = self._days[today]
        seen = (now - record.start) // self._step
        load_kw, pv_kw = record.load_kw.copy(), record.pv_kw.copy()
        load_kw[seen:], pv_kw[seen:] = np.nan, np.nan
        zone = self._home.tz
        return DayShape(
            today,
            profile(record, load_kw, zone=zone, step=self._step),
            profile(record, pv_kw, zone=zone, step=self._step),
        )

    def _forecast(self, today: date, now: datetime, slots: int) -> Floats | None:
        """What was forecast at midnight for the rest of today; nothing is known of tomorrow."""
        record = self._days[today]
        if record.pv_forecast_kw is None:
            return None
        rest = record.pv_forecast_kw[(now - record.start) // self._step :][:slots]
        return np.concatenate([rest, np.full(slots - len(rest), np.nan)])

    def _recent(self, played: Stretch, at: int) -> Recent:
        first = max(at - _RECENT // self._step, 0)
        return Recent(played.load_kw[first:at], played.pv_kw[first:at])


def _bridged(power_kw: Floats) -> Floats:
    known = np.flatnonzero(~np.isnan(power_kw))
    return np.interp(np.arange(len(power_kw)), known, power_kw[known])
