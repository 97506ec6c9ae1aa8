"""The home of a study: made up from a few answers, or the own past with gaps filled from the made-up one."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from energy.battery import Battery
from energy.errors import DataError
from energy.panels import PvArray, PvPlant
from energy.pricing.tariff import FlatTariff
from energy.slots import DAY
from eval.study.play.wishes import Dwellers, StudyWishes
from ingest.history.table import History
from knowledge.days import DayRecord, Floats, coarser, is_complete
from simulator.synthetic.spec import CarSpec, HomeSpec, HouseSpec, Life
from simulator.weather.climate import ClimateWishes

# Days before the year, from which the planner learns.
PAST_DAYS = 28
_LEAST_DAYS = 56
_NONE = Battery(capacity_kwh=0.0, max_charge_kw=0.0, max_discharge_kw=0.0)
# Dinner is late in Spain.
_DINNER = {"ES": 20.75, "PT": 20.0, "IT": 20.0, "GR": 20.5}


def first_day(wishes: StudyWishes) -> date:
    """The first day that is lived: the year's past begins before it."""
    return date(wishes.year, 1, 1) - PAST_DAYS * DAY


def lived_days(year: int) -> int:
    """How many days are lived: those of the year and those before it."""
    return PAST_DAYS + (date(year + 1, 1, 1) - date(year, 1, 1)).days


def household_spec(wishes: StudyWishes, household: Dwellers | None = None) -> HomeSpec:
    """A made-up home at the place, with panels of 1 kWp: what they give is scaled to each size."""
    lived = household or wishes.household
    panels = PvArray(peak_kw=1.0, tilt_deg=wishes.panels.tilt_deg, azimuth_deg=wishes.panels.azimuth_deg)
    electric = {"other": "none"}
    return HomeSpec(
        name="study",
        place=wishes.place,
        zone=wishes.zone,
        currency=wishes.currency,
        first_day=first_day(wishes),
        life=Life(people=lived.people, habits=lived.habits, dinner_hour=_DINNER.get(wishes.country, 19.5)),
        house=HouseSpec.model_validate(
            {
                "floor_m2": lived.floor_m2,
                "heating": electric.get(lived.heating, lived.heating),
                "hot_water": electric.get(lived.hot_water, lived.hot_water),
                "cooling": lived.cooling,
            }
        ),
        car=CarSpec() if lived.car else None,
        pv=PvPlant(arrays=(panels,), inverter_kw=1.0),
        battery=_NONE,
        tariff=FlatTariff(import_price=0.0, export_price=0.0),
        climate=ClimateWishes(mean_temperature_c=wishes.mean_c),
    )


@dataclass(frozen=True, slots=True)
class OwnYear:
    """A year of a recorded home with panels of 1 kWp, and how many of its days are its own."""

    history: History
    own_days: int
    own_pv: bool


def own_year(recorded: History, made_up: History, step: timedelta) -> OwnYear:
    """The last recorded year, hour by hour; days that are missing are the made-up home's, scaled to its load.

    Panels that stand there give what they gave, per kWp; a home without panels gets the made-up home's sun.

    Raises:
        DataError: fewer than eight weeks were recorded, or in slots longer than those of the study.
    """
    days = {record.day: _in_step(record, step) for record in recorded.days if _has_load(record)}
    if len(days) < _LEAST_DAYS:
        raise DataError(
            f"{len(days)} days of {recorded.home.name!r} are stored, a study needs {_LEAST_DAYS} (eight weeks): "
            "ingest more history, or leave --home out and describe the household",
        )
    peak_kw = recorded.home.pv_peak_kw
    own_pv = peak_kw > 0 and any(is_complete(record) for record in days.values())
    level = _level(days, made_up)
    twins = {record.day: _same_day(record.day, days, made_up.days[PAST_DAYS].day) for record in made_up.days}
    filled = [_filled(record, twins[record.day], peak_kw if own_pv else 0.0, level) for record in made_up.days]
    own = sum(twins[record.day] is not None for record in filled[PAST_DAYS:])
    home = recorded.home.model_copy(update={"pv_peak_kw": 1.0, "battery": _NONE, "devices": ()})
    return OwnYear(History(home, step, tuple(filled), recorded.warnings), own, own_pv)


def _has_load(record: DayRecord) -> bool:
    return bool(np.mean(~np.isnan(record.load_kw)) > 0.95)


def _in_step(record: DayRecord, step: timedelta) -> DayRecord:
    if record.step > step:
        raise DataError(f"days are stored in slots of {record.step}, the study wants {step}: use --step-minutes 60")
    return record if record.step == step else coarser(record, step)


def _before(day: date) -> date:
    """The same weekday about a year earlier."""
    return day - 52 * 7 * DAY


def _level(days: dict[date, DayRecord], made_up: History) -> float:
    """How much more the home uses than the made-up one on days of the same season."""
    twins = {record.day.timetuple().tm_yday: record for record in made_up.days}
    pairs = [(record, twins.get(day.timetuple().tm_yday)) for day, record in days.items()]
    own = [(float(np.nanmean(one.load_kw)), float(np.nanmean(two.load_kw))) for one, two in pairs if two is not None]
    used, supposed = (sum(values) for values in zip(*own, strict=True)) if own else (1.0, 1.0)
    return used / supposed if supposed else 1.0


def _filled(twin: DayRecord, found: DayRecord | None, peak_kw: float, level: float) -> DayRecord:
    """The made-up day with what the home itself used and got on the same day, or on that weekday of another year."""
    if found is None or len(found.load_kw) != len(twin.load_kw):
        return replace(twin, load_kw=twin.load_kw * level, notes=())
    load_kw = np.where(np.isnan(found.load_kw), np.nanmean(found.load_kw), found.load_kw)
    if not peak_kw or not is_complete(found):
        return replace(twin, load_kw=load_kw, notes=())
    pv_kw: Floats = np.nan_to_num(found.pv_kw) / peak_kw
    forecast = None if found.pv_forecast_kw is None else found.pv_forecast_kw / peak_kw
    return replace(twin, load_kw=load_kw, pv_kw=pv_kw, pv_forecast_kw=forecast, notes=())


def _same_day(day: date, days: dict[date, DayRecord], first: date) -> DayRecord | None:
    """The same day, or the same weekday and season of a year before the one that begins on `first`."""
    if day in days:
        return days[day]
    oldest, candidate = min(days), _before(day)
    while candidate >= oldest:
        if candidate < first and candidate in days:
            return days[candidate]
        candidate = _before(candidate)
    return None


def day_span(history: History, first: date, last: date) -> tuple[DayRecord, ...]:
    """Days of a history from one to another, both included."""
    return tuple(record for record in history.days if first <= record.day <= last)
