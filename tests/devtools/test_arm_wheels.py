import subprocess
from pathlib import Path

import pytest

from devtools import arm_wheels
from energy.errors import SettingsError


def test_pins_are_the_lines_of_the_lock_that_are_no_comment(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("# made by make lock\na==1\n\nb==2\n", encoding="utf-8")
    assert arm_wheels.pins_of(lock) == ["a==1", "b==2"]


def test_every_pin_without_a_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip stops at the first one that it finds no wheel of."""

    def pip(command: list[str], **_: object) -> "subprocess.CompletedProcess[str]":
        assert "manylinux2014_aarch64" in command
        without = [pin for pin in command if pin in {"b==2", "c==3"}]
        result = f"ERROR: No matching distribution found for {without[0]}\n" if without else ""
        return subprocess.CompletedProcess(command, bool(without), "", result)

    monkeypatch.setattr(arm_wheels.subprocess, "run", pip)
    assert list(arm_wheels.missing(["a==1", "b==2", "c==3"])) == ["b==2", "c==3"]


def test_a_registry_that_cannot_be_reached_says_nothing_of_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    away = subprocess.CompletedProcess([], 1, "", "ERROR: connection refused")
    monkeypatch.setattr(arm_wheels.subprocess, "run", lambda *_, **__: away)
    with pytest.raises(SettingsError, match="connection refused"):
        list(arm_wheels.missing(["a==1"]))
