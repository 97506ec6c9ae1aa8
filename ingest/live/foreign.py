"""What strangers publish: a plain number, a number inside JSON, a PV forecast in the forms that are common."""

import json
import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from energy.errors import DataError
from energy.slots import believable_year, floor_slot, hours
from transport.payloads import PvForecast, first_fault

# What Home Assistant, spreadsheets and portals say where they have no value; files are read with the same list.
NO_VALUE = frozenset(
    {"", "unavailable", "unknown", "none", "null", "nan", "nil", "-", "--", "---", "n/a", "#n/a", "na", "n.a.", "k.a."}
    | {"no data", "nodata", "sin datos", "#value!", "?"},
)
_LONGEST_NUMBER = 16_384
_MINUTE = timedelta(minutes=1)
_STEPS = frozenset(timedelta(minutes=minutes) for minutes in (5, 10, 15, 20, 30, 60))
# How Solcast's Home Assistant integration names time and value of a period.
_PERIOD, _ESTIMATE = "period_start", "pv_estimate"
# Longer forecasts are of no use, and a stray year must not become a million slots.
_LONGEST_FORECAST = timedelta(days=14)
_POWER, _ENERGY = {"W": 0.001, "kW": 1.0}, {"Wh": 0.001, "kWh": 1.0}
FORECAST_UNITS = (*_POWER, *_ENERGY)


def number_in(payload: bytes, path: str | None) -> float:
    """The number of a message: the message itself, or what stands at a dotted path in its JSON (`ENERGY.Power`, `0.w`).

    Raises:
        DataError: there is no number there.
    """
    if len(payload) > _LONGEST_NUMBER:
        raise DataError(f"{len(payload)} bytes is not a sensor value")
    text = payload.decode("utf-8", "replace").strip()
    found = text if path is None else _at_path(text, path)
    if found is None or (isinstance(found, str) and found.strip().lower() in NO_VALUE):
        raise DataError(f"it says {found!r}: the device behind it does not answer")
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        raise DataError(f"{str(found)[:60]!r} is not a number: name its place with path = '…'")
    try:
        value = float(found)
    except (ValueError, OverflowError) as err:
        hint = "name its place with path = '…'" if text.startswith(("{", "[")) else "it must be a number alone"
        raise DataError(f"{str(found)[:60]!r} is not a number: {hint}") from err
    if not math.isfinite(value):
        raise DataError(f"{str(found)[:60]!r} is not a finite number")
    return value


def read_forecast(payload: bytes, *, path: str | None, unit: str, now: datetime) -> PvForecast:
    """A PV forecast: JSON of `{time: value}`, or a list of `{"period_start": time, "pv_estimate": value}`.

    Raises:
        DataError: it is neither, its times are uneven or without a zone, or its unit is not of power or energy.
    """
    forecast = _at_path(payload.decode("utf-8", "replace"), path)
    points = sorted(_points(forecast))
    if len(points) < 2:
        raise DataError(f"pv_forecast: {len(points)} values: a forecast has at least two")
    [(step, _)] = Counter(later - earlier for (earlier, _), (later, _) in pairwise(points)).most_common(1)
    if step not in _STEPS:
        raise DataError(f"pv_forecast: values are {step} apart: 5, 10, 15, 20, 30 or 60 minutes are read")
    if points[-1][0] - points[0][0] > _LONGEST_FORECAST:
        raise DataError(f"pv_forecast: it ends {points[-1][0].isoformat()}, more than two weeks after its beginning")
    start = floor_slot(points[0][0], step)
    slots: dict[int, float] = {(moment - start) // step: value for moment, value in points}
    values = tuple(max(slots.get(at, 0.0), 0.0) * _to_kw(unit, step) for at in range(max(slots) + 1))
    try:
        return PvForecast(time=now, step_minutes=step // _MINUTE, start=start, values_kw=values)
    except ValidationError as err:
        raise DataError(f"pv_forecast: {first_fault(err)}: check its unit") from err


def _points(forecast: Any) -> list[tuple[datetime, float]]:
    try:
        pairs = (
            [(item[_PERIOD], item[_ESTIMATE]) for item in forecast]
            if isinstance(forecast, list)
            else list(dict(forecast).items())
        )
        # A value that is not there yet is a gap, not a reason to go without the rest.
        points = [(datetime.fromisoformat(moment), float(value)) for moment, value in pairs if value is not None]
        for moment, _ in points:
            believable_year(moment)
    except (KeyError, TypeError, ValueError, OverflowError) as err:
        raise DataError(
            f"pv_forecast: {str(forecast)[:60]!r} is not a forecast: {{time: value}}, "
            f"or a list with {_PERIOD} and {_ESTIMATE}"
        ) from err
    if naive := [moment for moment, _ in points if moment.tzinfo is None]:
        raise DataError(f"pv_forecast: time {naive[0].isoformat()!r} has no zone: publish it with an offset")
    if odd := [value for _, value in points if not math.isfinite(value)]:
        raise DataError(f"pv_forecast: {odd[0]!r} is not a finite number")
    return [(moment.astimezone(UTC), value) for moment, value in points]


def _to_kw(unit: str, step: timedelta) -> float:
    """What one unit of a forecast is in kW; energies are those of a step."""
    return _POWER[unit] if unit in _POWER else _ENERGY[unit] / hours(step)


def _at_path(text: str, path: str | None) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise DataError(f"{text[:60]!r} is not JSON: leave path out for a plain number") from err
    for key in path.split(".") if path else ():
        try:
            found = found[int(key)] if isinstance(found, list) else found[key]
        except (KeyError, IndexError, TypeError, ValueError) as err:
            there = ", ".join(found) if isinstance(found, dict) else type(found).__name__
            raise DataError(f"path {path!r} ends at {key!r}: there is {there[:80]!r}") from err
    return found
