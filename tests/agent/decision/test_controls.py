"""The household's controls: what may stand where, and that it stays."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.decision.controls import Acting, ControlPanel, Controls
from energy.errors import DataError
from energy.guard import Policy
from energy.home import Grid, Home

TURNS = [
    ("acting", b"act", Controls(acting=Acting.ACT)),
    ("acting", b"off", Controls(acting=Acting.OFF)),
    ("reserve", b"35", Controls(reserve_soc=0.35)),
    ("reserve", b"35.0", Controls(reserve_soc=0.35)),
    ("allow_grid_charging", b"OFF", Controls(allow_grid_charging=False)),
    ("allow_export", b"off", Controls(allow_export=False)),
]
REFUSALS = [
    ("acting", b"please", "acting cannot be 'please': say one of 'act', 'advise only', 'off'"),
    ("reserve", b"135", "reserve cannot be '135': say a percentage from 0 to 100"),
    ("reserve", b"nan", "reserve cannot be 'nan'"),
    ("reserve", b"-1", "reserve cannot be '-1'"),
    ("reserve", b"1e400", "reserve cannot be '1e400'"),
    ("allow_export", b"maybe", "allow_export cannot be 'maybe': say ON or OFF"),
    ("allow_export", b"\xff" * 100_000, "allow_export cannot be"),
    ("self_destruct", b"ON", "'self_destruct' is not a control"),
]


@pytest.mark.parametrize(("name", "payload", "stands"), TURNS)
def test_a_turned_control_survives_a_restart(name: str, payload: bytes, stands: Controls, tmp_path: Path) -> None:
    path = tmp_path / "memory" / "controls.json"
    ControlPanel(path, Controls()).turn(name, payload)
    assert ControlPanel(path, Controls(reserve_soc=0.9)).controls == stands


@pytest.mark.parametrize(("name", "payload", "message"), REFUSALS)
def test_a_wrong_turn_changes_nothing(name: str, payload: bytes, message: str, tmp_path: Path) -> None:
    panel = ControlPanel(tmp_path / "controls.json", Controls())
    with pytest.raises(DataError) as caught:
        panel.turn(name, payload)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 400
    assert panel.controls == Controls()
    assert not (tmp_path / "controls.json").exists()


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_acting_for_some_hours_goes_back_by_itself_also_after_a_restart(tmp_path: Path) -> None:
    path, end = tmp_path / "controls.json", NOON + timedelta(hours=4)
    panel = ControlPanel(path, Controls(acting=Acting.ACT))
    panel.act(Acting.OFF, end)
    # A second limit does not forget what held before the first.
    panel.act(Acting.ADVISE, end)
    panel = ControlPanel(path, Controls())
    assert panel.controls.acting is Acting.ADVISE
    assert not panel.end_limited(end - timedelta(seconds=1))
    assert panel.end_limited(end)
    assert ControlPanel(path, Controls()).controls == Controls(acting=Acting.ACT)
    assert not panel.end_limited(end)


@pytest.mark.parametrize("until", [None, NOON])
def test_a_turn_by_hand_ends_the_limit(tmp_path: Path, until: datetime | None) -> None:
    panel = ControlPanel(tmp_path / "controls.json", Controls(acting=Acting.ACT))
    panel.act(Acting.OFF, NOON)
    panel.turn("acting", b"advise only")
    assert panel.controls == Controls(acting=Acting.ADVISE)
    panel.act(Acting.ADVISE, until)
    assert panel.controls == Controls(acting=Acting.ADVISE)


@pytest.mark.parametrize("content", [b"", b'{"acting": "act', b"\xff\xfe", b"[]"])
def test_a_damaged_file_is_set_aside_and_the_advisor_only_advises(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "controls.json"
    path.write_bytes(content)
    panel = ControlPanel(path, Controls(acting=Acting.ACT, reserve_soc=0.2))
    assert panel.controls == Controls(acting=Acting.ADVISE, reserve_soc=0.2)
    assert "set aside" in panel.fault
    assert path.with_suffix(".damaged").read_bytes() == content
    again = ControlPanel(path, Controls(acting=Acting.ACT))
    assert again.controls.acting is Acting.ADVISE
    assert "set aside" in again.fault
    again.turn("acting", b"advise only")
    assert not again.fault
    assert ControlPanel(path, Controls(acting=Acting.ACT)).controls.acting is Acting.ADVISE
    again.turn("acting", b"act")
    assert ControlPanel(path, Controls()).controls.acting is Acting.ACT


def test_what_the_disk_does_not_take_holds_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "memory").write_bytes(b"a file where a folder should be")
    panel = ControlPanel(tmp_path / "memory" / "controls.json", Controls(acting=Acting.ACT))
    with pytest.raises(DataError, match="until the next start only"):
        panel.turn("acting", b"off")
    assert panel.controls.acting is Acting.OFF


def test_controls_narrow_the_home_and_never_widen_it(home: Home) -> None:
    strict = home.model_copy(update={"grid": Grid(allow_grid_charging=False, allow_battery_export=False)})
    free = home.model_copy(update={"grid": Grid(allow_grid_charging=True, allow_battery_export=True)})
    assert Controls().home(strict) == strict
    assert Controls().home(free) == free
    narrowed = Controls(allow_grid_charging=False, allow_export=False).home(free)
    assert narrowed == strict
    assert Controls(reserve_soc=0.2).policy(Policy(min_reserve_soc=0.3)).min_reserve_soc == 0.3
    assert Controls(reserve_soc=0.4).policy(Policy(min_reserve_soc=0.3)).min_reserve_soc == 0.4
