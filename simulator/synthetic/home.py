"""A home that never was: its weather, people, devices and panels lived through, as day records or as a recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from energy.errors import SettingsError
from energy.home import Home
from energy.pricing.tariff import is_rest_day
from energy.solar import SlotSpan, pv_power
from ingest.history.table import History
from knowledge.days import DayRecord
from simulator.clock import LocalDays
from simulator.house.recording import Recording
from simulator.noise import Floats
from simulator.synthetic.car import CarHistory, drive_and_charge
from simulator.synthetic.diary import Diary, write_diary
from simulator.synthetic.household import HouseholdContext, plug_loads
from simulator.synthetic.indoors import Indoors, live_indoors
from simulator.synthetic.outlook import WeatherForecast, look_ahead, pv_outlook
from simulator.synthetic.people import Occupancy, who_is_home
from simulator.synthetic.spec import HomeSpec
from simulator.weather.climate import climate_of
from simulator.weather.weather import Weather, make_weather

STEP = timedelta(minutes=5)
_MOST_DAYS = 3660
HISTORY_STEP = timedelta(minutes=30)
# Lived beyond the last day that is asked for; to live fewer would draw another life from the same seed.
_BEYOND_DAYS = 2
# How long before a slot its last forecast is made, in hours.
_LAST_LEAD_H = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticYear:
    """All that was lived, in five-minute steps of shape (slots,): `loads` holds the power of each device in kW.

    `midnight` is what had been forecast of each day when it began, and `pv_nowcast_kw` of each slot just before it.
    Series reach two days beyond `days`.
    """

    spec: HomeSpec
    local: LocalDays
    days: int
    weather: Weather
    diary: Diary
    presence: Occupancy
    loads: dict[str, Floats]
    indoors: Indoors
    car: CarHistory | None
    pv_kw: Floats
    midnight: WeatherForecast | None
    pv_forecast_kw: Floats | None
    pv_nowcast_kw: Floats | None

    @property
    def load_kw(self) -> Floats:
        """Consumption of the whole house."""
        total: Floats = np.sum(list(self.loads.values()), axis=0)
        return total


def live(spec: HomeSpec, *, seed: int, days: int, weather_seed: int | None = None) -> SyntheticYear:
    """Live through `days` local days from the spec's first one; the same spec and seed give the same year.

    With a `weather_seed` the same people live through other weather.

    Raises:
        SettingsError: the number of days is impossible.
    """
    if not 1 <= days <= _MOST_DAYS:
        raise SettingsError(f"{days!r} days cannot be simulated: use 1 to {_MOST_DAYS}")
    home = spec.home()
    local = LocalDays(spec.first_day, days + _BEYOND_DAYS, home.tz, STEP)
    climate = climate_of(spec.place, spec.climate)
    sky = seed if weather_seed is None else weather_seed
    weather = make_weather(spec.place, climate, SlotSpan(local.start, STEP, local.slots), seed=sky)
    rest_days = [is_rest_day(home.tariff, day) for day in local.days]
    diary = write_diary(spec, local, seed=seed, warm_day=climate.warmest_day)
    presence = who_is_home(spec.life, local, diary, rest_days=rest_days, warm_day=climate.warmest_day, seed=seed)
    situation = HouseholdContext(spec, local, diary, presence, weather, rest_days, seed)
    plugs = plug_loads(situation)
    indoors = live_indoors(situation, np.sum(list(plugs.values()), axis=0))
    car = None if spec.car is None else drive_and_charge(spec.car, local, diary, presence, seed=seed)
    midnight = look_ahead(weather, _hours_into_day(local), quality=spec.forecast, seed=sky)
    lately = look_ahead(weather, np.full(local.slots, _LAST_LEAD_H), quality=spec.forecast, seed=sky)
    return SyntheticYear(
        spec=spec,
        local=local,
        days=days,
        weather=weather,
        diary=diary,
        presence=presence,
        loads=plugs | indoors.loads | ({} if car is None else {"car": car.charging_kw}),
        indoors=indoors,
        car=car,
        pv_kw=pv_power(spec.pv, weather.sun, weather.light, weather.temperature_c, weather.wind_m_s),
        midnight=midnight,
        pv_forecast_kw=None if midnight is None else pv_outlook(spec.pv, weather, midnight),
        pv_nowcast_kw=None if lately is None else pv_outlook(spec.pv, weather, lately),
    )


def synthetic_home(
    spec: HomeSpec, seed: int, days: int, *, step: timedelta = HISTORY_STEP
) -> tuple[Home, list[DayRecord]]:
    """A home and its days as memory keeps them, in slots of `step`.

    Raises:
        SettingsError: the days or the step are impossible.
    """
    return spec.home(), day_records(live(spec, seed=seed, days=days), step=step)


def synthetic_history(spec: HomeSpec, *, seed: int, days: int, step: timedelta = HISTORY_STEP) -> History:
    """The same home as a history that can be ingested; raises as `synthetic_home`."""
    home, records = synthetic_home(spec, seed, days, step=step)
    return History(home, step, tuple(records))


def day_records(year: SyntheticYear, *, step: timedelta = HISTORY_STEP) -> list[DayRecord]:
    """What meters and forecasts leave of a year: one record per local day.

    A day that never was has none: Samoa crossed the date line and left out 30 December 2011.

    Raises:
        SettingsError: the step is no multiple of five minutes that divides an hour, or not every day.
    """
    if step < STEP or step % STEP or timedelta(hours=1) % step:
        raise SettingsError(f"slots of {step / timedelta(minutes=1):g} minutes are not made: use 5, 10, 15, 20, 30, 60")
    if any(bound % (step // STEP) for bound in year.local.bounds):
        raise SettingsError(f"days of {year.spec.zone!r} are not whole slots of {step}: use finer ones")
    series = {
        "load_kw": year.load_kw,
        "pv_kw": year.pv_kw,
        "temperature_c": year.weather.temperature_c,
        "ghi_w_m2": year.weather.light.ghi_w_m2,
    }
    if year.midnight is not None and year.pv_forecast_kw is not None:
        series |= {"pv_forecast_kw": year.pv_forecast_kw, "temperature_forecast_c": year.midnight.temperature_c}
    means = {name: _means(values, step) for name, values in series.items()}
    records = []
    for at, day in enumerate(year.local.days[: year.days]):
        part = year.local.slice_of(at)
        if part.start == part.stop:
            continue
        cut = {
            name: values[part.start // (step // STEP) : part.stop // (step // STEP)] for name, values in means.items()
        }
        records.append(
            DayRecord(
                home=year.spec.name,
                day=day,
                start=year.local.start + part.start * STEP,
                step=step,
                notes=year.diary.notes[at],
                **cut,
            )
        )
    return records


def record(year: SyntheticYear, *, first: date | None = None, days: int | None = None) -> Recording:
    """Some or all days of a year at five-minute steps, for a simulated house to play.

    Raises:
        SettingsError: the days are not within the year.
    """
    first = first or year.spec.first_day
    begins = (first - year.spec.first_day).days
    ends = year.days if days is None else begins + days
    if not 0 <= begins < ends <= year.days:
        raise SettingsError(
            f"{ends - begins!r} days from {first} are not within {year.days} days from {year.spec.first_day}"
        )
    local = year.local
    played = slice(local.bounds[begins], local.bounds[ends])
    starts = [local.start + at * STEP for at in range(played.start, played.stop)]
    prices = year.spec.home().tariff.prices(starts, local.zone)
    return Recording(
        home=year.spec.home(),
        start=starts[0],
        step=STEP,
        load_kw=year.load_kw[played],
        pv_kw=year.pv_kw[played],
        import_price=prices.import_per_kwh,
        export_price=prices.export_per_kwh,
        temperature_c=year.weather.temperature_c[played],
        pv_forecast_kw=None if year.pv_forecast_kw is None else year.pv_forecast_kw[played],
        temperature_forecast_c=None if year.midnight is None else year.midnight.temperature_c[played],
        pv_nowcast_kw=None if year.pv_nowcast_kw is None else year.pv_nowcast_kw[played],
    )


def _hours_into_day(local: LocalDays) -> Floats:
    """Hours since the midnight that began each slot's day: the lead time of a forecast made then."""
    lengths: Sequence[int] = np.diff(local.bounds).tolist()
    return np.concatenate([np.arange(length) for length in lengths]) * (STEP / timedelta(hours=1))


def _means(values: Floats, step: timedelta) -> Floats:
    return np.asarray(values.reshape(-1, step // STEP).mean(axis=1).round(4), dtype=np.float64)
