"""The record of one decision: everything that led to it, in a form that can be stored, shown and replayed."""

from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from agent.decision.constraint_words import Language
from energy.commands import BatteryCommand, DeviceCommand
from energy.constraints import Constraint
from energy.guard import Policy
from energy.home import Home
from energy.planning.under_rules import BillSoFar
from energy.slots import Instant
from transport.payloads import DeviceState

ANONYMOUS = "home"


class _RecordPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SnapshotRecord(_RecordPart):
    """The house at the decision: powers in kW, charge as a fraction."""

    at: Instant
    load_kw: float
    pv_kw: float
    soc: float
    grid_kw: float | None
    battery_kw: float | None
    temperature_c: float | None
    car_kw: float | None = None

    def identity(self) -> str:
        """What tells these readings apart, in the same text for records from before a car was measured."""
        return self.model_dump_json(exclude={"car_kw"} if self.car_kw is None else None)


class NeighbourRecord(_RecordPart):
    """A past day that the forecast rests on."""

    day: date
    distance: float
    why: str


class EnsembleRecord(_RecordPart):
    """The possible futures, in whole watts, and the prices they were planned with.

    Where not all prices were known, those of the first `known_slots` were; of the later ones each future has its own in
    `import_price_members` and `export_price_members`, of shape (futures, later slots).
    """

    start: Instant
    step_minutes: int
    load_w: tuple[tuple[int, ...], ...]
    pv_w: tuple[tuple[int, ...], ...]
    import_prices: tuple[float, ...]
    export_prices: tuple[float, ...]
    known_slots: int | None = None
    import_price_members: tuple[tuple[float, ...], ...] = ()
    export_price_members: tuple[tuple[float, ...], ...] = ()

    def identity(self) -> str:
        """What tells this ensemble apart, in the same text for records from before prices could be unknown."""
        later = {"known_slots", "import_price_members", "export_price_members"}
        return self.model_dump_json(exclude=later if self.known_slots is None else None)


class CandidateRecord(_RecordPart):
    """A schedule that was weighed, with its expected cost and what it costs more than the best, over the horizon."""

    name: str
    expected_cost: float
    extra_cost: float
    spread: float
    final_soc: float
    grid_charge_kwh: float


class DevicesRecord(_RecordPart):
    """What the plan for devices rested on: what each told, its walls, the weather, and the load without them in W."""

    states: tuple[DeviceState, ...]
    wall_c: dict[str, float]
    outdoor_c: tuple[float, ...] | None
    load_w: tuple[tuple[int, ...], ...]


class InputsRecord(_RecordPart):
    """What a decision was made from beside snapshot, wishes, neighbours and ensemble: enough to make it again.

    Of a dynamic tariff only the prices of the horizon are kept. `bill` is what the month's bill had come to, where the
    tariff has rules that make a kWh's worth depend on it.
    """

    home: Home
    policy: Policy
    notes: tuple[str, ...] = ()
    language: Language = "en"
    trigger: str = ""
    last_command_at: Instant | None = None
    in_force: str | None = None
    # The wish that an earlier review adjusted the plan by, where it was still in force.
    adjustment: Constraint | None = None
    devices: DevicesRecord | None = None
    bill: BillSoFar | None = None
    carbon: tuple[float, ...] = ()

    def identity(self) -> str:
        """What tells these inputs apart, in the same text for records from before some of them were kept."""
        absent = {name: True for name in ("adjustment", "bill", "carbon") if not getattr(self, name)}
        policy = {} if self.policy.discharge_into_car else {"policy": {"discharge_into_car": True}}
        return self.nameless().model_dump_json(exclude={**absent, **policy, "home": {"batteries": True}})

    @property
    def other_names(self) -> dict[str, str]:
        """What each device is called where its name is nobody's business."""
        return {device.name: f"device_{at}" for at, device in enumerate(self.home.devices, 1)}

    def nameless(self) -> Self:
        """The same without the names of home and devices and without notes."""
        names = self.other_names
        devices = tuple(device.model_copy(update={"name": names[device.name]}) for device in self.home.devices)
        # Several batteries have names too, and are planned as their sum.
        home = self.home.model_copy(update={"name": ANONYMOUS, "devices": devices, "batteries": ()})
        return self.model_copy(update={"home": home, "notes": (), "devices": self._nameless_devices(names)})

    def _nameless_devices(self, names: dict[str, str]) -> DevicesRecord | None:
        known = self.devices
        if known is None:
            return None
        states = tuple(one.model_copy(update={"device": names[one.device]}) for one in known.states)
        return known.model_copy(update={"states": states, "wall_c": {names[of]: at for of, at in known.wall_c.items()}})


class ReviewRecord(_RecordPart):
    """What the language model was asked and what became of its answer."""

    model: str
    prompt: str
    outcome: Literal[
        "chosen",
        "overruled",
        "late",
        "unreachable",
        "missing",
        "no_tools",
        "busy",
        "broken",
        "failed",
        "truncated",
        "invalid",
    ]
    choice: str | None
    rationale: str
    grounded: bool
    seconds: float
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    detail: str = ""
    # Why the model was asked, and what its choice is expected to cost more than the best: per slot, as the guard
    # judges it, and over the horizon.
    trigger: str = ""
    tools: tuple[str, ...] = ()
    regret_per_slot: float | None = None
    extra_cost: float | None = None
    # The wish that it wanted to adjust the plan by, whether or not that was allowed.
    adjustment: Constraint | None = None


class VerdictRecord(_RecordPart):
    """The guard's word on one proposed schedule."""

    candidate: str
    verdict: Literal["allowed", "clamped", "rejected"]
    reasons: tuple[str, ...]


class Decision(_RecordPart):
    """One decision and why: published to the house, only advised, or without a command."""

    decision_id: str
    home: str
    at: Instant
    outcome: Literal["published", "advised", "no_command"]
    problems: tuple[str, ...] = ()
    snapshot: SnapshotRecord | None = None
    asked: tuple[Constraint, ...] = ()
    neighbours: tuple[NeighbourRecord, ...] = ()
    ensemble: EnsembleRecord | None = None
    inputs: InputsRecord | None = None
    candidates: tuple[CandidateRecord, ...] = ()
    worth_per_kwh: float = 0.0
    stake: float = 0.0
    chosen: str | None = None
    chosen_by: Literal["planner", "model", "earlier review"] = "planner"
    review: ReviewRecord | None = None
    verdicts: tuple[VerdictRecord, ...] = ()
    command: BatteryCommand | None = None
    device_commands: tuple[DeviceCommand, ...] = ()
    device_problems: tuple[str, ...] = ()
    reason_code: str = ""
    reason: str = ""
    facts: dict[str, str] = {}
    seconds: float = 0.0

    @property
    def adjustment(self) -> Constraint | None:
        """The wish that the chosen schedule was adjusted by, if it was."""
        held = self.review or self.inputs
        return held.adjustment if held and self.chosen == "adjusted" else None
