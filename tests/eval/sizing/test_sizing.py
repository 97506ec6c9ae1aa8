from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from energy.errors import DataError, SettingsError
from energy.pricing.tariff import FlatTariff
from eval.collect.closed_loop import Planner
from eval.collect.playing import stretch
from eval.sizing.investment import Assumptions, Option, best, variations
from eval.sizing.report import answer, write_sizing
from eval.sizing.sizing import Sample, SizingTable, resized, size, whole_weeks
from ingest.history.recorded import shipped_history
from ingest.history.table import History
from knowledge.days import DayRecord

HOME = "citylearn-4"
# No time value, no ageing: money can be added up by hand.
PLAIN = Assumptions(battery_per_kwh=500, pv_per_kwp=1000, lifetime_years=10, discount_rate=0, fade_per_year=0)


@pytest.fixture(scope="module")
def history() -> History:
    return shipped_history(HOME)


@pytest.fixture(scope="module")
def table(history: History) -> SizingTable:
    """A summer and a winter week, two batteries, two tariffs."""
    tariffs = {"evening": history.home.tariff, "flat": FlatTariff(import_price=0.2, export_price=0.2)}
    return size(history, batteries_kwh=[3.2, 6.4], tariffs=tariffs, every=26)


def option(battery_kwh: float, advisor: float, added_pv_kwp: float = 0.0) -> Option:
    return Option(
        tariff="any",
        battery_kwh=battery_kwh,
        pv_factor=1 + added_pv_kwp / 4,
        added_pv_kwp=added_pv_kwp,
        today=1000,
        without_battery=1000,
        greedy=advisor,
        advisor=advisor,
    )


def judged(*options: Option, assumed: Assumptions = PLAIN) -> SizingTable:
    day = timedelta(days=1)
    first = shipped_history(HOME).days[0].day
    return SizingTable("home", "EUR", Sample(13, 4, first, first + 364 * day), assumed, options)


def test_money_is_that_worked_out_by_hand() -> None:
    found = option(4, 700, added_pv_kwp=1)
    assert found.saving == 300
    assert found.price(PLAIN) == 3000
    assert found.payback_years(PLAIN) == 10
    assert found.present_value(PLAIN) == 0
    assert found.worthwhile_per_kwh(PLAIN, option(0, 1000)) == 500


@pytest.mark.parametrize(
    ("changes", "years"),
    [
        ({}, 10),
        ({"lifetime_years": 1, "discount_rate": 0.25}, 0.8),
        ({"lifetime_years": 2, "fade_per_year": 0.5}, 1.5),
        ({"lifetime_years": 2, "fade_per_year": 0.5, "discount_rate": 1.0}, 0.5 + 0.5 * 0.25),
    ],
)
def test_later_and_aged_savings_count_less(changes: dict[str, float], years: float) -> None:
    assert PLAIN.model_copy(update=changes).years_of_saving() == pytest.approx(years)


def test_the_best_size_is_where_the_next_kwh_no_longer_pays() -> None:
    options = [option(0, 1000), option(4, 700), option(8, 520)]
    assert best(options, PLAIN).battery_kwh == 4
    half = variations(PLAIN)["battery at half the price"]
    assert best(options, half).battery_kwh == 8


def test_the_answer_is_yes_or_no_and_says_at_which_price_it_turns() -> None:
    yes = answer(judged(option(0, 1000), option(4, 700)), "any")
    assert yes.startswith("any: yes. 4 kWh is best: it saves 300 EUR a year, is paid back after 6.7 years")
    assert "worth 1000 EUR more than the best choice without a battery" in yes
    assert "up to 750 EUR per kWh" in yes
    no = answer(judged(option(0, 1000), option(4, 900)), "any")
    assert no.startswith("any: no.")
    assert "loses 1000 EUR" in no
    assert "below 250 EUR per kWh" in no


def test_a_battery_saves_and_the_advisor_never_loses_to_greedy(table: SizingTable) -> None:
    evening = {found.battery_kwh: found for found in table.options if found.tariff == "evening"}
    assert list(evening) == [0, 3.2, 6.4]
    assert evening[0].today == evening[0].advisor > evening[3.2].greedy > evening[6.4].greedy
    assert all(evening[kwh].advisor < evening[kwh].greedy for kwh in (3.2, 6.4))


def test_where_selling_earns_what_buying_costs_a_battery_only_loses(table: SizingTable) -> None:
    flat = [found for found in table.options if found.tariff == "flat" and found.battery_kwh]
    assert all(found.greedy >= found.advisor >= found.today - 0.01 for found in flat)
    assert "no." in answer(table, "flat")


def test_page_and_text_open_with_the_answer_and_own_up_to_the_sample(table: SizingTable, tmp_path: Path) -> None:
    page, text = (path.read_text(encoding="utf-8") for path in write_sizing(table, tmp_path))
    assert text.index("Is a battery worth it?") < text.index("Every size")
    assert "every 26th week" in text
    assert "Assumed, not measured: battery 600 USD per kWh" in text
    assert page.count("<svg") == 2


def test_more_panels_are_paid_for_and_make_more(history: History) -> None:
    short = replace(history, days=history.days[:14])
    tariffs = {"flat": FlatTariff(import_price=0.2, export_price=0.1)}
    found = {at.pv_factor: at for at in size(short, batteries_kwh=[], tariffs=tariffs, pv_factors=[2]).options}
    assert found[2].price(PLAIN) == history.home.pv_peak_kw * 1000
    assert found[2].today == found[1].today > found[2].advisor


def test_the_planner_sees_nothing_from_the_slot_on(history: History) -> None:
    sized = resized(history, battery_kwh=6.4, pv_factor=1, tariff=history.home.tariff, kw_per_kwh=0.5)
    place, noon = 100, 12
    today, *later = sized.days[place:]
    days = (*sized.days[:place], _other(today, noon), *(_other(day, 0) for day in later))
    changed = replace(sized, days=days)
    first, second = (
        Planner(seen).levels(stretch(seen.home, seen.days[place : place + 2]), noon, 3.0) for seen in (sized, changed)
    )
    assert first == second


def _other(day: DayRecord, first: int) -> DayRecord:
    """The same day, and from a slot on another one."""
    load_kw, pv_kw = (np.r_[values[:first], values[first:] * 3 + 1] for values in (day.load_kw, day.pv_kw))
    return replace(day, load_kw=load_kw, pv_kw=pv_kw)


def test_weeks_are_consecutive_complete_days_after_the_first_seven(history: History) -> None:
    assert len(whole_weeks(history)) == (len(history.days) - 7) // 7
    holed = replace(history.days[10], load_kw=np.full(24, np.nan))
    torn = replace(history, days=(*history.days[:10], holed, *history.days[11:30]))
    assert [week[0].day for week in whole_weeks(torn)] == [history.days[11].day, history.days[18].day]


@pytest.mark.parametrize(
    ("batteries_kwh", "pv_factors", "message"),
    [([-1.0], [1.0], "battery of -1.0 kWh"), ([5.0], [0.5], "PV factor 0.5")],
)
def test_impossible_sizes_are_refused(
    batteries_kwh: list[float], pv_factors: list[float], message: str, history: History
) -> None:
    tariffs = {"flat": FlatTariff(import_price=0.2)}
    with pytest.raises(SettingsError, match=message):
        size(history, batteries_kwh=batteries_kwh, pv_factors=pv_factors, tariffs=tariffs)


def test_too_short_a_history_is_refused(history: History) -> None:
    short = replace(history, days=history.days[:13])
    with pytest.raises(DataError, match="two whole weeks"):
        size(short, batteries_kwh=[5], tariffs={"flat": FlatTariff(import_price=0.2)})
