"""One home as a worker knows it: last readings, open slots' sums, its clock; all of it fits into one Redis value."""

from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from agent.decision.pv_forecast import PvForecasts
from energy.errors import DataError
from energy.home import Home
from energy.slots import floor_slot
from ingest.live.mapping import check_forecast
from ingest.live.meter import MeteredSlot
from ingest.live.plausible import PlausibilityCheck
from ingest.live.snapshot import QUANTITY, REQUIRED, NoSnapshot, Reading, Role, Snapshot, read_payload, snapshot
from transport.payloads import Moment, PvForecast

STEP = timedelta(minutes=15)
_INSTANT = timedelta(microseconds=1)
_ROLES: dict[str, Role] = {f"house/{role}": role for role in QUANTITY}
CLOCK, PV_FORECAST = "house/clock", "house/pv_forecast"
# How many open slots a home may have: one that dates its readings at random has no more.
_MOST_OPEN = 4


class HomeState:
    """Takes a home's messages in; a reading that is no newer than the last of its sensor changes nothing."""

    def __init__(self, home: Home, stored: bytes | None = None) -> None:
        self.home = home
        self.readings: dict[Role, Reading] = {}
        self.clock: datetime | None = None
        self.decided: datetime | None = None
        self.command_at: datetime | None = None
        self.counted = 0
        self.pv_forecast = PvForecasts(home.tz)
        self._forecast = ""
        # Why a stored forecast was dropped, as where the home has fewer panels than it had.
        self.misfit = ""
        self._finished_to = datetime.min.replace(tzinfo=UTC)
        # Of each open slot and sensor: sum, count, sums of the positive and the negative part, the last value.
        self._open: dict[datetime, dict[str, list[float]]] = defaultdict(dict)
        self._plausibility = PlausibilityCheck(home)
        if stored is not None:
            self._restore(orjson.loads(stored))

    def take(self, name: str, payload: bytes, *, wall: datetime | None) -> None:
        """Take in a message; `wall` is the time that no reading may be ahead of, None for homes that simulate theirs.

        Raises:
            AdvisorError, ValidationError: it cannot be what it should; nothing has changed.
        """
        if (role := _ROLES.get(name)) is not None:
            self._take_reading(role, read_payload(role, payload, now=wall, home=self.home))
        elif name == CLOCK and wall is None:
            self.clock = Moment.model_validate_json(payload).time.astimezone(UTC)
        elif name == PV_FORECAST:
            self._take_forecast(payload)

    def snapshot(self, now: datetime, max_age_s: float) -> Snapshot | NoSnapshot:
        """The home now, if its readings are fresh, in range, in balance and believable."""
        return self._plausibility.judged(snapshot(self.readings, now=now, max_age_s=max_age_s))

    def finished(self, now: datetime) -> list[MeteredSlot]:
        """Slots that are over and have all they need, oldest first; each is given once."""
        over = sorted(start for start in self._open if start + STEP <= now)
        slots = [(start, self._open.pop(start)) for start in over]
        self._finished_to = max([self._finished_to, *over])
        return [self._metered(start, sums) for start, sums in slots if sums.keys() >= set(REQUIRED)]

    def stored(self) -> bytes:
        """Everything that must survive a worker."""
        return orjson.dumps(
            {
                "readings": {role: [one.value, one.at] for role, one in self.readings.items()},
                "clock": self.clock,
                "decided": self.decided,
                "command_at": self.command_at,
                "counted": self.counted,
                "forecast": self._forecast,
                "finished_to": self._finished_to,
                "open": [[start, sums] for start, sums in self._open.items()],
            }
        )

    def _take_reading(self, role: Role, reading: Reading) -> None:
        known = self.readings.get(role)
        if known is not None and reading.at <= known.at:
            return
        self.readings[role] = reading
        self.counted += 1
        self._plausibility.update(role, reading)
        start = floor_slot(reading.at - _INSTANT, STEP)
        if start > self._finished_to:
            self._add(start, role, reading.value)

    def _add(self, start: datetime, role: Role, value: float) -> None:
        if start not in self._open and len(self._open) >= _MOST_OPEN:
            del self._open[min(self._open)]
        total, count, above, below, _ = self._open[start].get(role, [0.0] * 5)
        self._open[start][role] = [total + value, count + 1, above + max(value, 0), below - min(value, 0), value]

    def _take_forecast(self, payload: bytes) -> None:
        forecast = PvForecast.model_validate_json(payload)
        check_forecast(forecast, self.home)
        self.pv_forecast.update(forecast)
        self._forecast = payload.decode()

    def _metered(self, start: datetime, sums: dict[str, list[float]]) -> MeteredSlot:
        def mean(role: Role, part: int = 0) -> float | None:
            return sums[role][part] / sums[role][1] if role in sums else None

        return MeteredSlot(
            start=start,
            load_kw=mean("load_power") or 0.0,
            pv_kw=max(mean("pv_power") or 0.0, 0.0),
            soc=sums["battery_soc"][4],
            pv_forecast_kw=self.pv_forecast.day_ahead(start),
            grid_import_kw=mean("grid_power", 2),
            grid_export_kw=mean("grid_power", 3),
            charge_kw=mean("battery_power", 3),
            discharge_kw=mean("battery_power", 2),
            temperature_c=mean("outdoor_temperature"),
            pv_nowcast_kw=self.pv_forecast.nowcast(start),
        )

    def _restore(self, known: dict[str, Any]) -> None:
        self.readings = {role: Reading(value, _time(at)) for role, (value, at) in known["readings"].items()}
        self.clock, self.decided, self.command_at = (
            _time(known[name]) if known[name] else None for name in ("clock", "decided", "command_at")
        )
        self.counted, self._finished_to = known["counted"], _time(known["finished_to"])
        self._open.update({_time(start): sums for start, sums in known["open"]})
        if known["forecast"]:
            try:
                self._take_forecast(known["forecast"].encode())
            except DataError as err:
                self.misfit = str(err)


def pack_slot(slot: MeteredSlot) -> bytes:
    """A metered slot as it is kept."""
    return orjson.dumps({name: value for name, value in asdict(slot).items() if value is not None})


def unpack_slot(packed: bytes) -> MeteredSlot:
    """The same slot again."""
    fields = orjson.loads(packed)
    return MeteredSlot(**fields | {"start": _time(fields["start"])})


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
