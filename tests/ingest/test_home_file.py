from pathlib import Path

import pytest

from energy.errors import SettingsError
from energy.pricing.tariff import PresetTariff
from ingest.home_file import load_home

EXAMPLE = Path(__file__).parents[2] / "home.example.toml"


def test_the_example_that_users_copy_is_a_home() -> None:
    home = load_home(EXAMPLE)
    assert (home.zone, home.battery.capacity_kwh, home.grid.import_limit_kw) == ("Europe/Madrid", 10.0, 9.2)
    assert home.tariff == PresetTariff(name="es-2.0td", export_price=0.05)


def test_a_home_kept_as_json_reads_back_the_same(tmp_path: Path) -> None:
    kept = tmp_path / "home.json"
    kept.write_text(load_home(EXAMPLE).model_dump_json())
    assert load_home(kept) == load_home(EXAMPLE)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Europe/Madrid", "Madrid", ["zone", "'Madrid' is not an IANA zone", "Europe/Madrid"]),
        ("my-home", "../up", ["name", "given: '../up'"]),
        ("capacity_kwh = 10.0", "capacity_kwh = 10_000", ["battery.capacity_kwh: should be 0 to 1000 (given: 10000)"]),
        ("capacity_kwh", "capacity_wh", ["battery.capacity_kwh: is missing", "battery.capacity_wh: no such key"]),
        ("min_soc = 0.10", "min_soc = 10", ["battery.min_soc: should be 0 to 1 (given: 10)"]),
        ("max_soc = 1.0", "max_soc = 0.05", ["battery", "min_soc 0.1 is above max_soc 0.05"]),
        ("es-2.0td", "octopus", ["tariff.preset.name", "given: 'octopus'", "citylearn"]),
        ('kind = "preset"', 'kind = "free"', ["tariff", "'free'", "'flat'"]),
        ("pv_peak_kw = 4.0", f"pv_peak_kw = 0x{'f' * 5000}", ["pv_peak_kw", "a number of thousands of digits"]),
        ("pv_peak_kw = 4.0", "pv_peak_kw = four", ["is not valid TOML", "line 6"]),
    ],
)
def test_what_is_wrong_is_told_with_its_key_and_value(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    path = tmp_path / "home.toml"
    path.write_text(EXAMPLE.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_home(path)
    for part in ("home.toml", *expected):
        assert part in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml.*No such file.*copy home\.example\.toml"):
        load_home(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="Is a directory"):
        load_home(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not UTF-8"):
        load_home(tmp_path / "binary.toml")
    (tmp_path / "home.json").write_text("{")
    with pytest.raises(SettingsError, match="is not valid JSON"):
        load_home(tmp_path / "home.json")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a = " + "[" * 5000, "nested too deeply"),
        ("a = " + "9" * 5000, "is not valid TOML"),
        ("a" * 5_000_000, "at most"),
        ("a = {" + "b = {" * 3000, "nested too deeply|is not valid TOML"),
    ],
    ids=["nested", "digits", "huge", "nested tables"],
)
def test_a_file_that_is_a_bomb_gets_a_sentence(tmp_path: Path, content: str, expected: str) -> None:
    (tmp_path / "home.toml").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=expected):
        load_home(tmp_path / "home.toml")


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 100_000, "9" * 5000])
def test_a_json_bomb_gets_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "home.json").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"home.json"):
        load_home(tmp_path / "home.json")
