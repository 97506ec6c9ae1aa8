"""Settings from file and environment: what is text in a variable is a number all the same."""

from pathlib import Path

import pytest

from agent.settings import check_batteries, load_settings
from energy.errors import SettingsError
from energy.home import Home


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


@pytest.mark.parametrize("name", ["ca_file", "cert_file", "key_file"])
def test_a_certificate_or_key_makes_the_way_to_the_broker_an_encrypted_one(file: Path, name: str) -> None:
    assert load_settings(file).mqtt.address.tls is None
    file.write_text(f'home_file = "home.toml"\n[mqtt]\n{name} = "mine.pem"\n', encoding="utf-8")
    tls = load_settings(file).mqtt.address.tls
    assert tls is not None
    assert getattr(tls, name) == file.parent / "mine.pem"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ADVISOR_MODEL", "{{{{"),
        ("ADVISOR_MODEL", "hello"),
        ("ADVISOR_MQTT", "[[[["),
        ("ADVISOR_MQTT", '{"port": ' + "9" * 6000 + "}"),
        ("ADVISOR_SERVICE", "[" * 30_000),
        ("ADVISOR_API__ALLOWED_HOSTS", "[" * 30_000),
        ("ADVISOR_API__ALLOWED_HOSTS", "[["),
    ],
    ids=lambda part: part[:12],
)
def test_a_variable_that_is_no_json_is_named(
    file: Path, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name}: not readable as JSON: correct it, or give each key"):
        load_settings(file)


def test_a_number_of_thousands_of_digits_is_refused_in_a_sentence(file: Path) -> None:
    file.write_text(f'home_file = "home.toml"\n[mqtt]\nport = 0x{"f" * 5000}\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"mqtt.port: .*\(given: a number of thousands of digits\)"):
        load_settings(file)


TWO = [{"name": name, "capacity_kwh": 5, "max_charge_kw": 2, "max_discharge_kw": 2} for name in ("garage", "cellar")]
CHARGE = '[batteries.garage.sensors.battery_soc]\nentity = "sensor.charge"\n'


@pytest.mark.parametrize(
    ("text", "several", "says"),
    [
        (CHARGE.replace("garage", "attic"), True, r"^\[batteries.attic\]: 'mine' has garage, cellar: use a name"),
        (CHARGE, False, r"lists none under \[\[batteries\]\]"),
        (CHARGE.replace("batteries.garage.", ""), True, r"^\[sensors.battery_soc\] is for a home with one battery"),
        ('[evcc]\nurl = "http://evcc:7070"\n', True, r"^\[evcc\] is for a home with one battery, .* garage, cellar"),
        ('[actuation.entities]\n"switch.x" = { charge = "on" }\n', True, r"^\[actuation.entities\] is for a home"),
        (CHARGE.replace("battery_soc", "pv_power"), True, r"pv_power is of the house: give it as \[sensors.pv_power\]"),
        (CHARGE, True, ""),
    ],
)
def test_sections_of_batteries_must_fit_the_home(file: Path, text: str, several: bool, says: str) -> None:
    one = {key: value for key, value in TWO[0].items() if key != "name"}
    batteries: dict[str, object] = {"batteries": TWO} if several else {"battery": one}
    facts = {"name": "mine", "zone": "UTC", "pv_peak_kw": 1, "tariff": {"kind": "flat", "import_price": 0.2}}
    home = Home.model_validate(facts | batteries)
    file.write_text(f'home_file = "home.toml"\n{text}', encoding="utf-8")
    if not says:
        check_batteries(load_settings(file), home)
        return
    with pytest.raises(SettingsError, match=says):
        check_batteries(load_settings(file), home)
