"""What the API answers, as schemas: kW, kWh, currency per kWh, charge as a fraction, times in UTC."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from agent.decision.controls import Acting
from agent.decision.record import CandidateRecord, NeighbourRecord, ReviewRecord, SnapshotRecord, VerdictRecord
from energy.commands import BatteryCommand, Levels
from energy.constraints import Constraint


class _Schema(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(_Schema):
    """Why a request was refused, and what to do."""

    error: str


# How the description of the API names a problem where the route's own answers are no JSON.
PROBLEM_RESPONSE = {
    "description": "What is wrong, in a sentence.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


class SensorView(_Schema):
    """One sensor's newest reading in inside units, and how old it is by the service's clock."""

    role: str
    value: float
    at: AwareDatetime
    age_s: float | None


class SensorReport(_Schema):
    """All sensors, and what is wrong with those that are not believed."""

    now: AwareDatetime | None
    sensors: tuple[SensorView, ...]
    complaints: tuple[str, ...]


class LiveFlows(_Schema):
    """Powers now: `grid_kw` is positive when importing, `battery_kw` when discharging; None where not measured.

    `car_kw` is the part of `load_kw` that a charger takes which the advisor does not command.
    """

    load_kw: float | None
    pv_kw: float | None
    grid_kw: float | None
    battery_kw: float | None
    car_kw: float | None
    soc: float | None
    temperature_c: float | None
    import_price: float | None
    export_price: float | None


class DeviceLine(_Schema):
    """What a device is commanded: a load's power now and its next run, a zone's set-point, or the limit of export."""

    device: str
    power_kw: float | None = None
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    setpoint_c: float | None = None
    limit_kw: float | None = None


class BatteryLine(_Schema):
    """One of several batteries: its command, and whether it shows it; power is positive when discharging."""

    name: str
    capacity_kwh: float
    soc: float | None
    power_kw: float | None
    mode: str | None
    charge_to_soc: float | None
    reserve_soc: float | None
    sent_at: AwareDatetime | None
    confirmed: bool | None
    problem: str


class InForce(_Schema):
    """The newest decision in short; `mode` is None where no command could be given."""

    decision_id: str
    at: AwareDatetime
    outcome: Literal["published", "advised", "no_command"]
    mode: str | None
    valid_until: AwareDatetime | None
    charge_to_soc: float | None
    reserve_soc: float | None
    reason_code: str
    reason: str
    problems: tuple[str, ...]
    chosen: str | None
    chosen_by: str
    model_said: str
    stake: float
    worth_per_kwh: float
    confirmed: bool | None
    devices: tuple[DeviceLine, ...]


class HealthPart(_Schema):
    """One thing that the advisor needs: whether it is there, why not, and how old it is."""

    name: Literal["broker", "data", "forecast", "plan"]
    ok: bool
    problems: tuple[str, ...] = ()
    age_s: float | None = None


class QuestionView(_Schema):
    """What the household is asked, `asks` in its words: kept as a note of `text` with `constraint` if it says yes."""

    text: str
    constraint: Constraint
    extra_cost: float
    asks: str


class Status(_Schema):
    """The house and its advisor now.

    `known_days` of the home's own can be compared with; it is still learning below `days_to_learn`, and while
    `stood_in_for`, days of an average household stand in.
    """

    home: str
    zone: str
    currency: str
    capacity_kwh: float
    slot_minutes: int
    model: str
    acting: Acting
    acting_until: AwareDatetime | None
    acting_after: Acting | None
    now: AwareDatetime | None
    started: AwareDatetime
    next_decision: AwareDatetime | None
    decision_wished: bool
    known_days: int
    days_to_learn: int
    stood_in_for: bool
    ok: bool
    problems: tuple[str, ...]
    parts: tuple[HealthPart, ...]
    complaints: tuple[str, ...]
    flows: LiveFlows
    batteries: tuple[BatteryLine, ...]
    decision: InForce | None
    question: QuestionView | None


class Band(_Schema):
    """Mean over the possible futures, and the tenth and ninetieth of a hundred."""

    mean: float
    low: float
    high: float


class PlanSlot(_Schema):
    """One slot of the plan; `soc` is the charge at its end."""

    start: AwareDatetime
    end: AwareDatetime
    mode: str
    charge_to_soc: float
    reserve_soc: float
    export_to_soc: float | None
    load_kw: Band
    pv_kw: Band
    soc: Band
    grid_kw: float
    battery_kw: float
    import_price: float
    export_price: float


class PlanView(_Schema):
    """What the newest decision expects if its schedule is followed, over all its possible futures."""

    decision_id: str
    at: AwareDatetime
    start_soc: float
    futures: int
    expected_cost: float
    slots: tuple[PlanSlot, ...]


class MeasuredSlot(_Schema):
    """Means of a finished slot and the charge at its end; `mode` is the one in force when it began."""

    start: AwareDatetime
    load_kw: float
    pv_kw: float
    grid_kw: float
    battery_kw: float
    soc: float
    pv_forecast_kw: float | None
    import_price: float
    export_price: float
    mode: str | None


class Bill(_Schema):
    """What the finished slots of today cost, and what they would have cost otherwise; from slot means.

    Each is less the worth of what was stored at the end against the start, priced alike for all.
    `bound` knew the whole stretch beforehand. `metered` tells whether the grid was measured or follows from the rest.
    `advised` is what following the advice would have cost, where the advisor only advises; else None.
    """

    none: float
    greedy: float
    advisor: float
    bound: float
    advised: float | None = None
    metered: bool
    load_kwh: float
    pv_kwh: float
    import_kwh: float
    export_kwh: float


class Today(_Schema):
    """The local day so far; `bill` is None until there is a slot to account for."""

    day: date
    slots: tuple[MeasuredSlot, ...]
    bill: Bill | None


class PeriodFigures(_Schema):
    """Sums of a time in kWh and the home's currency; None where nothing is known.

    `self_sufficiency` is the share of the load that was not imported, `self_consumption` the share of the solar yield
    that was not exported. Savings are against the same hours without a battery, and with plain self-consumption.
    """

    load_kwh: float | None
    pv_kwh: float | None
    import_kwh: float | None
    export_kwh: float | None
    charge_kwh: float | None
    discharge_kwh: float | None
    cost: float | None
    saved: float | None
    saved_against_self_consumption: float | None
    self_sufficiency: float | None
    self_consumption: float | None


class PeriodBar(_Schema):
    """A day, or a month with as many known days."""

    start: date
    days: int
    figures: PeriodFigures


class PeriodView(_Schema):
    """A week, month or year, or all that is known.

    `billed_days` is how many days were metered all through, `billed_first` the first of them.
    """

    grain: Literal["week", "month", "year", "all"]
    first: date
    last: date
    known_first: date
    known_last: date
    by: Literal["day", "month"]
    bars: tuple[PeriodBar, ...]
    total: PeriodFigures
    days: int
    billed_days: int
    billed_first: date | None


class DecisionLine(_Schema):
    """A decision in the log."""

    decision_id: str
    at: AwareDatetime
    outcome: Literal["published", "advised", "no_command"]
    mode: str | None
    soc: float | None
    reason: str
    chosen: str | None
    chosen_by: str
    stake: float
    levels: Levels | None = None


class Why(_Schema):
    """All that led to a decision, but the futures themselves; `confirmed` is the house's last answer."""

    decision_id: str
    at: AwareDatetime
    outcome: Literal["published", "advised", "no_command"]
    reason_code: str
    reason: str
    problems: tuple[str, ...]
    snapshot: SnapshotRecord | None
    facts: dict[str, str]
    candidates: tuple[CandidateRecord, ...]
    chosen: str | None
    chosen_by: str
    review: ReviewRecord | None
    verdicts: tuple[VerdictRecord, ...]
    neighbours: tuple[NeighbourRecord, ...]
    worth_per_kwh: float
    stake: float
    command: BatteryCommand | None
    confirmed: bool | None
    seconds: float


class SimilarDayView(_Schema):
    """A past day that the newest decision rests on, on a 24-hour wall clock; None where nothing was measured."""

    day: date
    why: str
    distance: float
    load_kwh: float
    pv_kwh: float
    load_kw: tuple[float | None, ...]
    pv_kw: tuple[float | None, ...]


class SimilarDays(_Schema):
    """The days that the plan rests on, nearest first."""

    step_minutes: int
    days: tuple[SimilarDayView, ...]


class Health(_Schema):
    """Whether the advisor can do its work; a forecast that is missing is no problem, only less."""

    ok: bool
    problems: tuple[str, ...]
    parts: tuple[HealthPart, ...] = ()


class ActingChange(_Schema):
    """How the advisor acts from now on, and for how many hours; without them until it is changed."""

    acting: Acting
    hours: Annotated[float, Field(gt=0, le=168)] | None = None


class Wished(_Schema):
    """When the decision that was asked for may come."""

    not_before: AwareDatetime | None


class MonthBillLine(_Schema):
    """One line of a bill: what it is for and how it comes about, in words, and the figures themselves."""

    kind: str
    name: str
    period: str
    label: str
    detail: str
    amount: float
    quantity: float | None
    unit: str
    per_unit: float | None


class MonthBillView(_Schema):
    """The bill of a billing month as it was metered, every line to the cent; `months` are those that can be asked for.

    `complete` is false while the month is not over or hours are missing; `remarks` say what, and what else to know.
    """

    month: str
    first: date
    last: date
    tariff: str
    currency: str
    complete: bool
    days_billed: int
    days: int
    import_kwh: float
    export_kwh: float
    lines: tuple[MonthBillLine, ...]
    total: float
    remarks: tuple[str, ...]
    months: tuple[str, ...]
