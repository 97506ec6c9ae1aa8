from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Any

import numpy as np
import pytest

from energy.battery import Battery
from energy.errors import DataError
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from energy.slots import DAY, day_bounds
from ingest.history.table import History
from ingest.homeassistant.client import HomeAssistant, Signed
from ingest.homeassistant.statistics import Sources, new_days, read_statistics
from knowledge.days import is_complete

MADRID = Home(
    name="test",
    zone="Europe/Madrid",
    pv_peak_kw=4,
    battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3),
    tariff=FlatTariff(import_price=0.3),
)
SOURCES: Sources = {
    "pv_power": Signed(add=("sensor.pv",)),
    "grid_power": Signed(add=("sensor.in",), subtract=("sensor.out",)),
    "battery_power": Signed(add=("sensor.discharged",), subtract=("sensor.charged",)),
}
NOW = datetime(2026, 4, 15, 12, tzinfo=UTC)
PV_OF_DAY = [0.0] * 7 + [0.5, 1, 2, 3, 3, 3, 2, 1, 0.5] + [0.0] * 8


def totals(hourly: list[float], first: float = 0.0) -> list[float | None]:
    return list(accumulate(hourly, initial=first))[1:]


def teach(assistant: Any, first: date, days: int, **changed: list[float | None]) -> None:
    """Days on which the house uses 0.5 kW, and the panels give 16 kWh of which 1.5 kW charge the battery at noon."""
    start = day_bounds(first, MADRID.tz)[0] - DAY
    hours = (day_bounds(first + days * DAY, MADRID.tz)[0] - start) // timedelta(hours=1)
    local = [(start + at * timedelta(hours=1)).astimezone(MADRID.tz).hour for at in range(hours)]
    pv = [PV_OF_DAY[hour] for hour in local]
    charged = [1.5 if hour in {11, 12} else 0.0 for hour in local]
    discharged = [0.5 if hour in {20, 21} else 0.0 for hour in local]
    net = [0.5 + into - out - sun for into, out, sun in zip(charged, discharged, pv, strict=True)]
    known = {
        "pv": totals(pv),
        "charged": totals(charged),
        "discharged": totals(discharged),
        "in": totals([max(kw, 0) for kw in net]),
        "out": totals([max(-kw, 0) for kw in net], 1000.0),
    } | changed
    for name, values in known.items():
        assistant.know(f"sensor.{name}", start, values)


def read(assistant: Any, since: date, home: Home = MADRID, sources: Sources = SOURCES, now: datetime = NOW) -> History:
    with HomeAssistant(assistant.address) as asked:
        return read_statistics(asked, home, sources, since=since, now=now)


def test_load_is_the_balance_and_days_across_a_clock_change_are_whole(assistant: Any) -> None:
    teach(assistant, date(2026, 3, 27), 5)
    history = read(assistant, date(2026, 3, 27))
    assert [len(day.load_kw) for day in history.days] == [24, 24, 23, 24, 24]
    for day in history.days:
        assert day.load_kw == pytest.approx(np.full(len(day.load_kw), 0.5))
        assert day.pv_kw.sum() == pytest.approx(16)
        assert int(np.argmax(day.pv_kw > 0)) == 7 - (24 - len(day.load_kw))
    assert history.warnings == ("gap: load or PV unknown from 2026-04-01 00:00 for 336 h",)


def test_what_a_car_took_is_no_load_of_the_house_from_when_on_it_was_counted(assistant: Any) -> None:
    teach(assistant, date(2026, 4, 1), 3)
    begins = day_bounds(date(2026, 4, 2), MADRID.tz)[0]
    assistant.know("sensor.wallbox", begins - timedelta(hours=1), totals([0.0] + [0.2] * 48))
    history = read(assistant, date(2026, 4, 1), sources={**SOURCES, "car_power": Signed(add=("sensor.wallbox",))})
    assert [day.load_kw.mean() for day in history.days[:3]] == pytest.approx([0.5, 0.3, 0.3])


def test_finished_days_only(assistant: Any) -> None:
    teach(assistant, date(2026, 3, 27), 30)
    late, early = (datetime(2026, 4, 2, 22, minute, tzinfo=UTC) for minute in (9, 10))
    assert read(assistant, date(2026, 3, 27), now=late).days[-1].day == date(2026, 4, 1)
    assert read(assistant, date(2026, 3, 27), now=early).days[-1].day == date(2026, 4, 2)


def changed_pv(assistant: Any, change: Any) -> History:
    """Read a fortnight whose PV total was changed from noon of the third day on."""
    teach(assistant, date(2026, 4, 1), 14)
    rows = assistant.statistics[("sensor.pv", "hour")]
    noon = next(
        at for at, row in enumerate(rows) if row["start"] == datetime(2026, 4, 3, 10, tzinfo=UTC).timestamp() * 1000
    )
    assistant.statistics[("sensor.pv", "hour")] = change(rows, noon)
    return read(assistant, date(2026, 4, 1))


def test_the_energy_of_a_short_outage_is_spread_over_it(assistant: Any) -> None:
    history = changed_pv(assistant, lambda rows, noon: rows[: noon - 1] + rows[noon + 1 :])
    third = history.days[2]
    assert third.pv_kw[11:14] == pytest.approx([8 / 3] * 3)
    assert third.pv_kw.sum() == pytest.approx(16)
    assert history.warnings == ()


def test_a_long_outage_by_day_is_unknown_together_with_the_jump_after_it(assistant: Any) -> None:
    history = changed_pv(assistant, lambda rows, noon: rows[: noon - 3] + rows[noon:])
    third = history.days[2]
    assert np.flatnonzero(np.isnan(third.pv_kw)).tolist() == [9, 10, 11, 12]
    assert not is_complete(third)
    assert history.warnings == ("gap: load or PV unknown from 2026-04-03 09:00 for 4 h",)


def test_an_inverter_that_sleeps_at_night_leaves_no_gap(assistant: Any) -> None:
    def awake(row: dict[str, Any]) -> bool:
        return 6 <= datetime.fromtimestamp(row["start"] / 1000, tz=MADRID.tz).hour <= 17

    teach(assistant, date(2026, 4, 1), 14)
    rows = assistant.statistics[("sensor.pv", "hour")]
    assistant.statistics[("sensor.pv", "hour")] = [row for row in rows if awake(row)]
    history = read(assistant, date(2026, 4, 1))
    assert history.warnings == ("gap: load or PV unknown from 2026-04-14 18:00 for 6 h",)
    assert [day.pv_kw.sum() for day in history.days[:-1]] == pytest.approx([16] * 13)


def test_a_total_corrected_downwards_and_one_that_jumps_are_unknown_and_told(assistant: Any) -> None:
    def jump(by: float) -> Any:
        return lambda rows, noon: [row | {"sum": row["sum"] + by * (at >= noon)} for at, row in enumerate(rows)]

    assert np.isnan(changed_pv(assistant, jump(-100)).days[2].pv_kw[12])
    assistant.statistics.clear()
    history = changed_pv(assistant, jump(5000))
    assert np.isnan(history.days[2].pv_kw[12])
    assert "pv_power: 1 values outside -0.18 to 6.1 left out, first 5003.0 at 2026-04-03 12:00" in history.warnings


def test_five_minute_statistics_are_taken_where_they_are_whole(assistant: Any) -> None:
    teach(assistant, date(2026, 4, 1), 14)
    start = day_bounds(date(2026, 4, 12), MADRID.tz)[0] - timedelta(hours=1)
    slots = 12 * 60
    for name, per_slot in (("pv", 0.1), ("in", 0.05), ("out", 0.1), ("charged", 0.0), ("discharged", 0.0)):
        assistant.know(f"sensor.{name}", start, totals([per_slot] * slots, 50.0), period="5minute")
    history = read(assistant, date(2026, 4, 1))
    by_day = {day.day: day for day in history.days}
    assert by_day[date(2026, 4, 11)].step == timedelta(hours=1)
    fine = by_day[date(2026, 4, 12)]
    assert (fine.step, len(fine.load_kw)) == (timedelta(minutes=5), 288)
    assert fine.load_kw == pytest.approx(np.full(288, (0.1 + 0.05 - 0.1) * 12))


def test_an_hour_that_is_there_twice_counts_once(assistant: Any) -> None:
    def doubled(rows: list[dict[str, Any]], noon: int) -> list[dict[str, Any]]:
        late = rows[noon] | {"start": rows[noon]["start"] + 30_000}
        return [*rows[: noon + 1], rows[noon], late, *rows[noon + 1 :]]

    history = changed_pv(assistant, doubled)
    assert history.days[2].pv_kw.sum() == pytest.approx(16)
    assert history.warnings == ()


def test_what_was_bought_and_sold_is_kept_beside_the_load(assistant: Any) -> None:
    teach(assistant, date(2026, 4, 1), 14)
    day = read(assistant, date(2026, 4, 1)).days[0]
    assert day.grid_import_kw is not None
    assert day.grid_export_kw is not None
    net = day.load_kw - day.pv_kw
    at_noon = [hour for hour in range(24) if hour not in {11, 12, 20, 21}]
    assert day.grid_import_kw[at_noon] == pytest.approx(np.maximum(net, 0)[at_noon])
    assert day.grid_export_kw[at_noon] == pytest.approx(np.maximum(-net, 0)[at_noon])


@pytest.mark.parametrize("sources", [{}, {"pv_power": Signed(add=("sensor.pv",))}])
def test_an_energy_dashboard_that_names_too_little_is_a_sentence(assistant: Any, sources: Sources) -> None:
    missing = "grid_power" if sources else "pv_power"
    with HomeAssistant(assistant.address) as asked, pytest.raises(DataError) as caught:
        new_days(asked, MADRID, sources, stored=[], now=NOW)
    assert f"{missing}: no statistic is named for it: complete Home Assistant's energy dashboard" in str(caught.value)


def test_means_in_kw_count_as_they_are_and_temperature_comes_along(assistant: Any) -> None:
    start = day_bounds(date(2026, 4, 1), MADRID.tz)[0]
    for name, value in (("pv", 1.0), ("grid", -0.4), ("battery", 0.1), ("outside", 11.0)):
        unit = "°C" if name == "outside" else "kW"
        assistant.know(f"sensor.{name}", start, [value] * 24 * 14, unit=unit)
    sources: Sources = {
        "pv_power": Signed(add=("sensor.pv",)),
        "grid_power": Signed(add=("sensor.grid",)),
        "battery_power": Signed(add=("sensor.battery",)),
        "outdoor_temperature": Signed(add=("sensor.outside",)),
    }
    day = read(assistant, date(2026, 4, 1), sources=sources).days[0]
    assert day.load_kw == pytest.approx(np.full(24, 0.7))
    assert day.temperature_c == pytest.approx(np.full(24, 11.0))


def test_a_zone_off_the_whole_hour_gets_half_hours(assistant: Any) -> None:
    home = MADRID.model_copy(update={"zone": "Asia/Kolkata"})
    start = datetime(2026, 3, 30, tzinfo=UTC)
    for name in ("pv", "in", "out", "charged", "discharged"):
        assistant.know(f"sensor.{name}", start, totals([0.5] * 24 * 16))
    day = read(assistant, date(2026, 4, 1), home=home).days[0]
    assert (day.step, len(day.load_kw)) == (timedelta(minutes=30), 48)
    assert day.load_kw == pytest.approx(np.full(48, 0.5))


def test_it_goes_on_after_the_last_complete_day_and_never_makes_a_day_worse(assistant: Any) -> None:
    teach(assistant, date(2026, 4, 1), 14)
    whole = read(assistant, date(2026, 4, 1)).days
    with HomeAssistant(assistant.address) as asked:
        everything = new_days(asked, MADRID, SOURCES, stored=[], now=NOW)
        assistant.asked.clear()
        rest = new_days(asked, MADRID, SOURCES, stored=whole[:10], now=NOW)
        nothing = new_days(asked, MADRID, SOURCES, stored=whole, now=NOW)
    assert [day.day for day in everything.days] == [date(2026, 3, 31) + at * DAY for at in range(15)]
    assert [day.day for day in rest.days] == [day.day for day in whole[10:]]
    assert nothing.days == ()
    assert min(asked["start_time"] for asked in assistant.asked if "start_time" in asked) > "2026-04-09"


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (
            {"pv_power": Signed(add=("sensor.typo",)), "grid_power": Signed(add=("sensor.in",))},
            "no statistics of 'sensor.typo'",
        ),
        ({"pv_power": Signed(add=("sensor.outside",)), "grid_power": Signed(add=("sensor.in",))}, "is in '°C'"),
        ({"grid_power": Signed(add=("sensor.in",))}, "pv_power: no statistic is named"),
        ({}, "pv_power: no statistic is named"),
    ],
)
def test_sources_that_cannot_work_are_told(assistant: Any, sources: Sources, expected: str) -> None:
    teach(assistant, date(2026, 4, 1), 14)
    assistant.know("sensor.outside", NOW - 20 * DAY, [3.0], unit="°C")
    with pytest.raises(DataError, match=expected):
        read(assistant, date(2026, 4, 1), sources=sources)
