"""The temperature outdoors in the hours ahead: as a forecast tells it, and past its end as a day before."""

from collections import deque
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from agent.decision.day_ahead_forecast import DayAheadForecast, made_by
from energy.slots import DAY
from ingest.live.snapshot import Reading
from knowledge.days import Floats
from transport.payloads import TemperatureForecast

# How long a forecast stays as wrong as it is now, or a day as different from the one before.
_LASTS_H = 12.0
_MILD_C = 10.0
# A forecast of midnight serves to the end of its day, which may have 25 hours; now is somewhere in the first slot.
_OLDEST = timedelta(hours=25)
_LONGEST_SLOT = timedelta(hours=1)
_HOUR_S = 3600.0
_DAY_S = DAY.total_seconds()


class OutdoorTemperature:
    """Feels the temperature and hears its forecasts."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._felt: deque[Reading] = deque(maxlen=24 * 60)
        self._newest: TemperatureForecast | None = None
        self._first = DayAheadForecast(zone)

    def feel(self, reading: Reading) -> None:
        """Take in a measured temperature."""
        self._felt.append(reading)

    def update(self, forecast: TemperatureForecast, *, now: datetime | None = None) -> None:
        """Take in a forecast; an older one than known is ignored, and one dated after `now` was made now."""
        if self._newest is not None and forecast.time < made_by(self._newest, now).time:
            return
        self._newest = made_by(forecast, now)
        self._first.update(self._newest, forecast.values_c)

    def day_ahead(self, start: datetime) -> float | None:
        """The forecast for a slot as it stood when its day began, if it was heard."""
        return self._first.at(start)

    def mean_c(self, day: date) -> float | None:
        """Mean of a whole local day as it was told when it began; None where part of it was not heard."""
        forecast_c = self._first.on(day)
        return sum(forecast_c) / len(forecast_c) if forecast_c else None

    def ahead(self, starts: Sequence[datetime]) -> Floats:
        """Temperature of each slot of a plan, from what is known in its first."""
        if not self._felt:
            return np.full(len(starts), _MILD_C)
        at, celsius = self._timeline(starts)
        wanted = _seconds(starts)
        beyond = np.maximum(np.ceil((wanted - at[-1]) / _DAY_S), 0)
        if at[0] > at[-1] - _DAY_S + _HOUR_S:
            return np.where(beyond > 0, celsius[-1], np.interp(wanted, at, celsius))
        since = celsius[-1] - np.interp(at[-1] - _DAY_S, at, celsius)
        fading = since * np.exp(-(wanted - at[-1]) / (_LASTS_H * _HOUR_S))
        return np.asarray(np.interp(wanted - beyond * _DAY_S, at, celsius) + np.where(beyond > 0, fading, 0.0))

    def _timeline(self, starts: Sequence[datetime]) -> tuple[Floats, Floats]:
        """Seconds and temperatures of all that is known: told before it was felt, felt, and told of what comes.

        A forecast of what comes is off by what it is off now, less and less.
        """
        felt_at = _seconds([reading.at for reading in self._felt])
        felt_c = np.array([reading.value for reading in self._felt])
        forecast_at, forecast_c = self._usable(starts[0])
        if not len(forecast_at):
            return felt_at, felt_c
        now = felt_at[-1]
        before, after = forecast_at < felt_at[0], forecast_at > now
        off_k = felt_c[-1] - np.interp(now, forecast_at, forecast_c) if forecast_at[0] <= now else 0.0
        coming_c = forecast_c + off_k * np.exp(-(forecast_at - now) / (_LASTS_H * _HOUR_S))
        return (
            np.concatenate([forecast_at[before], felt_at, forecast_at[after]]),
            np.concatenate([forecast_c[before], felt_c, coming_c[after]]),
        )

    def _usable(self, slot: datetime) -> tuple[Floats, Floats]:
        """Times and values of a forecast that was made by now, and less than a day ago."""
        forecast = self._newest
        if forecast is None or not -_LONGEST_SLOT <= slot - forecast.time <= _OLDEST:
            return np.empty(0), np.empty(0)
        step = timedelta(minutes=forecast.step_minutes)
        return _seconds([forecast.start + at * step for at in range(len(forecast.values_c))]), np.array(
            forecast.values_c
        )


def _seconds(moments: Sequence[datetime]) -> Floats:
    return np.array([moment.timestamp() for moment in moments])
