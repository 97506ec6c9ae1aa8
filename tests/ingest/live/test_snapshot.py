import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from energy.battery import Battery
from energy.errors import DataError
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from ingest.live.snapshot import NoSnapshot, Reading, Role, Snapshot, read_payload, snapshot

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOME = Home(
    name="test",
    zone="UTC",
    pv_peak_kw=4,
    battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3),
    tariff=FlatTariff(import_price=0.3),
)


def payload(value: Any, unit: str, **changes: Any) -> bytes:
    return json.dumps({"value": value, "unit": unit, "time": NOW.isoformat()} | changes).encode()


@pytest.mark.parametrize(
    ("role", "value", "unit", "inside"),
    [
        ("load_power", 1500, "W", 1.5),
        ("load_power", 1.5, "kW", 1.5),
        ("battery_soc", 55, "%", 0.55),
        ("grid_power", -2, "kW", -2.0),
        ("outdoor_temperature", 50, "°F", 10.0),
        ("price_import", 120, "EUR/MWh", 0.12),
        ("price_import", 0.31, "USD/kWh", 0.31),
    ],
)
def test_units_are_brought_inside(role: Role, value: float, unit: str, inside: float) -> None:
    assert read_payload(role, payload(value, unit), now=NOW, home=HOME).value == pytest.approx(inside)


@pytest.mark.parametrize(
    ("role", "message", "expected"),
    [
        ("load_power", b"12.5", "is not a reading"),
        ("load_power", b"", "is not a reading"),
        ("load_power", payload("unknown", "kW"), "is not a reading"),
        ("load_power", payload(1, "kW", extra=1), "is not a reading"),
        ("load_power", payload(1, "kW", time="yesterday"), "is not a reading"),
        ("load_power", payload(1, "kW", time="2026-01-01T12:00:00"), "is not a reading"),
        ("load_power", b'{"value": Infinity, "unit": "kW", "time": "2026-01-01T12:00:00Z"}', "is not a reading"),
        ("load_power", payload(1, "kWh"), "unit 'kWh' does not measure power_kw: use one of kW, W, MW"),
        ("load_power", payload(800, "kW"), "outside 0 to"),
        ("load_power", payload(-1, "kW"), "its sign"),
        ("pv_power", payload(4000, "kW"), "outside"),
        ("battery_soc", payload(137, "%"), "1.37 is outside 0 to 1"),
        ("price_import", payload(0.2, "EUR"), "not a price per energy"),
        ("load_power", payload(1, "kW", time=(NOW + timedelta(minutes=1)).isoformat()), "lies in the future"),
        ("load_power", b'{"value": 1}' + b" " * 5000, "5012 bytes is not a sensor value"),
    ],
)
def test_a_bad_payload_is_refused_with_its_reason(role: Role, message: bytes, expected: str) -> None:
    with pytest.raises(DataError, match=role) as caught:
        read_payload(role, message, now=NOW, home=HOME)
    assert expected in str(caught.value)
    assert len(str(caught.value)) < 300


def readings(**values: float) -> dict[Role, Reading]:
    known: dict[Role, Reading] = {
        "load_power": Reading(1.0, NOW),
        "pv_power": Reading(0.0, NOW),
        "battery_soc": Reading(0.5, NOW),
    }
    return known | {role: Reading(value, NOW) for role, value in values.items()}  # type: ignore[misc]


def test_fresh_readings_in_balance_make_a_snapshot() -> None:
    taken = snapshot(readings(grid_power=0.7, battery_power=0.3), now=NOW, max_age_s=120)
    assert isinstance(taken, Snapshot)
    assert (taken.load_kw, taken.soc, taken.temperature_c) == (1.0, 0.5, None)


@pytest.mark.parametrize(
    ("known", "late", "expected"),
    [
        ({}, 0, ["load_power: no reading yet", "pv_power: no reading yet", "battery_soc: no reading yet"]),
        (readings(), 121, ["load_power is 121 s old, limit 120 s", "pv_power is", "battery_soc is"]),
        (readings(), -60, ["load_power is dated 60 s ahead", "pv_power is", "battery_soc is"]),
        (readings(grid_power=3.0, battery_power=0.0), 0, ["do not balance: load 1.00 kW against 3.00 kW"]),
        (readings(grid_power=-1.0, battery_power=0.0), 0, ["check units and signs"]),
    ],
)
def test_what_is_missing_stale_or_out_of_balance_is_no_snapshot(
    known: dict[Role, Reading], late: float, expected: list[str]
) -> None:
    taken = snapshot(known, now=NOW + timedelta(seconds=late), max_age_s=120)
    assert isinstance(taken, NoSnapshot)
    for reason, part in zip(taken.reasons, expected, strict=True):
        assert part in reason


@pytest.mark.parametrize(
    ("known", "late", "expected"),
    [
        ({}, 0, "battery_soc says 'x', which is not a number"),
        (
            readings(),
            121,
            "battery_soc is 121 s old, limit 120 s; since then battery_soc says 'x', which is not a number",
        ),
    ],
)
def test_what_came_last_and_does_not_count_is_part_of_the_reason(
    known: dict[Role, Reading], late: float, expected: str
) -> None:
    refused: dict[Role, str] = {"battery_soc": "battery_soc says 'x', which is not a number"}
    taken = snapshot(known, now=NOW + timedelta(seconds=late), max_age_s=120, refused=refused)
    assert isinstance(taken, NoSnapshot)
    assert expected in taken.reasons
    assert "battery_soc refused" in taken.causes


@pytest.mark.parametrize(
    ("role", "text", "unit", "meant"),
    [
        ("battery_soc", 100.6, "%", 1.0),
        ("battery_soc", -0.4, "%", 0.0),
        ("pv_power", -80, "W", -0.08),
        ("pv_power", -150, "W", -0.15),
    ],
)
def test_what_inverters_say_a_little_past_the_ends_is_taken_as_they_mean_it(
    role: Role, text: float, unit: str, meant: float
) -> None:
    payload = json.dumps({"value": text, "unit": unit, "time": NOW.isoformat()}).encode()
    assert read_payload(role, payload, now=NOW, home=HOME).value == pytest.approx(meant)


@pytest.mark.parametrize(
    ("pv_kw", "load_kw", "car_kw", "draws"),
    [
        (0.0, 7.7, 7.2, True),
        (5.0, 4.0, 3.5, False),
        (5.0, 5.8, 5.4, True),
        (1.0, 0.4, 0.3, False),
        (0.0, 0.5, 7.2, True),
        (9.0, 0.5, None, False),
    ],
)
def test_a_car_draws_on_battery_or_grid_where_it_takes_more_than_the_sun_leaves(
    pv_kw: float, load_kw: float, car_kw: float | None, draws: bool
) -> None:
    taken = Snapshot(NOW, load_kw, pv_kw, soc=0.5, grid_kw=None, battery_kw=None, temperature_c=None, car_kw=car_kw)
    assert taken.car_draws == draws
