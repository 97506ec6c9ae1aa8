"""A stretch of days played slot by slot under the advisor's planner or plain self-consumption, never looking ahead."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from energy.commands import SELF_CONSUMPTION, Levels
from energy.flows import Flows, step_house
from energy.home import Home
from energy.ledger import credit_per_kwh, total
from energy.planner import Ensemble, best_levels, cost_to_go
from energy.slots import hours, local_day
from energy.tariff import Prices
from ingest.history import History
from knowledge.days import DayRecord, Floats, energy_kwh, profile
from knowledge.forecast import DayShape, Recent, futures, horizon
from knowledge.similar import FingerprintTable

_MEMBERS = 12
_AHEAD = timedelta(hours=24)
_RECENT = timedelta(hours=2)

# What decides: the index of the slot and the energy stored, to levels.
Decider = Callable[[int, float], Levels]


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


def cost(home: Home, played: Stretch, decide: Decider) -> float:
    """Bill of a stretch that starts with an empty battery, less the worth of what is left at its end."""
    stored_kwh, flows = home.battery.min_kwh, []
    for at in range(len(played.starts)):
        flow = step_house(
            float(played.load_kw[at]),
            float(played.pv_kw[at]),
            stored_kwh,
            levels=decide(at, stored_kwh),
            battery=home.battery,
            grid=home.grid,
            hours=played.hours,
        )
        stored_kwh = float(flow.stored_kwh)
        flows.append(flow)
    series = Flows(**{name: np.array([float(getattr(flow, name)) for flow in flows]) for name in Flows.__slots__})
    start_kwh = home.battery.min_kwh
    ledger = total(series, played.prices, battery=home.battery, hours=played.hours, start_kwh=start_kwh)
    return ledger.bill - (stored_kwh - start_kwh) * credit_per_kwh(played.prices, home.battery)


def self_consumption(at: int, stored_kwh: float) -> Levels:
    """Plain self-consumption, which looks at nothing."""
    del at, stored_kwh
    return SELF_CONSUMPTION


class Planner:
    """The advisor without a model: similar days, possible futures, levels; the functions of the running service."""

    def __init__(self, history: History) -> None:
        self._home, self._step = history.home, history.step
        self._days = {record.day: record for record in history.days}
        self._table = FingerprintTable(history.home, history.days)
        self._shapes = {record.day: _shape(record, history.home, history.step) for record in history.days}
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
        ensemble = Ensemble(possible.load_kw, possible.pv_kw, home.tariff.prices(starts, home.tz), played.hours)
        return best_levels(ensemble, home, cost_to_go(ensemble, home))[0]

    def _near(self, today: date) -> list[date]:
        if today not in self._neighbours:
            forecast = self._days[today].pv_forecast_kw
            expected = None if forecast is None or np.isnan(forecast).all() else energy_kwh(forecast, self._step)
            ranked = self._table.rank(today, _MEMBERS, expected_pv_kwh=expected)
            self._neighbours[today] = [near.day for near in ranked]
        return self._neighbours[today]

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


def _shape(record: DayRecord, home: Home, step: timedelta) -> DayShape:
    forecast = record.pv_forecast_kw
    return DayShape(
        day=record.day,
        load_kw=profile(record, record.load_kw, zone=home.tz, step=step),
        pv_kw=profile(record, record.pv_kw, zone=home.tz, step=step),
        pv_forecast_kw=None if forecast is None else profile(record, forecast, zone=home.tz, step=step),
    )


def _bridged(power_kw: Floats) -> Floats:
    known = np.flatnonzero(~np.isnan(power_kw))
    return np.interp(np.arange(len(power_kw)), known, power_kw[known])
