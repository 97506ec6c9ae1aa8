"""The page's studies in processes of their own: begun, followed, ended, and gone with whoever began them."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from advisor.study import child
from advisor.study.desk import ProcessDesk
from advisor.study.estimate import RestEstimate
from agent.web.study import StudyForm
from tests.eval.study.conftest import madrid_wishes


def wait_for(done: Callable[[], bool]) -> None:
    """The bound ends a test that hangs, not one on a slow machine."""
    until = time.monotonic() + 300
    while not done():
        assert time.monotonic() < until, "nothing happened in five minutes"
        time.sleep(0.05)


def test_a_study_runs_beside_the_service_and_ends_when_it_is_cancelled(tmp_path: Path) -> None:
    with ProcessDesk(tmp_path) as desk:
        assert desk.start(StudyForm(place="Bilbao"), "en") == {}
        assert desk.progress().running
        running = desk._child
        assert running is not None
        wait_for(lambda: desk.progress().step is not None)
        assert os.getpriority(os.PRIO_PROCESS, running.pid) == 19
        assert desk.start(StudyForm(place="Madrid"), "en") == {}
        assert desk._child is running, "one at a time"
        assert desk.offered()[0].place == "Bilbao", "who opens the page again sees what is being simulated"
        desk.cancel()
        assert not desk.progress().running
        assert desk.progress().failed is None
        assert running.poll() is not None


def test_a_desk_that_closes_takes_its_study_along(tmp_path: Path) -> None:
    with ProcessDesk(tmp_path) as desk:
        desk.start(StudyForm(place="Bilbao"), "en")
        running = desk._child
    assert running is not None
    assert running.poll() is not None


def test_a_process_that_dies_is_told_with_what_to_do(tmp_path: Path) -> None:
    with ProcessDesk(tmp_path) as desk:
        desk.start(StudyForm(place="Bilbao"), "en")
        assert desk._child is not None
        desk._child.kill()
        wait_for(lambda: not desk.progress().running)
        assert desk.progress().failed == "the study ended before its time (exit code -9): start it again"


def test_a_form_that_cannot_be_starts_nothing(tmp_path: Path) -> None:
    with ProcessDesk(tmp_path / "none") as desk:
        assert set(desk.start(StudyForm(place="Madrid", people="0"), "en")) == {"people"}
        assert set(desk.faults(StudyForm(place="Madrid", people="0"), "en")) == {"people"}
        assert not desk.progress().running
    assert not (tmp_path / "none").exists()


def test_an_order_is_played_and_told_line_by_line(tmp_path: Path) -> None:
    said: list[dict[str, Any]] = []
    order = {
        "place": "Bilbao",
        "language": "es",
        "said": {"kwp": [4], "battery_kwh": [5], "weather_years": 0, "with_advisor": False},
        "out": str(tmp_path / "reports" / ("a" * 32 + ".html")),
        "cache": str(tmp_path / "played"),
        "workers": 1,
    }
    child.play(order, said.append)
    assert said[0] == said[0] | {"step": "weather", "done": 1, "total": 1}
    answers = [line for line in said if "answer" in line]
    assert [line["final"] for line in answers] == [False, True]
    assert "5 kWh" in answers[0]["answer"]
    shares = [line["share"] for line in said if "share" in line]
    assert shares == sorted(shares)
    desk = ProcessDesk(tmp_path)
    newest = desk.progress().report
    assert newest == "a" * 32
    found = desk.report(newest)
    assert found is not None
    assert f"<script>{found.script}</script>" in found.html
    assert f"<style>{found.style}</style>" in found.html


@pytest.mark.parametrize("name", ["../study", "b" * 32, "", "A" * 32])
def test_names_that_are_none_open_nothing(tmp_path: Path, name: str) -> None:
    assert ProcessDesk(tmp_path).report(name) is None


def test_an_estimate_reaches_the_whole_when_all_pieces_are_done() -> None:
    estimate = RestEstimate(madrid_wishes(weather_years=2, with_advisor=True))
    told = estimate.after("weather", 3, 3)
    assert 0 < float(str(told["share"])) < 0.5
    for step, pieces in (("sizes", 4), ("homes", 2), ("years", 40)):
        told = estimate.after(step, pieces, pieces)
    assert (told["share"], told["left_s"]) == (1.0, 0.0)
