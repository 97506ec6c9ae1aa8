"""One decision in one file, and the same decision made again from it, anywhere: the bug report of this project."""

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from agent.decision.decide import (
    Choice,
    Outline,
    Situation,
    adjusted_outline,
    conclude,
    furnished_outline,
    held_choice,
    named,
    outline_of,
    with_devices,
)
from agent.decision.devices import NOTHING_KNOWN, KnownDevices
from agent.decision.record import ANONYMOUS, Decision, DevicesRecord, EnsembleRecord, InputsRecord, NeighbourRecord
from agent.decision.replan import ensemble_of
from energy.commands import ClimateCommand, DeviceCommand, ExportCommand, LoadCommand
from energy.errors import DataError
from energy.slots import local_day
from ingest.live.snapshot import Snapshot
from knowledge.similar import SimilarDay

_LONGEST_BYTES = 16 * 2**20


class Export(BaseModel):
    """A decision as it leaves the house."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["energy-advisor-decision"] = "energy-advisor-decision"
    format: Literal[1] = 1
    software: str
    anonymous: bool
    decision: Decision


class Replayed(BaseModel):
    """A decision made again, the fields in which it differs from the exported one, and those only taken over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision: Decision
    differences: tuple[str, ...]
    taken_over: tuple[str, ...] = ()


def export(decision: Decision, *, anonymous: bool) -> Export:
    """Put a decision into a file's form; `anonymous` leaves out the home's name and what anybody wrote.

    Raises:
        DataError: the decision was made by a version that did not keep its inputs.
    """
    if decision.ensemble is not None and decision.inputs is None:
        raise DataError(f"decision {decision.decision_id!r} was made by a version that did not keep its inputs")
    return Export(
        software=_software(), anonymous=anonymous, decision=_without_names(decision) if anonymous else decision
    )


def read_export(path: Path) -> Export:
    """Read an exported decision.

    Raises:
        DataError: the file is missing, too long, or no exported decision.
    """
    try:
        if path.stat().st_size > _LONGEST_BYTES:
            raise DataError(f"{str(path)!r} has {path.stat().st_size} bytes: no exported decision is that long")
        return Export.model_validate_json(path.read_bytes())
    except OSError as err:
        raise DataError(
            f"{str(path)!r} cannot be read ({err.strerror}): give a file of advisor explain --export"
        ) from err
    except ValidationError as err:
        first = err.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{str(path)!r} is not an exported decision: {where or 'the file'}: {first['msg']}") from err


def replay(exported: Export) -> Replayed:
    """Make the decision again from its file alone: the plan, the guard and the words are worked out anew.

    Where the model was asked its answer is taken from the file, and so are the commands of other devices if it comes
    from a version that did not keep what they rest on, which `taken_over` tells; the time it all took is not compared.

    Raises:
        DataError: the decision planned nothing, or the file was changed into what cannot be planned.
    """
    original = exported.decision
    try:
        made = _again(original)
    except (ValueError, OverflowError, IndexError) as err:
        raise DataError(
            f"decision {original.decision_id!r} cannot be made again ({type(err).__name__}): the file was changed; "
            "export it anew with advisor explain --export"
        ) from err
    if original.outcome == "advised" and made.outcome == "published":
        # Whether a command goes out is the household's switch, after the decision.
        made = made.model_copy(update={"outcome": "advised"})
    taken_over = _taken_over(original)
    made = made.model_copy(update={name: getattr(original, name) for name in ("seconds", *taken_over)})
    before, after = original.model_dump(), made.model_dump()
    differences = tuple(name for name in before if before[name] != after[name])
    return Replayed(decision=made, differences=differences, taken_over=taken_over)


def _taken_over(original: Decision) -> tuple[str, ...]:
    """What cannot be made again: the words on devices of a file that does not say what they rest on."""
    if original.inputs is not None and original.inputs.devices is not None:
        return ()
    return tuple(name for name in ("device_commands", "device_problems") if getattr(original, name))


def _again(original: Decision) -> Decision:
    if original.ensemble is None or original.snapshot is None or original.inputs is None:
        why = "; ".join(original.problems) or "its inputs were not kept"
        raise DataError(f"decision {original.decision_id!r} planned nothing ({why}): there is nothing to make again")
    snapshot, record = Snapshot(**original.snapshot.model_dump()), original.ensemble
    situation = _situation(original, original.inputs, snapshot, record)
    starts = [record.start + at * situation.step for at in range(len(record.import_prices))]
    ensemble, near = ensemble_of(record), list(situation.neighbours)
    wish = original.review.adjustment if original.review else situation.adjustment
    if original.inputs.devices is None:
        outline = outline_of(situation, snapshot, ensemble, starts=starts, neighbours=near)
        outline = adjusted_outline(situation, outline, wish)
        return conclude(situation, snapshot, outline, _choice(original, situation, outline), time.perf_counter())
    base = replace(ensemble, load_kw=np.array(original.inputs.devices.load_w, dtype=np.float64) / 1000)
    outline = furnished_outline(situation, snapshot, base, starts=starts, neighbours=near)
    outline = adjusted_outline(situation, outline, wish)
    made = conclude(situation, snapshot, outline, _choice(original, situation, outline), time.perf_counter())
    return with_devices(situation, outline, made)


def _choice(original: Decision, situation: Situation, outline: Outline) -> Choice:
    """The choice as it was: the model's, if it gave one, else what holds without it."""
    review = original.review
    if review is None:
        return held_choice(situation, outline)
    wanted = named(outline.plan, review.choice)
    if wanted is None:
        return Choice(outline.plan.best, "planner", review)
    return Choice(wanted, "model", review.model_copy(update={"outcome": "chosen"}))


def _situation(original: Decision, inputs: InputsRecord, snapshot: Snapshot, record: EnsembleRecord) -> Situation:
    step = timedelta(minutes=record.step_minutes)
    return Situation(
        now=original.at,
        home=inputs.home,
        policy=inputs.policy,
        step=step,
        horizon_hours=int(len(record.import_prices) * step / timedelta(hours=1)),
        snapshot=snapshot,
        neighbours=[_similar(near, original, inputs) for near in original.neighbours],
        notes=inputs.notes,
        asked=original.asked,
        language=inputs.language,
        trigger=inputs.trigger,
        last_command_at=inputs.last_command_at,
        in_force=inputs.in_force,
        adjustment=inputs.adjustment,
        bill=inputs.bill,
        carbon=inputs.carbon,
        devices=NOTHING_KNOWN if inputs.devices is None else _known(inputs.devices),
    )


def _known(record: DevicesRecord) -> KnownDevices:
    outdoor_c = None if record.outdoor_c is None else np.array(record.outdoor_c)
    return KnownDevices({state.device: state for state in record.states}, record.wall_c, outdoor_c)


def _similar(near: NeighbourRecord, original: Decision, inputs: InputsRecord) -> SimilarDay:
    age_days = (local_day(original.at, inputs.home.tz) - near.day).days
    return SimilarDay(near.day, near.distance, age_days, near.why)


def _without_names(decision: Decision) -> Decision:
    """The decision without the names of home and devices, the notes and what the model wrote about them."""
    changes: dict[str, object] = {"home": ANONYMOUS}
    if decision.inputs is not None:
        names = decision.inputs.other_names
        changes["inputs"] = decision.inputs.nameless()
        changes["device_commands"] = tuple(_renamed(one, names) for one in decision.device_commands)
        changes["device_problems"] = tuple(_renamed_text(text, names) for text in decision.device_problems)
    if decision.review is not None:
        changes["review"] = decision.review.model_copy(update={"rationale": "", "detail": ""})
    return decision.model_copy(update=changes)


def _renamed(command: DeviceCommand, names: Mapping[str, str]) -> DeviceCommand:
    changed = {"reason": _renamed_text(command.reason, names)}
    match command:
        case LoadCommand():
            return command.model_copy(update=changed | {"device": names[command.device]})
        case ClimateCommand():
            return command.model_copy(update=changed | {"zone": names[command.zone]})
        case ExportCommand():
            return command


def _renamed_text(text: str, names: Mapping[str, str]) -> str:
    """A reason or problem with another name for the device that it begins with."""
    name = re.split(r"[ :]", text, maxsplit=1)[0]
    return names.get(name, name) + text[len(name) :]


def _software() -> str:
    try:
        return version("energy-advisor")
    except PackageNotFoundError:
        return "unknown"
