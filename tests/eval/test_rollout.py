from datetime import date
from pathlib import Path

import numpy as np
import pytest

from energy.errors import SettingsError
from eval.metrics import grade
from eval.records import Cell, read
from eval.report import write_report
from eval.rollout import collect, play_cell
from eval.suites import Source, Suite, history_of, home_suite, suite_named, with_battery
from ingest.recorded import shipped_history

SUITE = Suite("tiny", ("citylearn-4",), ((date(2017, 1, 9), 2),), (6.4,))


def nothing(*_: object) -> None: ...


def test_a_killed_run_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    cells = SUITE.cells(("none", "greedy", "planner", "oracle"))
    assert collect(cells[:2], Source(), tmp_path, workers=1, progress=nothing) == 2
    kept = {path: path.read_bytes() for path in tmp_path.glob("*.zip")}
    damaged = tmp_path / f"{cells[1].name}.zip"
    damaged.write_bytes(damaged.read_bytes()[:-30])
    (tmp_path / "left.part").write_bytes(b"half")
    assert collect(cells, Source(), tmp_path, workers=2, progress=nothing) == 3
    assert collect(cells, Source(), tmp_path, workers=2, progress=nothing) == 0
    untouched = tmp_path / f"{cells[0].name}.zip"
    assert untouched.read_bytes() == kept[untouched]
    page, text = write_report(tmp_path, tmp_path / "report")
    assert page.stat().st_size > 10_000
    assert "| planner |" in text.read_text()


def test_shares_stand_between_nothing_and_the_bound(tmp_path: Path) -> None:
    collect(SUITE.cells(("none", "greedy", "planner", "oracle")), Source(), tmp_path, workers=1, progress=nothing)
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
    ("changes", "status", "told"),
    [
        ({"first_day": date(2020, 1, 1)}, "no_data", "0 of 2 days from 2020-01-01 have data"),
        ({"home": "nowhere"}, "failed", "home 'nowhere' is not known"),
        ({"policy": "magic"}, "failed", "'magic' is not known"),
        ({"first_day": date(2016, 8, 1), "policy": "planner"}, "failed", "ingest some history"),
    ],
)
def test_what_goes_wrong_is_recorded_and_the_run_goes_on(
    tmp_path: Path, changes: dict[str, object], status: str, told: str
) -> None:
    [cell] = SUITE.cells(("greedy",))
    broken = Cell.model_validate(cell.model_dump() | changes)
    assert collect([broken, cell], Source(), tmp_path, workers=1, progress=nothing) == 2
    record = read(tmp_path / f"{broken.name}.zip")
    assert record is not None
    assert record.outcome.status == status
    assert told in record.outcome.detail
    assert play_cell(cell, Source()).outcome.status == "done"


def test_a_home_of_ones_own_sits_consecutive_windows_after_its_first_weeks() -> None:
    suite = home_suite(shipped_history("citylearn-1"), window_days=28)
    assert suite.windows[0] == (date(2016, 8, 29), 28)
    assert len(suite.windows) == 12
    assert suite.batteries_kwh == (6.4,)
    with pytest.raises(SettingsError, match="needs 392 or more"):
        home_suite(shipped_history("citylearn-1"), window_days=364)


def test_unknown_suites_and_homes_are_told_what_there_is() -> None:
    with pytest.raises(SettingsError, match="use one of smoke, real"):
        suite_named("huge")
    with pytest.raises(SettingsError, match="give --from"):
        history_of(Source(), "citylearn-3")


def test_a_smaller_battery_has_less_power_and_a_larger_one_no_more() -> None:
    history = shipped_history("citylearn-1")
    assert with_battery(history, 3.2).home.battery.max_charge_kw == pytest.approx(2.5)
    assert with_battery(history, 13.5).home.battery.max_charge_kw == 5.0
    assert with_battery(history, 0.0).home.battery.max_discharge_kw == 0.0
