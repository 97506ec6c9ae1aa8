"""A weather forecast from Open-Meteo, for those online: cached, one request an hour at most, never required.

The service is free for private use and needs no key: https://open-meteo.com/en/docs. Coordinates are rounded to a
hundredth of a degree before they leave the house.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import httpx
import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from energy.panels import Place
from energy.slots import Instant
from knowledge.days import Floats

_log = logging.getLogger(__name__)

OPEN_METEO = "https://api.open-meteo.com"
_HOUR = timedelta(hours=1)
_ASKED_AT_MOST = _HOUR
_STALE_AFTER = timedelta(hours=24)
_LONGEST_ANSWER = 512 * 1024
_LONGEST_REASON = 200
_TIMEOUT_S = 10.0
_WAITS_S = (1.0, 4.0)
_TRY_AGAIN = frozenset({500, 502, 503, 504})
# Series -> (its name and unit there, least, most).
_SERIES = {
    "temperature_c": ("temperature_2m", "°C", -90.0, 60.0),
    "ghi_w_m2": ("shortwave_radiation", "W/m²", -5.0, 1500.0),
    "dni_w_m2": ("direct_normal_irradiance", "W/m²", -5.0, 1500.0),
    "dhi_w_m2": ("diffuse_radiation", "W/m²", -5.0, 1500.0),
    "wind_m_s": ("wind_speed_10m", "m/s", 0.0, 120.0),
}


@dataclass(frozen=True, slots=True, eq=False)
class HourlyForecast:
    """Hours from `start` on, as forecast at `made_at`: temperature, irradiance and wind, arrays of shape (hours,)."""

    made_at: datetime
    start: datetime
    temperature_c: Floats
    ghi_w_m2: Floats
    dni_w_m2: Floats
    dhi_w_m2: Floats
    wind_m_s: Floats


@dataclass(frozen=True, slots=True)
class NoForecast:
    """Why there is none."""

    reason: str


class OpenMeteo:
    """Forecasts for one place; questions and answers are kept in `folder`."""

    def __init__(
        self,
        place: Place,
        folder: Path,
        *,
        client: httpx.Client | None = None,
        base_url: str = OPEN_METEO,
        wait: Callable[[float], None],
    ) -> None:
        self._place = Place(latitude=round(place.latitude, 2), longitude=round(place.longitude, 2))
        self._client = client or httpx.Client(timeout=_TIMEOUT_S, headers={"User-Agent": "energy-advisor"})
        self._url = f"{base_url}/v1/forecast"
        self._wait = wait
        self._cache = folder / f"open-meteo_{self._place.latitude}_{self._place.longitude}.json"
        self._asked = self._cache.with_suffix(".asked")

    def forecast(self, now: datetime) -> HourlyForecast | NoForecast:
        """The newest forecast that may be had: asked for when the hour is over, else out of the cache."""
        trouble = self._refresh(now) if self._may_ask(now) else None
        kept = self._kept()
        if kept is None:
            return NoForecast(trouble or "asked within the hour without an answer: wait")
        if now - kept.made_at > _STALE_AFTER:
            return NoForecast(trouble or f"the newest forecast is of {kept.made_at.isoformat()}: too old")
        hours = kept.covering(now)
        return hours or NoForecast(f"the forecast of {kept.made_at.isoformat()} says nothing of {now.isoformat()}")

    def _may_ask(self, now: datetime) -> bool:
        try:
            asked = datetime.fromisoformat(self._asked.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return True
        # A clock that went backwards must not lock the service out.
        return not timedelta(0) <= now - asked < _ASKED_AT_MOST

    def _refresh(self, now: datetime) -> str | None:
        """Ask and keep the answer; why not, if there was none worth keeping."""
        self._cache.parent.mkdir(parents=True, exist_ok=True)
        self._asked.write_text(now.isoformat(), encoding="ascii")
        answer = self._ask()
        if isinstance(answer, NoForecast):
            _log.warning("no weather forecast: %s", answer.reason)
            return answer.reason
        try:
            kept = _CachedForecast(made_at=now.astimezone(UTC), answer=_OpenMeteoAnswer.model_validate_json(answer))
        except ValidationError as err:
            fault = err.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in fault["loc"])
            _log.warning("weather forecast not understood: %s: %s", where, fault["msg"])
            return f"the answer of {self._url} is not understood: {where}: {fault['msg']}"
        if kept.covering(now) is None:
            return f"the answer of {self._url} says nothing of {now.isoformat()}"
        draft = self._cache.with_suffix(".new")
        draft.write_text(kept.model_dump_json(), encoding="utf-8")
        draft.replace(self._cache)
        return None

    def _ask(self) -> bytes | NoForecast:
        """One request; faults of the line and of the server are tried again, twice, after a while."""
        trouble = NoForecast("never asked")
        for wait_s in (0.0, *_WAITS_S):
            if wait_s:
                self._wait(wait_s)
            try:
                with self._client.stream("GET", self._url, params=self._parameters()) as reply:
                    if reply.status_code == httpx.codes.OK:
                        return _body(reply)
                    trouble = NoForecast(f"{self._url} answered {reply.status_code}{_reason(reply)}")
                    if reply.status_code not in _TRY_AGAIN:
                        return trouble
            except httpx.HTTPError as err:
                trouble = NoForecast(f"{self._url} cannot be reached ({type(err).__name__}): check the line")
        return trouble

    def _parameters(self) -> dict[str, str]:
        return {
            "latitude": str(self._place.latitude),
            "longitude": str(self._place.longitude),
            "hourly": ",".join(name for name, *_ in _SERIES.values()),
            "wind_speed_unit": "ms",
            "timeformat": "unixtime",
            "timezone": "GMT",
            "past_days": "1",
            "forecast_days": "4",
        }

    def _kept(self) -> "_CachedForecast | None":
        try:
            return _CachedForecast.model_validate_json(self._cache.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError):
            _log.warning("cached forecast %s is damaged: it is asked for anew", self._cache)
            return None


def _body(reply: httpx.Response) -> bytes | NoForecast:
    body = b""
    for part in reply.iter_bytes():
        body += part
        if len(body) > _LONGEST_ANSWER:
            return NoForecast(f"the answer is longer than {_LONGEST_ANSWER} bytes: not read")
    return body


def _reason(reply: httpx.Response) -> str:
    """The service's own word on why it refuses, such as which limit was reached; empty without one."""
    body = _body(reply)
    try:
        reason = _ErrorBody.model_validate_json(body).reason if isinstance(body, bytes) else ""
    except ValidationError:
        return ""
    return f": {reason[:_LONGEST_REASON]!r}" if reason else ""


class _ErrorBody(BaseModel):
    reason: str


class _OpenMeteoAnswer(BaseModel):
    """What is read of an answer; the service may add fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    hourly_units: dict[str, str]
    hourly: dict[str, tuple[float | None, ...]]

    @model_validator(mode="after")
    def _is_a_forecast(self) -> Self:
        time = self.hourly.get("time", ())
        if len(time) < 2 or any(later is None or later - (time[0] or 0) != 3600 * at for at, later in enumerate(time)):
            raise ValueError("hourly.time is not a row of consecutive hours")
        for name, unit, least, most in _SERIES.values():
            values = self.hourly.get(name, ())
            if len(values) != len(time):
                raise ValueError(f"hourly.{name} has {len(values)} values for {len(time)} hours")
            if self.hourly_units.get(name) != unit:
                raise ValueError(f"hourly_units.{name} is {self.hourly_units.get(name)!r}, not {unit!r}")
            if wrong := [value for value in values if value is not None and not least <= value <= most]:
                raise ValueError(f"hourly.{name} holds {wrong[0]!r}, outside {least:g} to {most:g} {unit}")
        return self


class _CachedForecast(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    made_at: Instant
    answer: _OpenMeteoAnswer

    def covering(self, now: datetime) -> HourlyForecast | None:
        """The forecast, if it has something to say of `now`."""
        hours = self._hourly()
        covers = hours is not None and hours.start <= now < hours.start + len(hours.temperature_c) * _HOUR
        return hours if covers else None

    def _hourly(self) -> HourlyForecast | None:
        """Hours by their starts: radiation is told for the hour before its time, the rest for the instant."""
        hourly = self.answer.hourly
        series = {name: _filled(hourly[there]) for name, (there, *_) in _SERIES.items()}
        radiation = {name: np.maximum(values[1:], 0) for name, values in series.items() if name.endswith("w_m2")}
        middles = {name: (values[:-1] + values[1:]) / 2 for name, values in series.items() if name not in radiation}
        known = np.flatnonzero(~np.isnan(np.sum([*radiation.values(), *middles.values()], axis=0))).tolist()
        if not known:
            return None
        whole = slice(known[0], known[-1] + 1)
        cut = {name: values[whole] for name, values in (radiation | middles).items()}
        first = datetime.fromtimestamp(hourly["time"][0] or 0, tz=UTC)
        return HourlyForecast(made_at=self.made_at, start=first + known[0] * _HOUR, **cut)


def _filled(values: tuple[float | None, ...]) -> Floats:
    """Single missing hours bridged by a straight line; missing ends stay NaN."""
    numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    known = np.flatnonzero(~np.isnan(numbers))
    if not len(known):
        return numbers
    at = np.arange(len(numbers))
    return np.asarray(np.interp(at, known, numbers[known], left=np.nan, right=np.nan), dtype=np.float64)
