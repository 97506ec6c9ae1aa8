"""Forecasts of a week at their best, as they are, and at their worst: what futures the planner is given."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from energy.planning.planner import Ensemble
from energy.price_outlook import price_outlook
from energy.slots import DAY
from eval.collect.billed_planner import FutureMaker
from eval.collect.closed_loop import AHEAD, Planner
from eval.collect.playing import Stretch
from eval.study.play.jobs import Foresight
from ingest.history.table import History
from knowledge.days import DayRecord

WEEK_DAYS = 7


def future_maker(foresight: Foresight, known: History) -> FutureMaker | None:
    """Who makes the futures; None where nothing is planned.

    Poor forecasts take the sun to be that of the same day a week ago, and consumption to be yesterday's: neither looks
    ahead. Perfect ones are the week as it came, until midnight of the day after it.
    """
    match foresight:
        case "none":
            return None
        case "poor":
            return Planner(_with_old_sun(known), choose=lambda _, days: days[-1:])
        case "ordinary":
            return Planner(known)
        case "perfect":
            return AsItCame(known)


class AsItCame:
    """The one future that will be."""

    def __init__(self, known: History) -> None:
        self._home, self._step = known.home, known.step
        self._first = known.days[0].start
        self._load_kw = np.concatenate([day.load_kw for day in known.days])
        self._pv_kw = np.concatenate([day.pv_kw for day in known.days])

    def ensemble(self, played: Stretch, at: int) -> Ensemble:
        """The next day from a slot on, and prices as they are known when it begins."""
        starts = [played.starts[at] + index * self._step for index in range(AHEAD // self._step)]
        here = (starts[0] - self._first) // self._step
        part = slice(here, here + len(starts))
        ahead = price_outlook(self._home.tariff, starts, self._home.tz, now=starts[0], members=1)
        load_kw, pv_kw = self._load_kw[None, part], self._pv_kw[None, part]
        return Ensemble(load_kw, pv_kw, ahead.prices, self._step / timedelta(hours=1), ahead.members)


def _with_old_sun(known: History) -> History:
    """Days whose solar forecast is what the panels gave a week before; the first week keeps its own."""
    days = {record.day: record for record in known.days}
    return replace(known, days=tuple(_old_sun(record, days.get(record.day - WEEK_DAYS * DAY)) for record in known.days))


def _old_sun(record: DayRecord, before: DayRecord | None) -> DayRecord:
    if before is None or len(before.pv_kw) != len(record.pv_kw):
        return record
    return replace(record, pv_forecast_kw=before.pv_kw)
