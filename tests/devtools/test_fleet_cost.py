import json
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest

from devtools.fleet import cost
from devtools.fleet.cost import Cost, draw, measured
from energy.errors import SettingsError
from tests.conftest import missing

MINUTES = timedelta(minutes=5)


def test_a_fleet_has_a_cost_and_a_size_in_the_file_is_not_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = tmp_path / "rows.jsonl"
    try:
        [found] = measured([3], 1, MINUTES, rows)
    except SettingsError as err:
        missing(str(err))
    assert found.plan_ms > 0 < found.archive_ms
    assert found.messages > 3 * 5
    monkeypatch.setattr(cost, "measure", lambda *_, **__: pytest.fail("measured again"))
    assert measured([3], 1, MINUTES, rows) == [found]


def test_the_plot_has_a_bar_for_each_size(tmp_path: Path) -> None:
    one = Cost(10, 2, 380, 0.3, 18.0, 1.4, 0.5, 56.4)
    draw([one, Cost(**asdict(one) | {"homes": 1000})], tmp_path / "cost.svg")
    text = (tmp_path / "cost.svg").read_text(encoding="utf-8")
    assert "1,000 homes" in text
    assert json.dumps(one.total_ms) == "20.2"
