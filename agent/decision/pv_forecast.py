"""The PV forecast as the house tells it: what is expected now, and what was first told for each slot."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from agent.decision.day_ahead_forecast import DayAheadForecast, made_by
from energy.slots import floor_slot, hours
from knowledge.days import Floats
from transport.payloads import PvForecast

_OLDEST = timedelta(days=1)
_KEPT = timedelta(days=2)


class PvForecasts:
    """Holds the newest forecast, and for each slot the last ones made before its day and before itself."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._newest: PvForecast | None = None
        self._first = DayAheadForecast(zone)
        self._last: dict[datetime, float] = {}

    @property
    def made_at(self) -> datetime | None:
        """When the newest forecast was made."""
        return self._newest.time if self._newest is not None else None

    def update(self, forecast: PvForecast, *, now: datetime | None = None) -> None:
        """Take in a forecast; an older one than known is ignored, and one dated after `now` was made now."""
        if self._newest is not None and forecast.time < made_by(self._newest, now).time:
            return
        self._newest = made_by(forecast, now)
        self._first.update(self._newest, forecast.values_kw)
        self._last = {start: value for start, value in self._last.items() if start > self._newest.time - _KEPT}
        self._last |= {start: value for start, value in _slots(self._newest) if start >= self._newest.time}

    def is_fresh(self, now: datetime) -> bool:
        """Whether there is a forecast that is used now."""
        return self._newest is not None and now - self._newest.time <= _OLDEST

    def day_ahead(self, start: datetime) -> float | None:
        """The forecast for a slot as it stood when its day began, if it was heard."""
        return self._first.at(start)

    def nowcast(self, start: datetime) -> float | None:
        """The forecast for a slot as it was made last before the slot began."""
        if self._newest is None:
            return None
        return self._last.get(floor_slot(start, timedelta(minutes=self._newest.step_minutes)))

    def energy_kwh(self, day: date) -> float | None:
        """Energy that was forecast for a whole local day when it began; None where part of it was not heard."""
        if self._newest is None:
            return None
        forecast_kw = self._first.on(day)
        return sum(forecast_kw) * hours(timedelta(minutes=self._newest.step_minutes)) if forecast_kw else None

    def ahead(self, first: datetime, reach: timedelta, step: timedelta) -> Floats | None:
        """The newest forecast for each slot from `first`; NaN past its end, None without one younger than a day."""
        newest = self._newest
        if newest is None or first - newest.time > _OLDEST:
            return None
        forecast_step = timedelta(minutes=newest.step_minutes)
        at = [(first + index * step - newest.start) // forecast_step for index in range(reach // step)]
        known = len(newest.values_kw)
        values = [newest.values_kw[index] if 0 <= index < known else None for index in at]
        return np.array([np.nan if value is None else value for value in values])


def _slots(forecast: PvForecast) -> Iterator[tuple[datetime, float]]:
    step = timedelta(minutes=forecast.step_minutes)
    values = enumerate(forecast.values_kw)
    return ((forecast.start + at * step, value) for at, value in values if value is not None)
