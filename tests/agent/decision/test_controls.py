"""The household's controls: what may stand where, and that it stays."""

from pathlib import Path

import pytest

from agent.decision.controls import Acting, ControlPanel, Controls
from energy.errors import DataError, SettingsError
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
    ("self_destruct", b"ON", "'self_destruct' is no control"),
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


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "controls.json").write_text('{"acting": "act', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"controls.json.*mend it, or remove it"):
        ControlPanel(tmp_path / "controls.json", Controls())


def test_controls_narrow_the_home_and_never_widen_it(home: Home) -> None:
    strict = home.model_copy(update={"grid": Grid(allow_grid_charging=False, allow_battery_export=False)})
    free = home.model_copy(update={"grid": Grid(allow_grid_charging=True, allow_battery_export=True)})
    assert Controls().home(strict) == strict
    assert Controls().home(free) == free
    narrowed = Controls(allow_grid_charging=False, allow_export=False).home(free)
    assert narrowed == strict
    assert Controls(reserve_soc=0.2).policy(Policy(min_reserve_soc=0.3)).min_reserve_soc == 0.3
    assert Controls(reserve_soc=0.4).policy(Policy(min_reserve_soc=0.3)).min_reserve_soc == 0.4
