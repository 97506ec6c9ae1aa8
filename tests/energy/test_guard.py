from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.battery import Battery
from energy.commands import BatteryCommand, Mode, SlotLevels
from energy.guard import Allowed, Circumstances, Clamped, Policy, Rejected, review, verdict_name
from energy.home import Grid, Home
from energy.pricing.tariff import FlatTariff

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOME = Home(
    name="test",
    zone="UTC",
    pv_peak_kw=4,
    battery=Battery(capacity_kwh=10, max_charge_kw=3, max_discharge_kw=3, min_soc=0.1, max_soc=0.9),
    tariff=FlatTariff(import_price=0.3),
)
NO_GRID = HOME.model_copy(update={"grid": Grid(allow_grid_charging=False)})


def make_command(*, hours: float = 24, start: datetime = NOW, **levels: object) -> BatteryCommand:
    end = start + timedelta(hours=hours)
    slot = SlotLevels.model_validate({"start": start, "end": end, **levels})
    return BatteryCommand(
        decision_id="d",
        valid_from=start,
        valid_until=end,
        mode=Mode.HOLD,
        slots=(slot,),
        reason_code="test",
        reason="",
    )


def moment(**changes: object) -> Circumstances:
    fields: dict[str, object] = {"now": NOW, "snapshot_at": NOW, "last_command_at": None, "regret_per_slot": 0.0}
    return Circumstances(**(fields | changes))  # type: ignore[arg-type]


def test_a_sound_command_passes_unchanged() -> None:
    command = make_command(reserve_soc=0.5)
    assert review(command, HOME, Policy(), moment()) == Allowed(command)


@pytest.mark.parametrize(
    ("command", "circumstances", "expected"),
    [
        (make_command(start=NOW - timedelta(hours=25)), moment(), "expired"),
        (make_command(start=NOW + timedelta(hours=1)), moment(), "future"),
        (make_command(hours=72), moment(), "past 48 hours"),
        (make_command(), moment(snapshot_at=NOW - timedelta(seconds=121)), "121 s old"),
        (make_command(), moment(snapshot_at=NOW + timedelta(hours=1)), "-3600 s old"),
        (make_command(), moment(last_command_at=NOW - timedelta(seconds=20)), "within 1 min"),
        (make_command(), moment(regret_per_slot=0.0031), "0.31 cent a slot"),
    ],
)
def test_untimely_stale_hasty_or_costly_commands_are_rejected(
    command: BatteryCommand, circumstances: Circumstances, expected: str
) -> None:
    verdict = review(command, HOME, Policy(), circumstances)
    assert isinstance(verdict, Rejected)
    assert expected in verdict.reasons[0]


@pytest.mark.parametrize(
    ("home", "policy", "levels", "field", "value"),
    [
        (HOME, Policy(), {"charge_to_soc": 1.0, "reserve_soc": 1.0}, "charge_to_soc", 0.9),
        (NO_GRID, Policy(), {"charge_to_soc": 0.5, "reserve_soc": 0.5}, "charge_to_soc", 0.0),
        (HOME, Policy(min_reserve_soc=0.4), {"reserve_soc": 0.2}, "reserve_soc", 0.4),
        (HOME, Policy(), {"export_to_soc": 0.3}, "export_to_soc", None),
        (HOME, Policy(), {"max_charge_kw": 50.0}, "max_charge_kw", 3.0),
    ],
)
def test_what_can_be_narrowed_is_clamped(
    home: Home, policy: Policy, levels: dict[str, object], field: str, value: float | None
) -> None:
    verdict = review(make_command(**levels), home, policy, moment())
    assert isinstance(verdict, Clamped)
    assert verdict_name(verdict) == "clamped"
    assert getattr(verdict.command.slots[0], field) == value


@given(
    charge_to=st.floats(0, 1),
    extra=st.floats(0, 1),
    export=st.none() | st.floats(0, 1),
    grid_charging=st.booleans(),
    floor=st.floats(0, 1),
)
def test_nothing_forbidden_ever_passes(
    charge_to: float, extra: float, export: float | None, grid_charging: bool, floor: float
) -> None:
    reserve = min(charge_to + extra, 1.0)
    if export is not None:
        export = max(export, reserve)
    home = HOME.model_copy(update={"grid": Grid(allow_grid_charging=grid_charging)})
    command = make_command(charge_to_soc=charge_to, reserve_soc=reserve, export_to_soc=export)
    verdict = review(command, home, Policy(min_reserve_soc=floor), moment())
    assert not isinstance(verdict, Rejected)
    slot = verdict.command.slots[0]
    assert slot.charge_to_soc <= 0.9 + 0.001
    assert grid_charging or slot.charge_to_soc == 0
    assert slot.reserve_soc >= floor
    assert slot.export_to_soc is None
