import json
from datetime import UTC, datetime, timedelta

import jsonschema
import pytest
from pydantic import ValidationError

from energy.commands import (
    SELF_CONSUMPTION,
    AnyCommand,
    BatteryCommand,
    Levels,
    Mode,
    ReleaseCommand,
    SlotLevels,
    command_schema,
    read_command,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def make_command(**changes: object) -> BatteryCommand:
    fields: dict[str, object] = {
        "decision_id": "d1",
        "valid_from": NOON,
        "valid_until": NOON + 2 * HOUR,
        "reason_code": "test",
        "reason": "a test",
        "mode": "charge",
        "slots": [
            {"start": NOON, "end": NOON + HOUR, "charge_to_soc": 0.8, "reserve_soc": 0.8},
            {"start": NOON + HOUR, "end": NOON + 2 * HOUR, "reserve_soc": 0.2},
        ],
    }
    return BatteryCommand.model_validate(fields | changes)


@pytest.mark.parametrize(
    ("levels", "soc", "mode"),
    [
        (Levels(), 0.5, Mode.SELF_CONSUMPTION),
        (Levels(), 0.0, Mode.SELF_CONSUMPTION),
        (Levels(reserve_soc=0.5), 0.6, Mode.SELF_CONSUMPTION),
        (Levels(reserve_soc=0.5), 0.5, Mode.HOLD),
        (Levels(charge_to_soc=0.5, reserve_soc=0.5), 0.4, Mode.CHARGE),
        (Levels(charge_to_soc=0.5, reserve_soc=0.5), 0.5, Mode.HOLD),
        (Levels(reserve_soc=0.2, export_to_soc=0.3), 0.9, Mode.DISCHARGE),
    ],
)
def test_mode_follows_from_levels_and_charge(levels: Levels, soc: float, mode: Mode) -> None:
    assert levels.mode(soc) is mode


def test_levels_hold_slot_by_slot_and_end_in_self_consumption() -> None:
    command = make_command()
    assert command.levels_at(NOON).charge_to_soc == 0.8
    assert command.levels_at(NOON + HOUR).reserve_soc == 0.2
    assert command.levels_at(NOON + 2 * HOUR) == SELF_CONSUMPTION
    assert command.levels_at(NOON - HOUR) == SELF_CONSUMPTION


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mode": "boost"}, "self_consumption"),
        ({"valid_until": NOON}, "expires"),
        ({"slots": []}, "at least 1"),
        ({"valid_until": NOON + 3 * HOUR}, "make them agree"),
        ({"slots": [{"start": NOON, "end": NOON - HOUR}]}, "later end"),
        ({"slots": [{"start": NOON, "end": NOON + 2 * HOUR, "charge_to_soc": 1.37, "reserve_soc": 1}]}, "less than"),
        ({"slots": [{"start": NOON, "end": NOON + 2 * HOUR, "charge_to_soc": 0.9}]}, "raise the reserve"),
        ({"watts": 3000}, "Extra inputs"),
        ({"valid_from": "2026-01-01T12:00:00"}, "timezone"),
    ],
)
def test_an_impossible_command_is_refused(changes: dict[str, object], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        make_command(**changes)


def test_gaps_between_slots_are_refused() -> None:
    late = SlotLevels(start=NOON + HOUR + timedelta(minutes=1), end=NOON + 2 * HOUR)
    with pytest.raises(ValidationError, match="close the gap"):
        make_command(slots=[SlotLevels(start=NOON, end=NOON + HOUR), late])


def make_release(**changes: object) -> ReleaseCommand:
    common = make_command().model_dump(exclude={"kind", "mode", "slots"})
    return ReleaseCommand.model_validate(common | changes)


@pytest.mark.parametrize("command", [make_command(), make_release()], ids=["battery", "release"])
def test_each_kind_travels_as_itself_and_fits_the_published_schema(command: AnyCommand) -> None:
    assert read_command(command.model_dump_json()) == command
    jsonschema.validate(command.model_dump(mode="json"), command_schema())


@pytest.mark.parametrize(
    ("command", "kind"),
    [(make_command(), "release"), (make_release(), "battery"), (make_release(), "other"), (make_release(), None)],
    ids=["a release with slots", "a schedule without slots", "an unknown kind", "no kind"],
)
def test_what_is_neither_fails_the_reader_and_the_schema(command: AnyCommand, kind: str | None) -> None:
    payload = command.model_dump(mode="json") | {"kind": kind}
    with pytest.raises(ValidationError):
        read_command(json.dumps(payload))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(payload, command_schema())
