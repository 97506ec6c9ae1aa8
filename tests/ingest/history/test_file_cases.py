"""Files that people have, as they are: each is read for what it holds, or refused in the words that its kind needs."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from energy.errors import DataError, UnclearError
from energy.pricing.tariff import DynamicTariff
from ingest.history.csv_files import UnderstoodFiles, read_files
from ingest.history.files.table.options import Options, read_wish
from ingest.home_file import load_home
from knowledge.days import is_complete

CASES = Path(__file__).parent / "cases"
HOME = load_home(CASES / "facts.toml")
JUNE = {"2025-06-02": (13.75, 24.31), "2025-06-03": (13.53, 24.31), "2025-06-04": (13.88, 24.31)}


def read(*names: str, columns: tuple[str, ...] = ()) -> UnderstoodFiles:
    wishes = tuple(read_wish(column) for column in columns)
    return read_files([CASES / name for name in names], HOME, Options(columns=wishes))


def energies(understood: UnderstoodFiles) -> dict[str, tuple[float, float]]:
    """Load and PV of each day in kWh, of what is known."""
    hours = understood.history.step.total_seconds() / 3600
    return {
        day.day.isoformat(): (
            round(float(np.nansum(day.load_kw)) * hours, 2),
            round(float(np.nansum(day.pv_kw)) * hours, 2),
        )
        for day in understood.history.days
    }


@pytest.mark.parametrize(
    "name",
    [
        "03_utf16.csv",
        "04_semicolon_point.csv",
        "05_semicolon_comma.csv",
        "06_tab.csv",
        "07_excel_sep_line.csv",
        "18_e3dc.csv",
        "19_fronius.csv",
        "20_solaredge.csv",
        "21_sma.csv",
        "36_latin1_header.csv",
    ],
)
def test_encodings_spreadsheets_and_portals_give_the_same_three_days(name: str) -> None:
    assert energies(read(name)) == JUNE


@pytest.mark.parametrize(
    "name", ["58_unavailable.csv", "59_unknown_pv.csv", "60_NaN.csv", "61_null_None.csv", "62_dash.csv"]
)
def test_a_word_for_no_value_leaves_one_hour_unknown_and_the_day_whole_enough(name: str) -> None:
    understood = read(name)
    assert understood.set_aside == {}
    days = understood.history.days
    # Solar production that is unknown between two hours without any is night.
    assert [int(np.isnan(day.load_kw).sum()) for day in days] == [int(name.startswith("58")), 0, 0]
    assert not any(np.isnan(day.pv_kw).any() for day in days)
    assert all(is_complete(day) for day in days)
    assert energies(understood)["2025-06-03"] == JUNE["2025-06-03"]


@pytest.mark.parametrize("name", ["45_dst_spring_phantom_02.csv", "46_dst_spring_phantom_02_empty.csv"])
def test_the_hour_that_does_not_exist_is_left_out_and_said(name: str) -> None:
    understood = read(name)
    assert [len(day.load_kw) for day in understood.history.days] == [24, 23, 24]
    assert not any(np.isnan(day.load_kw).any() for day in understood.history.days)
    assert any("row 28" in note and "clocks jump over" in note for note in understood.history.warnings)


def test_the_hour_that_is_there_twice_is_read_twice() -> None:
    day = read("40_dst_autumn_naive_60.csv").history.days[1]
    assert day.load_kw[:6].tolist() == [0.343, 0.384, 0.306, 0.344, 0.388, 0.399]


def test_a_meter_s_file_says_what_it_is_and_what_is_missing() -> None:
    for name, format_ in (
        ("12_datadis.csv", "Datadis"),
        ("15_octopus.csv", "Octopus Energy"),
        ("22_shelly.csv", "a Shelly energy meter"),
    ):
        with pytest.raises(UnclearError) as caught:
            read(name)
        assert f"this is a file of {format_}; it holds what was bought from the grid" in str(caught.value)
        assert "advisor ingest csv METER.csv INVERTER.csv" in str(caught.value)


def test_a_meter_s_file_beside_a_portal_s_keeps_what_was_bought() -> None:
    day = read("12_datadis.csv", "20_solaredge.csv").history.days[0]
    assert day.load_kw.sum() == pytest.approx(13.75, abs=0.01)
    assert day.grid_import_kw is not None
    # Hour 01:00 of the file is the hour that ends at one.
    assert day.grid_import_kw[:2].tolist() == [0.327, 0.469]


def test_a_shelly_on_the_house_is_read_as_a_person_says() -> None:
    columns = ("load=a_total_act_energy:Wh", "pv=a_total_act_ret_energy:Wh")
    assert energies(read("22_shelly.csv", columns=columns))["2025-06-02"] == (8.35, 18.91)


@pytest.mark.parametrize("name", ["16_ha_history.csv", "17_ha_energy_dashboard.csv"])
def test_home_assistant_s_own_files_name_the_command_that_reads_it(name: str) -> None:
    with pytest.raises(DataError, match="use advisor ingest homeassistant"):
        read(name)


def test_watts_and_counters_in_kw_columns_are_refused_and_read_with_the_option_they_name() -> None:
    with pytest.raises(DataError, match=r"row 2, column 'load_kw': '131' .* looks like W: say --column load=load_kw:W"):
        read("57_W_small_home.csv")
    watts = read("57_W_small_home.csv", columns=("load=load_kw:W", "pv=pv_kw:W"))
    assert energies(watts)["2025-06-02"] == (5.5, 4.86)
    with pytest.raises(DataError, match=r"looks like a counter: say --column load=load_kw:kWh-total"):
        read("73_cumulative_small.csv")
    counted = read("73_cumulative_small.csv", columns=("load=load_kw:kWh-total", "pv=pv_kw:kWh-total"))
    assert energies(counted)["2025-06-03"] == (13.65, 24.3)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("79_load_50kW_home9.csv", "row 7, column 'load_kw': 50 kW at 2025-06-02 05:00 is outside 0 to 25.5 kW"),
        ("80_pv_40kW_peak4.csv", "row 14, column 'pv_kw': 40 kW at 2025-06-02 12:00 is outside 0 to 6.1 kW"),
    ],
)
def test_a_value_that_the_home_cannot_measure_sets_its_day_aside(name: str, expected: str) -> None:
    understood = read(name)
    assert expected in understood.set_aside[date(2025, 6, 2)]
    assert list(energies(understood)) == ["2025-06-03", "2025-06-04"]


def test_cents_are_refused_and_read_with_the_option_that_is_named() -> None:
    with pytest.raises(DataError, match=r"56_price_cents\.csv.*9\.3 EUR per kWh is more than a kWh costs"):
        read("56_price_cents.csv")
    columns = ("import_price=import_price:cent-per-kWh", "export_price=export_price:cent-per-kWh")
    tariff = read("56_price_cents.csv", columns=columns).history.home.tariff
    assert isinstance(tariff, DynamicTariff)
    assert (tariff.import_prices[0], tariff.export_prices[0]) == pytest.approx((0.093, 0.051))


def test_a_gap_in_recorded_prices_stays_a_gap_without_a_bill() -> None:
    for name, missing in (("52_gap_with_prices.csv", [10, 11, 12]), ("53_gap_cell_price_missing.csv", [5])):
        understood = read(name)
        [first, *_] = understood.history.days
        assert first.import_price is not None
        assert np.flatnonzero(np.isnan(first.import_price)).tolist() == missing
        assert any("they are not billed" in note for note in understood.history.warnings)
        assert isinstance(understood.history.home.tariff, DynamicTariff)
