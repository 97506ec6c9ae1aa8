import os
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from multiprocessing import active_children
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from energy.errors import SettingsError
from eval.collect import policies
from eval.collect.homes import SCENARIO, HistorySource, history_of, staged, with_battery
from eval.collect.rollout import collect, play_cell
from eval.collect.suites import SUITES, Block, Suite, home_suite, suite_named
from eval.grade.metrics import grade
from eval.grade.records import Cell, read, write
from eval.report.report import write_report
from eval.sweep.processes import ProcessSweep
from ingest.history.recorded import shipped_history
from ingest.history.table import History
from knowledge.store import DayStore
from simulator.scenario import load_scenario, scenario_names

SUITE = Suite("tiny", ("citylearn-4",), (Block(((date(2017, 1, 9), 2),)),))


def nothing(*_: object) -> None: ...


def test_a_killed_run_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    cells = SUITE.cells(("none", "greedy", "planner", "oracle"))
    assert collect(cells[:2], HistorySource(), tmp_path, sweep=ProcessSweep(1), progress=nothing) == 2
    kept = {path: path.read_bytes() for path in tmp_path.glob("*.zip")}
    damaged = tmp_path / f"{cells[1].name}.zip"
    damaged.write_bytes(damaged.read_bytes()[:-30])
    (tmp_path / "left.part").write_bytes(b"half")
    assert collect(cells, HistorySource(), tmp_path, sweep=ProcessSweep(2), progress=nothing) == 3
    assert collect(cells, HistorySource(), tmp_path, sweep=ProcessSweep(2), progress=nothing) == 0
    untouched = tmp_path / f"{cells[0].name}.zip"
    assert untouched.read_bytes() == kept[untouched]
    page, text = write_report(tmp_path, tmp_path / "report")
    assert page.stat().st_size > 10_000
    assert "| planner |" in text.read_text()


def test_shares_stand_between_nothing_and_the_bound(tmp_path: Path) -> None:
    collect(
        SUITE.cells(("none", "greedy", "planner", "oracle")),
        HistorySource(),
        tmp_path,
        sweep=ProcessSweep(1),
        progress=nothing,
    )
    found = [read(path) for path in tmp_path.glob("*.zip")]
    costs = {one.cell.policy: one.cost for one in grade([record for record in found if record is not None])}
    assert costs["oracle"] <= costs["planner"] < costs["greedy"] <= costs["none"]
    for record in found:
        assert record is not None
        assert record.series is not None
        flow = record.series
        bus = flow.pv_kw + flow.grid_import_kw + flow.discharge_kw
        bus = bus - flow.load_kw - flow.charge_kw - flow.grid_export_kw - flow.curtailed_kw
        assert np.abs(bus).max() < 1e-6


@pytest.mark.parametrize(
    ("changes", "status", "expected"),
    [
        ({"first_day": date(2020, 1, 1)}, "no_data", "0 of 2 days from 2020-01-01 have data"),
        ({"home": "nowhere"}, "failed", "home 'nowhere' is not known"),
        ({"policy": "magic"}, "failed", "'magic' is not known"),
        ({"first_day": date(2016, 8, 1), "policy": "planner"}, "failed", "ingest some history"),
    ],
)
def test_what_goes_wrong_is_recorded_and_the_run_goes_on(
    tmp_path: Path, changes: dict[str, object], status: str, expected: str
) -> None:
    [cell] = SUITE.cells(("greedy",))
    broken = Cell.model_validate(cell.model_dump() | changes)
    assert collect([broken, cell], HistorySource(), tmp_path, sweep=ProcessSweep(1), progress=nothing) == 2
    record = read(tmp_path / f"{broken.name}.zip")
    assert record is not None
    assert record.outcome.status == status
    assert expected in record.outcome.detail
    assert play_cell(cell, HistorySource()).outcome.status == "done"


@pytest.mark.parametrize(
    ("policy", "days", "bad", "status", "played"),
    [
        ("greedy", 28, (3,), "done", 27),
        ("greedy", 28, (0, 27), "done", 26),
        ("greedy", 28, (3, 9, 11), "no_data", 0),
        ("planner", 7, (3,), "done", 6),
        ("greedy", 2, (1,), "no_data", 0),
    ],
)
def test_a_bad_day_is_left_out_of_its_window(
    tmp_path: Path, policy: str, days: int, bad: tuple[int, ...], status: str, played: int
) -> None:
    history, first = shipped_history("citylearn-4"), date(2017, 1, 9)
    store = DayStore(tmp_path / "days")
    store.remember_home(history.home.model_copy(update={"name": "mine"}))
    gone = {first + timedelta(days=at) for at in bad[:1]}
    unknown = {first + timedelta(days=at) for at in bad[1:]}
    mine = [replace(day, home="mine") for day in history.days if day.day not in gone]
    store.append("mine", [replace(day, load_kw=day.load_kw * np.nan) if day.day in unknown else day for day in mine])
    cell = SUITE.cells((policy,))[0].model_copy(update={"home": "mine", "first_day": first, "days": days})
    record = play_cell(cell, HistorySource(memory=tmp_path))
    assert record.outcome.status == status
    if played:
        assert record.series is not None
        assert len(record.series.load_kw) == played * 24
        assert not np.isnan(record.series.load_kw).any()


def test_a_home_of_ones_own_sits_consecutive_windows_after_its_first_weeks() -> None:
    suite = home_suite(shipped_history("citylearn-1"), window_days=28)
    [block] = suite.blocks
    assert block.windows[0] == (date(2016, 8, 29), 28)
    assert len(block.windows) == 12
    assert block.batteries_kwh == (6.4,)
    with pytest.raises(SettingsError, match="needs 392 or more"):
        home_suite(shipped_history("citylearn-1"), window_days=364)


def test_unknown_suites_and_homes_are_told_what_there_is() -> None:
    with pytest.raises(SettingsError, match="use one of smoke"):
        suite_named("huge")
    with pytest.raises(SettingsError, match="give --from"):
        history_of(HistorySource(), "citylearn-3")


def test_a_smaller_battery_has_less_power_and_a_larger_one_no_more() -> None:
    history = shipped_history("citylearn-1")
    assert with_battery(history, 3.2).home.battery.max_charge_kw == pytest.approx(2.5)
    assert with_battery(history, 13.5).home.battery.max_charge_kw == 5.0
    assert with_battery(history, 0.0).home.battery.max_discharge_kw == 0.0


def test_a_hang_is_ended_recorded_and_not_waited_for_again(tmp_path: Path) -> None:
    [greedy, planner] = SUITE.cells(("greedy", "planner"))
    year = planner.model_copy(update={"days": 200})
    result: list[str] = []
    for cells, timeout_s in ([year], 0.5), ([year, greedy], 60.0):
        collect(
            cells,
            HistorySource(),
            tmp_path,
            sweep=ProcessSweep(1, timeout_s=timeout_s),
            progress=lambda _, status: result.append(status),
        )
    assert result == ["timed_out", "done"]
    record = read(tmp_path / f"{year.name}.zip")
    assert record is not None
    assert record.outcome.detail == "not done after 0.5 s"


def test_a_crash_is_recorded_and_the_others_go_on(tmp_path: Path) -> None:
    """The worker is killed while it waits for a home's file, which is a pipe that nobody writes to."""
    [greedy] = SUITE.cells(("greedy",))
    stuck = greedy.model_copy(update={"home": "stuck"})
    pipe = tmp_path / "memory" / "days" / "stuck" / "days.jsonl"
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    result: list[str] = []
    source, records = HistorySource(memory=tmp_path / "memory"), tmp_path / "records"
    run = Thread(
        target=partial(
            collect,
            [stuck, greedy],
            source,
            records,
            sweep=ProcessSweep(1),
            progress=lambda _, status: result.append(status),
        )
    )
    run.start()
    with pipe.open("w"):
        for worker in active_children():
            worker.kill()
        run.join(timeout=300)
    assert sorted(result) == ["done", "failed"]
    record = read(records / f"{stuck.name}.zip")
    assert record is not None
    assert "its process ended with exit code" in record.outcome.detail


def test_a_peer_that_is_not_there_is_skipped_with_the_reason_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "is_installed", lambda: False)
    [cell] = SUITE.cells(("emhass",))
    record = play_cell(cell, HistorySource())
    assert (record.outcome.status, record.outcome.detail) == ("skipped", "EMHASS is not installed: make peers")
    write(record, tmp_path)
    monkeypatch.undo()
    assert collect([cell], HistorySource(), tmp_path, sweep=ProcessSweep(1), progress=nothing) == 1


def test_a_home_without_a_battery_never_reaches_the_peer() -> None:
    [cell] = SUITE.cells(("emhass",))
    record = play_cell(cell.model_copy(update={"battery_kwh": 0.0}), HistorySource())
    assert record.outcome.status == "skipped"
    assert "citylearn-4 has none" in record.outcome.detail


def test_forecast_quality_changes_what_is_told_of_the_sun_and_nothing_else() -> None:
    [cell] = SUITE.cells(("planner",))
    honest, none, perfect = (
        staged(HistorySource(), cell.model_copy(update={"forecast": quality})).days[100]
        for quality in ("midnight", "none", "perfect")
    )
    assert none.pv_forecast_kw is None
    assert perfect.pv_forecast_kw is not None
    assert honest.pv_forecast_kw is not None
    np.testing.assert_array_equal(perfect.pv_forecast_kw, perfect.pv_kw)
    assert np.abs(honest.pv_forecast_kw - honest.pv_kw).sum() > 0.5
    np.testing.assert_array_equal(honest.load_kw, perfect.load_kw)


def test_a_renewed_forecast_is_nearer_to_what_came_than_that_of_midnight_which_it_leaves_as_it_was() -> None:
    [cell] = SUITE.cells(("planner",))
    midnight, renewed = (
        staged(HistorySource(), cell.model_copy(update={"forecast": quality})).days[60:160]
        for quality in ("midnight", "renewed")
    )
    errors = np.zeros(2)
    for once, often in zip(midnight, renewed, strict=True):
        assert once.pv_nowcast_kw is None
        assert once.pv_forecast_kw is not None
        assert often.pv_forecast_kw is not None
        assert often.pv_nowcast_kw is not None
        np.testing.assert_array_equal(once.pv_forecast_kw, often.pv_forecast_kw)
        errors += [np.abs(result - once.pv_kw).sum() for result in (often.pv_nowcast_kw, once.pv_forecast_kw)]
    assert 0 < errors[0] < 0.8 * errors[1]


def test_the_dynamic_tariff_without_its_prices_says_where_they_are() -> None:
    [cell] = SUITE.cells(("greedy",))
    record = play_cell(cell.model_copy(update={"tariff": "dynamic"}), HistorySource())
    assert record.outcome.status == "failed"
    assert "--prices" in record.outcome.detail


def test_each_suite_asks_every_policy_where_it_says_so() -> None:
    cells = SUITES["real"].cells(("none", "greedy", "planner", "watts", "emhass", "advisor:embedded:decide", "oracle"))
    assert len(cells) == len({cell.name for cell in cells})
    asked = Counter(cell.policy for cell in cells)
    seasons, sizes, tariffs, homes = 4, 3, 2, 8
    years, quality = tariffs * homes, 2 * seasons * homes
    assert asked["planner"] == asked["oracle"] == seasons * sizes * tariffs * homes + years + quality
    assert asked["watts"] == asked["advisor:embedded:decide"] == seasons * homes
    assert asked["emhass"] == 2 * homes


def test_every_scenario_is_a_home_of_the_exam_on_its_own_days() -> None:
    suite = suite_named("scenarios")
    cells = suite.cells(("none", "planner", "oracle", "watts"))
    assert {cell.home.removeprefix(SCENARIO) for cell in cells} == set(scenario_names())
    assert len(cells) == 3 * len(scenario_names())
    [car] = [cell for cell in cells if cell.home == f"{SCENARIO}car" and cell.policy == "planner"]
    scenario = load_scenario("car")
    assert (car.first_day, car.days) == (scenario.play.first_day, -(-scenario.play.hours // 24))
    assert not history_of(HistorySource(), car.home).home.devices


def test_a_scenario_is_played_and_graded_like_any_home() -> None:
    cells = suite_named("scenarios").cells(("none", "greedy", "planner", "oracle"))
    graded = grade(play_cell(cell, HistorySource()) for cell in cells if cell.home == f"{SCENARIO}cold-snap")
    costs = {one.cell.policy: one.cost for one in graded}
    assert costs["oracle"] <= costs["planner"] < costs["greedy"] < costs["none"]


def test_a_quarter_hourly_home_is_graded_by_its_own_step(tmp_path: Path) -> None:
    whole = shipped_history("citylearn-4")
    quarter = timedelta(minutes=15)
    days = tuple(
        replace(
            day,
            step=quarter,
            load_kw=np.repeat(day.load_kw, 4),
            pv_kw=np.repeat(day.pv_kw, 4),
            pv_forecast_kw=None,
            temperature_c=None,
        )
        for day in whole.days[:57]
    )
    history = History(whole.home, quarter, days)
    suite = home_suite(history)
    assert {cell.step_minutes for cell in suite.cells(("greedy",))} == {15}
