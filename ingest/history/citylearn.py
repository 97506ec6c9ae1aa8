"""Homes of the CityLearn 2022 challenge, read out of the wheel that carries them."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from energy.battery import Battery
from energy.errors import DataError, SettingsError
from energy.home import Home
from energy.pricing.tariff import PresetTariff
from ingest.history.pv_forecast import honest_pv_forecast
from ingest.history.table import History, split_days
from knowledge.days import DayRecord, Floats

_FOLDER = "citylearn/data/citylearn_challenge_2022_phase_all"
_LOAD, _SUN = "Equipment Electric Power [kWh]", "Solar Generation [W/kW]"
_TEMPERATURE = "Outdoor Drybulb Temperature [C]"
# Standard time all year round: the data has no jump of clocks. Rows are hours ending, the first at midnight.
_ZONE = "Etc/GMT+8"
_START = datetime(2016, 8, 1, 7, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_WITHOUT_PV = (14, 15)
_ODD_METERING = 12
_DECIMALS = 4


def read_citylearn(wheel: Path, number: int) -> History:
    """One home with the data set's battery (6.4 kWh, 5 kW, 90 % round trip), its PV size and time-of-use prices.

    Its forecast columns are never read: they are the exact future.

    Raises:
        SettingsError: the wheel is not there, is no CityLearn wheel with data, or has no such home.
        DataError: the home has hardly any PV.
    """
    home, series = read_series(wheel, number)
    warnings = ("the load of home 12 is an artefact of metering",) if number == _ODD_METERING else ()
    return citylearn_history(home, series, warnings)


def read_series(wheel: Path, number: int) -> tuple[Home, dict[str, Floats]]:
    """A home's facts and its hourly series as they stand in the wheel; raises as `read_citylearn`."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            return _read(archive, number)
    except (OSError, zipfile.BadZipFile) as err:
        raise SettingsError(
            f"{str(wheel)!r} is not a wheel ({err}): get it with pip download --no-deps CityLearn==2.1.2",
        ) from err
    except KeyError as err:
        raise SettingsError(f"no home {number!r} in {str(wheel)!r}: there are 1 to 17, in CityLearn 2.1.2") from err


def citylearn_history(home: Home, series: Mapping[str, Floats], warnings: tuple[str, ...] = ()) -> History:
    """Whole days of the data set's hourly series, each with a synthetic forecast of its PV."""
    days = tuple(_with_forecast(record, home) for record in split_days(home, _START, _HOUR, series)[1:-1])
    return History(home, _HOUR, days, warnings)


def _read(archive: zipfile.ZipFile, number: int) -> tuple[Home, dict[str, Floats]]:
    building = f"Building_{number}"
    schema = json.loads(archive.read(f"{_FOLDER}/schema.json"))
    peak_kw = float(schema["buildings"][building]["pv"]["attributes"]["nominal_power"])
    if number in _WITHOUT_PV:
        raise DataError(f"CityLearn home {number} has hardly any PV: choose another")
    rows = _rows(archive, f"{building}.csv")
    weather = _rows(archive, "weather.csv")
    series = {
        "load_kw": np.array([float(row[_LOAD]) for row in rows]).round(_DECIMALS),
        "pv_kw": (np.array([float(row[_SUN]) for row in rows]) * peak_kw / 1000).round(_DECIMALS),
        "temperature_c": np.array([float(row[_TEMPERATURE]) for row in weather]).round(_DECIMALS),
    }
    return citylearn_home(number, peak_kw), series


def citylearn_home(number: int, peak_kw: float) -> Home:
    """The fixed facts that the data set gives to each home."""
    return Home(
        name=f"citylearn-{number}",
        zone=_ZONE,
        currency="USD",
        pv_peak_kw=peak_kw,
        battery=Battery(
            capacity_kwh=6.4,
            max_charge_kw=5.0,
            max_discharge_kw=5.0,
            charge_efficiency=round(0.9**0.5, 6),
            discharge_efficiency=round(0.9**0.5, 6),
        ),
        tariff=PresetTariff(name="citylearn"),
    )


def _rows(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(f"{_FOLDER}/{name}").decode("utf-8"))))


def _with_forecast(record: DayRecord, home: Home) -> DayRecord:
    forecast = honest_pv_forecast(
        record.pv_kw,
        home=home.name,
        day=record.day,
        peak_kw=home.pv_peak_kw,
        step_hours=record.step / _HOUR,
    )
    return replace(record, pv_forecast_kw=forecast)
