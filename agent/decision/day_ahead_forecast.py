"""What a forecast told first of each slot: past days are compared with what was known of them when they began."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from energy.slots import day_slots, floor_slot, local_day
from transport.payloads import PvForecast, TemperatureForecast

_KEPT = timedelta(days=2)


_Forecast = TypeVar("_Forecast", PvForecast, TemperatureForecast)


def made_by(forecast: _Forecast, now: datetime | None) -> _Forecast:
    """A forecast, made `now` at the latest: a publisher's clock ahead of ours must not win over later ones for good.

    Without `now`, as where a house's own clock has not come yet, its time is taken as it stands.
    """
    return forecast if now is None or forecast.time <= now else forecast.model_copy(update={"time": now})


class DayAheadForecast:
    """Of each slot the value last told before its local day began, or the first one told in it."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._step = timedelta(minutes=30)
        self._by_start: dict[datetime, float] = {}

    def update(self, forecast: PvForecast | TemperatureForecast, values: Sequence[float | None]) -> None:
        """Take in a forecast that is no older than the last one."""
        made_on = local_day(forecast.time, self._zone)
        self._step = timedelta(minutes=forecast.step_minutes)
        for index, value in enumerate(values):
            start = forecast.start + index * self._step
            known = start in self._by_start and local_day(start, self._zone) <= made_on
            if value is not None and not known:
                self._by_start[start] = value
        self._by_start = {start: value for start, value in self._by_start.items() if start > forecast.time - _KEPT}

    def at(self, moment: datetime) -> float | None:
        """What was told of the slot that holds a moment, if it was heard."""
        return self._by_start.get(floor_slot(moment, self._step))

    def on(self, day: date) -> list[float]:
        """What was told of all slots of a local day; empty where part of it was not heard."""
        values = [self._by_start.get(start) for start in day_slots(day, self._zone, self._step)]
        known = [value for value in values if value is not None]
        return known if len(known) == len(values) else []
