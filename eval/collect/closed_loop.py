"""Plans on past days, slot by slot and never looking ahead: the functions of the running service without a model."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from energy.commands import Levels
from energy.planning.planner import Ensemble, best_levels, cost_to_go, follow
from energy.price_outlook import price_outlook
from energy.slots import DAY, local_day
from eval.collect.playing import Setpoint, Stretch
from ingest.history.pv_forecast import forecast_a_day_before
from ingest.history.table import History
from knowledge.days import Floats, profile
from knowledge.embedder import TextEmbedder
from knowledge.fingerprint import WEIGHTS, Weights, foreseen
from knowledge.forecast import DayShape, Recent, futures, horizon, renewed, shape_of
from knowledge.similar import FingerprintTable, SimilarDay

MEMBERS = 12
AHEAD = timedelta(hours=24)
_RECENT = timedelta(hours=2)
_HOUR = timedelta(hours=1)

# Which of the earlier days stand for today: the day, those that may be chosen oldest first, to those chosen.
DayChoice = Callable[[date, list[date]], list[date]]


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known when a slot begins: days before it and its own as far as it went, the forecast, the last hours."""

    today: date
    shapes: dict[date, DayShape]
    pv_forecast_kw: Floats | None
    recent: Recent


class Planner:
    """The advisor without a model: similar days, possible futures, levels; the functions of the running service.

    With `choose` other past days stand for the similar ones, with `mean` their one mean future is planned for, and with
    `persist` the slot that begins is taken to be like the one just measured, which is the best guess for a set-point.
    """

    def __init__(
        self,
        history: History,
        *,
        choose: DayChoice | None = None,
        mean: bool = False,
        persist: bool = False,
        weights: Weights = WEIGHTS,
    ) -> None:
        self._choose = choose
        self._mean, self._persist = mean, persist
        self._home, self._step = history.home, history.step
        self._days = {record.day: record for record in history.days}
        self._table = FingerprintTable(history.home, history.days, embed=TextEmbedder(), weights=weights)
        self._shapes = {record.day: shape_of(record, history.home.tz, history.step) for record in history.days}
        self._chosen: dict[date, list[date]] = {}

    def levels(self, played: Stretch, at: int, stored_kwh: float) -> Levels:
        """Levels for one slot of a stretch, from what is known when it begins."""
        del stored_kwh
        return self._first_levels(self.ensemble(played, at))

    def setpoint(self, played: Stretch, at: int, stored_kwh: float) -> Setpoint:
        """The power that the plan's mean future has in its first slot."""
        ensemble = self.ensemble(played, at)
        [flow] = follow([self._first_levels(ensemble)], ensemble, self._home, stored_kwh)
        return Setpoint(float(np.mean(flow.charge_kw - flow.discharge_kw)))

    def _first_levels(self, ensemble: Ensemble) -> Levels:
        return best_levels(ensemble, self._home, cost_to_go(ensemble, self._home), slots=1)[0]

    def ensemble(self, played: Stretch, at: int) -> Ensemble:
        """Possible futures of the next day and their prices, from what is known when a slot begins."""
        home, step = self._home, self._step
        starts = [played.starts[at] + index * step for index in range(AHEAD // step)]
        known = self.known(played, at)
        possible = futures(
            horizon(starts, home.tz, step),
            self._near(known.shapes[known.today]),
            known.shapes,
            pv_forecast_kw=known.pv_forecast_kw,
            pv_peak_kw=home.pv_peak_kw,
            recent=known.recent,
        )
        load_kw, pv_kw = possible.load_kw, possible.pv_kw
        if self._mean:
            load_kw, pv_kw = load_kw.mean(axis=0, keepdims=True), pv_kw.mean(axis=0, keepdims=True)
        if self._persist and at:
            load_kw[:, 0], pv_kw[:, 0] = played.load_kw[at - 1], played.pv_kw[at - 1]
        ahead = price_outlook(home.tariff, starts, home.tz, now=starts[0], members=len(load_kw))
        return Ensemble(load_kw, pv_kw, ahead.prices, played.hours, None if self._mean else ahead.members)

    def known(self, played: Stretch, at: int) -> Known:
        """What may be used for a decision at a slot's beginning."""
        now = played.starts[at]
        today = local_day(now, self._home.tz)
        shapes = {day: shape for day, shape in self._shapes.items() if day < today}
        return Known(
            today=today,
            shapes=shapes | {today: self._so_far(today, now)},
            pv_forecast_kw=self._forecast(today, now, AHEAD // self._step),
            recent=self._recent(played, at, today),
        )

    def similar(self, so_far: DayShape) -> list[SimilarDay]:
        """The days before today that are most like it as far as it has gone, nearest first."""
        expected = foreseen(self._days[so_far.day])
        return self._table.rank(so_far.day, MEMBERS, expected=expected, so_far_kw=so_far.hourly_load_kw)

    def _near(self, so_far: DayShape) -> list[date]:
        if self._choose is None:
            return [near.day for near in self.similar(so_far)]
        today = so_far.day
        if today not in self._chosen:
            self._chosen[today] = self._choose(today, [day for day in self._table.days if day < today])
        return self._chosen[today]

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
        """What is forecast of the slots ahead: at midnight of today, or renewed since, and then of tomorrow too."""
        record = self._days[today]
        if record.pv_forecast_kw is None:
            return None
        passed = (now - record.start) // self._step
        ahead = record.pv_forecast_kw[passed:][:slots]
        if record.pv_nowcast_kw is not None:
            lead_h = np.arange(len(ahead), dtype=np.float64) * (self._step / _HOUR)
            rest = renewed(record.pv_nowcast_kw[passed:][:slots], ahead, lead_h)
            ahead = np.concatenate([rest, self._of_tomorrow(today)[: slots - len(rest)]])
        return np.concatenate([ahead, np.full(slots - len(ahead), np.nan)])

    def _of_tomorrow(self, today: date) -> Floats:
        """What is forecast of the whole day after; empty where its own forecast is not known."""
        record = self._days.get(today + DAY)
        if record is None or record.pv_forecast_kw is None:
            return np.empty(0)
        home = self._home
        return forecast_a_day_before(record.pv_forecast_kw, home=home.name, day=record.day, peak_kw=home.pv_peak_kw)

    def _recent(self, played: Stretch, at: int, today: date) -> Recent:
        first, record = max(at - _RECENT // self._step, 0), self._days[today]
        slot = (played.starts[at] - record.start) // self._step
        foreseen_kw = record.pv_forecast_kw if record.pv_nowcast_kw is None else record.pv_nowcast_kw
        if foreseen_kw is not None:
            foreseen_kw = foreseen_kw[max(slot - (at - first), 0) : slot]
        return Recent(played.load_kw[first:at], played.pv_kw[first:at], foreseen_kw)
