from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.decision.journal import open_journal
from agent.queries import Quantity, Sources, Span, breakdown, compare, days_like, extreme, saved, total_of, totals
from energy.slots import day_bounds, local_day
from knowledge.store import DayStore

HALF_HOUR = 0.5


def day(text: str) -> date:
    return date.fromisoformat(text)


def flows(known: Any, name: str, on: date) -> list[float]:
    """A metered flow of a day, slot by slot."""
    zone = known.home.tz
    return [getattr(slot, name) for start, slot in known.metered.items() if local_day(start, zone) == on]


def test_totals_of_a_day_are_the_sums_of_its_slots(known: Any) -> None:
    yesterday = known.today - timedelta(days=1)
    found = totals(known.sources, Span(yesterday, yesterday), now=known.now)
    kept = known.records[yesterday]
    assert found.facts["load_kwh"] == pytest.approx(kept.load_kw.sum() * HALF_HOUR)
    assert found.facts["pv_kwh"] == pytest.approx(kept.pv_kw.sum() * HALF_HOUR)
    assert found.facts["peak_kw"] == kept.load_kw.max()
    assert found.facts["peak_at"] == kept.start + int(kept.load_kw.argmax()) * timedelta(minutes=30)
    for name in ("import", "export", "charge", "discharge"):
        field = f"grid_{name}_kw" if name in ("import", "export") else f"{name}_kw"
        assert found.facts[f"{name}_kwh"] == pytest.approx(sum(flows(known, field, yesterday)) * HALF_HOUR)


def test_the_cost_of_a_day_is_what_the_meter_saw_at_the_prices_then(known: Any) -> None:
    yesterday = known.today - timedelta(days=1)
    starts = [start for start in known.metered if local_day(start, known.home.tz) == yesterday]
    prices = known.home.tariff.prices(starts, known.home.tz)
    bought, sold = flows(known, "grid_import_kw", yesterday), flows(known, "grid_export_kw", yesterday)
    cost = (np.array(bought) @ prices.import_per_kwh - np.array(sold) @ prices.export_per_kwh) * HALF_HOUR
    assert total_of(known.sources, "cost", Span(yesterday, yesterday), now=known.now).facts["cost"] == pytest.approx(
        cost
    )


def test_what_was_not_metered_is_not_told(known: Any) -> None:
    december = Span(day("2025-12-01"), day("2025-12-31"))
    found = totals(known.sources, december, now=known.now)
    assert found.facts["days"] == 31
    assert "cost" not in found.facts
    assert not total_of(known.sources, "import", december, now=known.now).known


def test_today_counts_as_far_as_it_went(known: Any) -> None:
    found = total_of(known.sources, "load", Span(known.today, known.today), now=known.now)
    assert found.facts["load_kwh"] == pytest.approx(sum(flows(known, "load_kw", known.today)) * HALF_HOUR)
    assert "covered_percent" not in found.facts


@pytest.mark.parametrize("quantity", ["load", "pv", "peak", "temperature"])
@pytest.mark.parametrize("most", [True, False])
def test_extremes_are_found_among_whole_days(known: Any, quantity: Quantity, most: bool) -> None:
    measure = {
        "load": lambda kept: kept.load_kw.sum() * HALF_HOUR,
        "pv": lambda kept: kept.pv_kw.sum() * HALF_HOUR,
        "peak": lambda kept: kept.load_kw.max(),
        "temperature": lambda kept: kept.temperature_c.mean(),
    }[quantity]
    ranked = sorted((kept for on, kept in known.records.items() if on < known.today), key=measure, reverse=most)
    span = Span(day("2025-12-01"), known.today)
    found = extreme(known.sources, quantity, span, most=most, now=known.now)
    assert found.facts["day"] == ranked[0].day
    assert found.facts["second_day"] == ranked[1].day


def test_spans_of_different_length_are_compared_by_their_mean_days(known: Any) -> None:
    week, rest = Span(day("2026-01-05"), day("2026-01-11")), Span(day("2025-12-01"), day("2026-01-04"))
    found = compare(known.sources, "load", week, rest, now=known.now)
    means = [
        np.mean([kept.load_kw.sum() * HALF_HOUR for on, kept in known.records.items() if span.first <= on <= span.last])
        for span in (week, rest)
    ]
    assert found.facts["a_mean_load_kwh"] == pytest.approx(means[0])
    assert found.facts["b_mean_load_kwh"] == pytest.approx(means[1])
    assert found.text == ("compare.more" if means[0] > means[1] else "compare.less")


def test_a_day_that_is_not_over_does_not_pull_a_mean_down(known: Any) -> None:
    week, before = Span(day("2026-01-12"), day("2026-01-18")), Span(day("2026-01-05"), day("2026-01-11"))
    found = compare(known.sources, "load", week, before, now=known.now)
    assert known.today not in found.days
    assert found.facts["a_days"] == 2


@pytest.mark.parametrize(("grain", "groups"), [("day", 44), ("week", 7), ("month", 2)])
def test_a_breakdown_adds_up_to_the_whole(known: Any, grain: Any, groups: int) -> None:
    span = Span(day("2025-12-01"), known.today - timedelta(days=1))
    found = breakdown(known.sources, "load", span, grain=grain, now=known.now)
    assert len(found.rows) == groups
    whole = total_of(known.sources, "load", span, now=known.now).facts["load_kwh"]
    assert sum(row["load_kwh"] for row in found.rows) == pytest.approx(whole)  # type: ignore[misc]


def test_days_like_today_are_earlier_and_told_with_how_they_went(known: Any) -> None:
    found = days_like(known.sources, known.today, now=known.now)
    assert len(found.rows) == 5
    for row in found.rows:
        assert row["day"] < known.today  # type: ignore[operator]
        assert row["load_kwh"] == pytest.approx(known.records[row["day"]].load_kw.sum() * HALF_HOUR)


def test_self_consumption_played_again_costs_what_it_cost(known: Any) -> None:
    """The metered days were played under self-consumption: against itself the plan has no part in the saving."""
    span = Span(known.today - timedelta(days=3), known.today)
    found = saved(known.sources, span, now=known.now)
    assert found.facts["against_greedy_cost"] == pytest.approx(0, abs=1e-9)
    assert found.facts["saved_cost"] > 0  # type: ignore[operator]
    bare = sum(
        (max(slot.load_kw - slot.pv_kw, 0) * buy - max(slot.pv_kw - slot.load_kw, 0) * sell) * HALF_HOUR
        for slot, buy, sell in zip(
            known.metered.values(), *vars_of(known.home.tariff.prices(list(known.metered), known.home.tz)), strict=True
        )
    )
    assert found.facts["no_battery_cost"] == pytest.approx(bare)


def vars_of(prices: Any) -> tuple[Any, Any]:
    return prices.import_per_kwh, prices.export_per_kwh


def test_without_power_sensors_the_flows_follow_from_the_charge(known: Any, tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal.sqlite") as journal:
        for slot in known.metered.values():
            bare = type(slot)(slot.start, slot.load_kw, slot.pv_kw, slot.soc)
            journal.measure(known.home.name, bare)
        sources = Sources(known.home, DayStore(tmp_path / "days"), journal)
        yesterday = Span(known.today - timedelta(days=1), known.today - timedelta(days=1))
        worked_out = totals(sources, yesterday, now=known.now).facts
        metered = totals(known.sources, yesterday, now=known.now).facts
    for name in ("import_kwh", "export_kwh", "charge_kwh", "discharge_kwh", "cost"):
        assert worked_out[name] == pytest.approx(metered[name], abs=1e-6)


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        ("2020-01-01", "2020-01-31", "unknown.no_day"),
        ("2031-01-01", "2031-01-01", "unknown.future"),
    ],
)
def test_unknown_days_are_said_to_be_unknown(known: Any, first: str, last: str, told: str) -> None:
    span = Span(day(first), day(last))
    for found in (
        totals(known.sources, span, now=known.now),
        extreme(known.sources, "load", span, most=True, now=known.now),
        compare(known.sources, "load", span, span, now=known.now),
    ):
        assert (found.text, found.known) == (told, False)


def test_an_empty_memory_says_so(known: Any, tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal.sqlite") as journal:
        sources = Sources(known.home, DayStore(tmp_path / "days"), journal)
        span = Span(known.today, known.today)
        assert totals(sources, span, now=known.now).text == "unknown.no_data"
        assert days_like(sources, known.today, now=known.now).text == "unknown.no_data"
        assert not saved(sources, span, now=known.now).known


@pytest.mark.parametrize(("on", "length_h"), [("2026-03-29", 23), ("2025-10-26", 25)])
def test_days_of_23_and_25_hours_are_counted_whole(
    known: Any, tmp_path: Path, on: str, length_h: int, make_record: Any
) -> None:
    changed = make_record(day(on))
    store = DayStore(tmp_path / "days")
    store.append(known.home.name, [changed])
    with open_journal(tmp_path / "journal.sqlite") as journal:
        now = day_bounds(day(on) + timedelta(days=2), known.home.tz)[0]
        found = total_of(Sources(known.home, store, journal), "load", Span(day(on), day(on)), now=now)
    assert len(changed.load_kw) == 2 * length_h
    assert found.facts["load_kwh"] == pytest.approx(changed.load_kw.sum() * HALF_HOUR)
    assert "covered_percent" not in found.facts


def test_an_old_journal_without_flows_and_temperatures_is_still_read(known: Any, tmp_path: Path) -> None:
    path, first = tmp_path / "journal.sqlite", day_bounds(day("2026-01-01"), known.home.tz)
    with open_journal(path) as journal:
        flows = ("grid_import_kw", "grid_export_kw", "charge_kw", "discharge_kw")
        for name in (*flows, "temperature_c", "temperature_forecast_c", "pv_nowcast_kw", "devices_kw"):
            journal._db.execute(f"ALTER TABLE measured DROP COLUMN {name}")
        journal._db.execute("INSERT INTO measured VALUES ('test', ?, 1.0, 0.0, 0.5, NULL)", (first[0].isoformat(),))
    with open_journal(path, read_only=True) as journal:
        [slot] = journal.measured("test", *first)
    assert (slot.load_kw, slot.grid_import_kw) == (1.0, None)
    with open_journal(path) as journal:
        told = replace(slot, grid_import_kw=1.5, temperature_forecast_c=3.5)
        journal.measure("test", told)
        assert journal.measured("test", *first) == [told]
