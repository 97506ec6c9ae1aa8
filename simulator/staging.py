"""From a scenario to the history of the home it plays: what the advisor may remember, and the days to come."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from energy.battery import combined
from energy.errors import DataError
from energy.home import Home
from energy.pricing.tariff import AnyTariff, DynamicTariff
from energy.slots import DAY, day_bounds, slots_between
from ingest.history.recorded import shipped_history
from ingest.history.table import History
from knowledge.days import DayRecord, Floats
from simulator.scenario import AwayDays, DailyPrices, Scenario
from simulator.synthetic.home import STEP, synthetic_history

# A forecast's error, as a multiple of the honest forecast's own.
_FORECAST_ERROR = {"perfect": 0.0, "good": 1.0, "poor": 2.5}
# The plan looks two days past the last slot that is played.
_AHEAD = timedelta(days=3)
# What runs in an empty house, as a quantile of the hours of the days before.
_STANDBY_QUANTILE = 0.1


def staged(scenario: Scenario, name: str) -> History:
    """The days to remember and those to play, of a home called `name`.

    Raises:
        SettingsError: the recorded home is not known.
        DataError: the home was not recorded on the days to be played, or on none before.
    """
    source = _source(scenario)
    first = scenario.play.first_day
    last = first + timedelta(hours=scenario.play.hours) + _AHEAD
    kept = [record for record in source.days if first - scenario.play.memory_days * DAY <= record.day <= last]
    if not any(record.day < first for record in kept) or not any(record.day == first for record in kept):
        known = f"{source.days[0].day + DAY} to {source.days[-1].day}"
        raise DataError(f"play.first_day {first}: {scenario.home.recorded!r} was recorded from {known}")
    home = _home(scenario, source.home, name, kept)
    standby_kw = float(np.nanquantile(np.concatenate([record.load_kw for record in kept]), _STANDBY_QUANTILE))
    days = tuple(_changed(record, scenario, home, standby_kw=standby_kw) for record in kept)
    return History(home, source.step, days)


def _source(scenario: Scenario) -> History:
    """The days of a recorded home, or those of a synthetic one around what is played."""
    given = scenario.home
    if given.synthetic is None:
        return shipped_history(given.recorded)
    begins = scenario.play.first_day - scenario.play.memory_days * DAY
    days = scenario.play.memory_days + -(-timedelta(hours=scenario.play.hours) // DAY) + _AHEAD // DAY
    changes = {"first_day": begins, "forecast": scenario.forecast}
    return synthetic_history(given.synthetic.model_copy(update=changes), seed=given.seed, days=days, step=STEP)


def _home(scenario: Scenario, recorded: Home, name: str, days: list[DayRecord]) -> Home:
    given = scenario.home
    changes = {
        "name": name,
        "currency": given.currency,
        "pv_peak_kw": recorded.pv_peak_kw * given.pv_factor,
        "battery": combined(given.batteries) if given.batteries else given.battery or recorded.battery,
        "batteries": given.batteries,
        "grid": given.grid or recorded.grid,
        "tariff": _tariff(scenario, recorded, days),
        "devices": given.devices,
    }
    return recorded.model_copy(update=changes)


def _tariff(scenario: Scenario, recorded: Home, days: list[DayRecord]) -> AnyTariff:
    tariff = scenario.tariff
    if tariff is None:
        return recorded.tariff
    if not isinstance(tariff, DailyPrices):
        return tariff
    imports = np.concatenate([_hourly(tariff, record, recorded) for record in days]).round(5)
    exports = (imports * tariff.export_share - tariff.export_fee).round(5)
    return DynamicTariff(
        start=days[0].start,
        import_prices=tuple(imports.tolist()),
        export_prices=tuple(exports.tolist()),
    )


def _hourly(tariff: DailyPrices, record: DayRecord, home: Home) -> Floats:
    """One local day's prices; where clocks change, by the hour that the clock shows."""
    shape = np.array(tariff.import_prices)
    scale = np.exp(np.random.default_rng([tariff.seed, record.day.toordinal()]).normal(0, tariff.variation))
    start, end = day_bounds(record.day, home.tz)
    shown = [moment.astimezone(home.tz).hour for moment in slots_between(start, end, timedelta(hours=1))]
    return np.asarray(shape.mean() + scale * (shape[shown] - shape.mean()))


def _changed(record: DayRecord, scenario: Scenario, home: Home, *, standby_kw: float) -> DayRecord:
    load_kw = record.load_kw * scenario.home.load_factor
    if scenario.away is not None and _is_away(record, scenario.away):
        load_kw = np.minimum(load_kw, standby_kw * scenario.home.load_factor)
    pv_kw = record.pv_kw * scenario.home.pv_factor
    forecast_kw = _forecast(record, scenario, home)
    return replace(record, home=home.name, load_kw=load_kw, pv_kw=pv_kw, pv_forecast_kw=forecast_kw)


def _is_away(record: DayRecord, away: AwayDays) -> bool:
    return away.first_day <= record.day <= away.last_day


def _forecast(record: DayRecord, scenario: Scenario, home: Home) -> Floats | None:
    """The recording's own forecast with its error scaled; none where the scenario has none.

    A synthetic home's is made in the quality that is asked for.
    """
    if scenario.forecast == "none" or record.pv_forecast_kw is None:
        return None
    if scenario.home.synthetic is not None:
        return record.pv_forecast_kw * scenario.home.pv_factor
    error_kw = record.pv_forecast_kw - record.pv_kw
    expected = (record.pv_kw + _FORECAST_ERROR[scenario.forecast] * error_kw) * scenario.home.pv_factor
    return np.clip(expected, 0, home.pv_peak_kw)
