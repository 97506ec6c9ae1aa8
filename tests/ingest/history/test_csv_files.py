from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from energy.battery import Battery
from energy.errors import DataError
from energy.home import Home
from energy.pricing.tariff import DynamicTariff, FlatTariff
from ingest.history.csv_files import read_csv
from knowledge.days import is_complete

HEAD = "timestamp,load_kw,pv_kw\n"


def make_home(zone: str = "Europe/Madrid") -> Home:
    return Home(
        name="mine",
        zone=zone,
        pv_peak_kw=4,
        battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3),
        tariff=FlatTariff(import_price=0.2),
    )


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def make(text: str) -> Path:
        path = tmp_path / "history.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return make


BAD = [
    ("timestamp,load_kw\n2026-01-01T00:00,1\n2026-01-01T01:00,1\n", ["what the house used and no solar", "column pv="]),
    (HEAD + "2026-01-01T00:00,1,0\n2026-01-01T00:30,much,0\n", ["row 3", "'load_kw'", "'much'", "is not a number"]),
    (HEAD + "2026-01-01T00:00,1,0\n2026-01-01T00:00,2,0\n", ["row 3", "is there twice"]),
    (HEAD + "2026-03-29T01:30,1,0\n2026-03-29T02:30,1,0\n", ["row 3", "does not exist in Europe/Madrid", "offset"]),
    (HEAD + "2026-01-01T00:00,-2,0\n2026-01-01T01:00,-2,0\n", ["row 2", "'load_kw'", "'-2'", "outside 0 to", "sign"]),
    (HEAD + "2026-01-01T00:00,2500,0\n2026-01-01T01:00,2500,0\n", ["row 2", "'2500'", "looks like W"]),
    (HEAD + "2026-01-01T00:00,nan,0\n2026-01-01T01:00,nan,0\n", ["no value is known"]),
    (HEAD + "2026-01-01T00:00,1\n2026-01-01T01:00,1\n", ["row 2", "2 cells", "has 3"]),
    (HEAD + "2026-01-01T00:00,1,0\n2026-01-01T00:07,1,0\n", ["7 minutes apart", "resample"]),
    (
        HEAD + "".join(f"2026-01-01T0{h}:00,1,0\n" for h in (0, 1, 2)) + "2026-01-01T02:20,1,0\n",
        ["row 5", "off the grid"],
    ),
    (HEAD + "2026-01-01T00:07,1,0\n2026-01-01T00:37,1,0\n", ["not multiples of 5 min"]),
    (HEAD, ["0 rows"]),
    ("", ["is empty"]),
    (HEAD + "2026-01-01T00:00,1,0\n", ["1 rows"]),
    (
        "timestamp,load_kw,pv_kw,export_price\n2026-01-01T00:00,1,0,1\n2026-01-01T01:00,1,0,1\n",
        ["'export_price'", "without"],
    ),
    (HEAD + "2206-01-01T00:00,1,0\n2206-01-01T01:00,1,0\n", ["row 2", "'2206-01-01T00:00'", "correct the year"]),
    (HEAD + "9999-12-31T23:59+00:00,1,0\n9999-12-31T23:59+00:00,1,0\n", ["row 2", "correct the year"]),
    (HEAD + f"2026-01-01T00:00,{'1' * 200_000},0\n", ["is not a CSV file", "field larger"]),
]


@pytest.mark.parametrize(("text", "expected"), BAD, ids=[" ".join(told)[:40] for _, told in BAD])
def test_what_is_wrong_is_told_with_its_place_and_what_to_do(
    write: Callable[[str], Path], text: str, expected: list[str]
) -> None:
    with pytest.raises(DataError) as caught:
        read_csv(write(text), make_home())
    assert "history.csv" in str(caught.value)
    for part in expected:
        assert part in str(caught.value)


def test_a_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv cannot be read \(No such file"):
        read_csv(tmp_path / "none.csv", make_home())
    with pytest.raises(DataError, match="Is a directory"):
        read_csv(tmp_path, make_home())
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x01\x02")
    with pytest.raises(DataError, match="looks like UTF-16 but byte 4 does not fit"):
        read_csv(tmp_path / "binary.csv", make_home())


def test_local_times_of_an_autumn_day_are_read_in_order(write: Callable[[str], Path]) -> None:
    hours = ["00:00", "01:00", "02:00", "02:00", "03:00", *(f"{hour:02d}:00" for hour in range(4, 24))]
    rows = "".join(f"2026-10-25T{hour},{at % 7},0\n" for at, hour in enumerate(hours))
    [day] = read_csv(write(HEAD + rows), make_home()).days
    assert day.load_kw.tolist() == [at % 7 for at in range(25)]


def test_half_hours_of_an_autumn_night_are_read_in_order(write: Callable[[str], Path]) -> None:
    times = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]
    rows = "".join(f"2026-10-25T{time},{at},0\n" for at, time in enumerate(times))
    [day] = read_csv(write(HEAD + rows), make_home()).days
    assert day.load_kw[3:9].tolist() == list(range(6))


def test_gaps_stay_gaps_and_missing_night_sun_is_zero(write: Callable[[str], Path]) -> None:
    rows = [f"2026-01-01T{hour:02d}:00,1,{'' if hour in (2, 12) else 0.5}\n" for hour in range(24) if hour != 7]
    [day] = read_csv(write(HEAD + "".join(rows)), make_home()).days
    assert np.flatnonzero(np.isnan(day.load_kw)).tolist() == [7]
    assert np.flatnonzero(np.isnan(day.pv_kw)).tolist() == [7, 12]
    assert day.pv_kw[2] == 0


def test_a_zone_off_the_whole_hour_is_cut_at_its_own_midnight(write: Callable[[str], Path]) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = "".join(f"{(start + timedelta(hours=at)).isoformat()},{at % 23},0\n" for at in range(48))
    history = read_csv(write(HEAD + rows), make_home("Asia/Kolkata"))
    assert history.step == timedelta(minutes=30)
    assert [len(day.load_kw) for day in history.days] == [48, 48, 48]
    assert history.days[1].load_kw[0] == 18  # 18:30 UTC
    assert history.days[1].load_kw[:3].tolist() == [18, 19, 19]


def test_clocks_that_move_by_half_an_hour_move_no_value(write: Callable[[str], Path]) -> None:
    start = datetime(2026, 4, 3, 13, tzinfo=UTC)  # midnight of 4 April on Lord Howe Island, the day before the change
    rows = "".join(f"{(start + timedelta(hours=at)).isoformat()},{at % 23},0\n" for at in range(72))
    history = read_csv(write(HEAD + rows), make_home("Australia/Lord_Howe"))
    assert [len(day.load_kw) for day in history.days] == [48, 49, 48]
    for day in history.days:
        for at, load_kw in enumerate(day.load_kw):
            if not np.isnan(load_kw):
                assert load_kw == (day.start + at * history.step - start) // timedelta(hours=1) % 23


def test_recorded_prices_take_the_place_of_the_tariff(write: Callable[[str], Path]) -> None:
    text = "timestamp,load_kw,pv_kw,import_price\n2026-01-01T00:00,1,0,0.2\n2026-01-01T01:00,1,0,-0.05\n"
    history = read_csv(write(text), make_home("UTC"))
    assert isinstance(history.home.tariff, DynamicTariff)
    prices = history.home.tariff.prices([datetime(2026, 1, 1, 1, 30, tzinfo=UTC)], history.home.tz)
    assert (prices.import_per_kwh[0], prices.export_per_kwh[0]) == (-0.05, 0.0)


def test_unknown_columns_are_told_of(write: Callable[[str], Path]) -> None:
    text = "timestamp,load_kw,pv_kw,humidity\n2026-01-01T00:00,1,0,55\n2026-01-01T01:00,1,0,56\n"
    assert read_csv(write(text), make_home()).warnings == ("columns not known and not read: humidity",)


def test_a_year_of_half_hours_with_gaps_keeps_every_day(write: Callable[[str], Path]) -> None:
    home = make_home()
    start = datetime(2026, 1, 1, tzinfo=home.tz).astimezone(UTC)
    kept = [at for at in range(365 * 48) if at % 1000 > 30]
    rows = "".join(f"{(start + at * timedelta(minutes=30)).isoformat()},0.5,0.1\n" for at in kept)
    history = read_csv(write(HEAD + rows), home)
    assert len(history.days) == 365
    assert [len(day.load_kw) for day in history.days if len(day.load_kw) != 48] == [46, 50]
    assert 300 < sum(is_complete(day) for day in history.days) < 365
