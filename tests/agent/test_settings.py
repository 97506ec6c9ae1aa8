"""Settings from file and environment: what is text in a variable is a number all the same."""

from pathlib import Path

import pytest

from agent.settings import load_settings
from energy.errors import SettingsError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "advisor.toml"
    path.write_text('home_file = "home.toml"\n', encoding="utf-8")
    return path


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_a_variable_sets_the_length_of_a_slot(file: Path, minutes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADVISOR_SERVICE__SLOT_MINUTES", str(minutes))
    assert load_settings(file).service.slot_minutes == minutes


@pytest.mark.parametrize("minutes", ["20", "15.5", "fifteen", "9" * 5000])
def test_another_length_is_refused_with_what_is_allowed(
    file: Path, minutes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADVISOR_SERVICE__SLOT_MINUTES", minutes)
    with pytest.raises(SettingsError, match=r"^ADVISOR_SERVICE__SLOT_MINUTES: service.slot_minutes.*15, 30 or 60"):
        load_settings(file)


def test_certificates_make_the_way_to_the_broker_an_encrypted_one(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(file).mqtt.address.tls is None
    monkeypatch.setenv("ADVISOR_MQTT__CA_FILE", "ca.pem")
    tls = load_settings(file).mqtt.address.tls
    assert tls is not None
    assert tls.ca_file == Path("ca.pem")
