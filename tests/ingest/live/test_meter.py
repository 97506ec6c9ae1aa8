from datetime import UTC, datetime, timedelta

import pytest

from ingest.live.meter import MeteredSlot, SlotMeter
from ingest.live.snapshot import Reading, Role

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
STEP = timedelta(minutes=30)
Heard = tuple[float, Role, float]


def metered(*heard: Heard) -> SlotMeter:
    """A meter that heard (minutes after noon, role, value)."""
    meter = SlotMeter(STEP)
    for minutes, role, value in heard:
        meter.add(role, Reading(value, NOON + timedelta(minutes=minutes)))
    return meter


def whole(minutes: float, load_kw: float = 1.0, pv_kw: float = 0.5, soc: float = 0.4) -> tuple[Heard, ...]:
    return ((minutes, "load_power", load_kw), (minutes, "pv_power", pv_kw), (minutes, "battery_soc", soc))


@pytest.mark.parametrize(
    ("received", "load_kw", "pv_kw", "soc"),
    [
        (whole(10), 1.0, 0.5, 0.4),
        ((*whole(10, load_kw=1.0, soc=0.3), *whole(20, load_kw=4.0, soc=0.2)), 2.5, 0.5, 0.2),
        ((*whole(30, load_kw=3.0), *whole(31, load_kw=9.0)), 3.0, 0.5, 0.4),  # 12:30:00 speaks for the slot before
        ((*whole(0, load_kw=9.0), *whole(5, load_kw=3.0)), 3.0, 0.5, 0.4),  # 12:00:00 too
        (whole(10, pv_kw=-0.02), 1.0, 0.0, 0.4),
        ((*whole(10), (10, "price_import", 99.0)), 1.0, 0.5, 0.4),
    ],
)
def test_a_slot_has_the_means_of_its_readings_and_the_last_charge(
    received: tuple[Heard, ...], load_kw: float, pv_kw: float, soc: float
) -> None:
    slots = {slot.start: slot for slot in metered(*received).finished(NOON + STEP)}
    assert slots[NOON] == MeteredSlot(NOON, load_kw, pv_kw, soc)


@pytest.mark.parametrize("missing", ["load_power", "pv_power", "battery_soc"])
def test_a_slot_that_lacks_a_sensor_is_never_told(missing: Role) -> None:
    meter = metered(*(one for one in whole(10) if one[1] != missing), *whole(40))
    assert [slot.start for slot in meter.finished(NOON + 3 * STEP)] == [NOON + STEP]


def test_slots_are_told_once_oldest_first_and_only_when_over() -> None:
    meter = metered(*whole(40), *whole(10))
    assert meter.finished(NOON + STEP - timedelta(seconds=1)) == []
    assert [slot.start for slot in meter.finished(NOON + 2 * STEP)] == [NOON, NOON + STEP]
    assert meter.finished(NOON + 4 * STEP) == []


def test_imports_and_exports_are_averaged_apart() -> None:
    received = (*whole(10), (10, "grid_power", 2.0), *whole(20), (20, "grid_power", -1.0), (20, "battery_power", -3.0))
    [slot] = metered(*received).finished(NOON + STEP)
    assert (slot.grid_import_kw, slot.grid_export_kw) == (1.0, 0.5)
    assert (slot.charge_kw, slot.discharge_kw) == (3.0, 0.0)


def test_the_temperature_is_averaged_where_it_is_measured() -> None:
    received = (*whole(10), (10, "outdoor_temperature", 2.0), (20, "outdoor_temperature", 5.0), *whole(40))
    assert [slot.temperature_c for slot in metered(*received).finished(NOON + 2 * STEP)] == [3.5, None]
