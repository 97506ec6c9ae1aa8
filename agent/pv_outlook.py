"""The PV forecast as the house tells it: what is expected now, and what was first told for each slot."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from energy.slots import day_slots, hours, local_day
from knowledge.days import Floats
from transport.payloads import PvForecast

_OLDEST = timedelta(days=1)


class PvOutlook:
    """Holds the newest forecast, and for each slot the last one told before its day began.

    The second is what past days are compared with, so that their errors are those of a forecast at midnight.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._newest: PvForecast | None = None
        self._told: dict[datetime, float] = {}

    def hear(self, forecast: PvForecast) -> None:
        """Take in a forecast; an older one than known is ignored."""
        if self._newest is not None and forecast.time < self._newest.time:
            return
        self._newest = forecast
        told_on = local_day(forecast.time, self._zone)
        step = timedelta(minutes=forecast.step_minutes)
        for index, value in enumerate(forecast.values_kw):
            start = forecast.start + index * step
            if start not in self._told or local_day(start, self._zone) > told_on:
                self._told[start] = value
        horizon = forecast.time - 2 * _OLDEST
        self._told = {start: value for start, value in self._told.items() if start > horizon}

    def first_told(self, start: datetime) -> float | None:
        """The forecast for a slot as it stood when its day began, if it was heard."""
        return self._told.get(start)

    def energy_kwh(self, day: date) -> float | None:
        """Energy that was forecast for a whole local day when it began; None where part of it was not heard."""
        if self._newest is None:
            return None
        step = timedelta(minutes=self._newest.step_minutes)
        told = [self._told.get(start) for start in day_slots(day, self._zone, step)]
        known = [value for value in told if value is not None]
        return sum(known) * hours(step) if len(known) == len(told) else None

    def ahead(self, first: datetime, reach: timedelta, step: timedelta) -> Floats | None:
        """The newest forecast for each slot from `first`; NaN past its end, None without one younger than a day."""
        newest = self._newest
        if newest is None or first - newest.time > _OLDEST:
            return None
        told_step = timedelta(minutes=newest.step_minutes)
        at = [(first + index * step - newest.start) // told_step for index in range(reach // step)]
        known = len(newest.values_kw)
        return np.array([newest.values_kw[index] if 0 <= index < known else np.nan for index in at])
