"""From the service's state to what the API answers: pure, but for remembering the last plan."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import dropwhile, takewhile
from typing import TypedDict, assert_never

import numpy as np

from agent.decision.constraint_words import Language, ask_whether
from agent.decision.controls import Acting
from agent.decision.explain import reason_in
from agent.decision.record import Decision, EnsembleRecord
from agent.decision.wording.problem_words import in_language
from agent.views.schemas import (
    Band,
    BatteryLine,
    DeviceLine,
    Health,
    HealthPart,
    InForce,
    LiveFlows,
    PlanSlot,
    PlanView,
    QuestionView,
    SensorReport,
    SensorView,
    SimilarDays,
    SimilarDayView,
    Status,
)
from agent.views.service_state import ServiceState
from energy.commands import BatteryCommand, ClimateCommand, DeviceCommand, ExportCommand, LoadCommand, PowerSlot
from energy.flows import Flows as HouseFlows
from energy.home import Home
from energy.planning.planner import Ensemble, follow
from energy.pricing.tariff import Prices
from energy.slots import DAY, floor_slot
from ingest.live.snapshot import REQUIRED, Role
from knowledge.days import Floats, energy_kwh
from knowledge.default_profile import ENOUGH_DAYS

# A slot and this much later, a decision should have been made.
_PATIENCE = timedelta(minutes=2)
# From two weeks on there is a like day for most days.
_DAYS_TO_LEARN = 14


class _ExpectedBands(TypedDict):
    load_kw: Band
    pv_kw: Band
    soc: Band
    grid_kw: float
    battery_kw: float


def status(shown: ServiceState, *, decision_wished: bool, language: Language = "en") -> Status:
    """The house and its advisor now."""
    home, checked = shown.home, health(shown, language)
    return Status(
        home=home.name,
        zone=home.zone,
        currency=home.currency,
        capacity_kwh=home.battery.capacity_kwh,
        slot_minutes=int(shown.step.total_seconds() // 60),
        model=shown.model,
        acting=shown.acting,
        acting_until=shown.acting_until,
        acting_after=shown.acting_after,
        now=shown.now,
        started=shown.started,
        next_decision=floor_slot(shown.now, shown.step) + shown.step if shown.now else None,
        decision_wished=decision_wished,
        known_days=shown.known_days,
        days_to_learn=_DAYS_TO_LEARN,
        stood_in_for=shown.known_days < ENOUGH_DAYS,
        ok=checked.ok,
        problems=checked.problems,
        parts=checked.parts,
        complaints=_in(shown.complaints, language),
        flows=_flows(shown),
        batteries=tuple(
            BatteryLine(**asdict(one) | {"problem": in_language(one.problem, language)}) for one in shown.batteries
        ),
        decision=_in_force(shown.decision, shown, language) if shown.decision else None,
        question=_question(shown, language),
    )


def _question(shown: ServiceState, language: Language) -> QuestionView | None:
    """What the household is asked, until that is over."""
    asked = shown.question
    if asked is None or (shown.now is not None and asked.wish.end <= shown.now):
        return None
    asks = ask_whether(asked.wish, asked.extra_cost, shown.home, language)
    return QuestionView(text=asked.text, constraint=asked.wish, extra_cost=asked.extra_cost, asks=asks)


def _in(texts: Sequence[str], language: Language) -> tuple[str, ...]:
    return tuple(in_language(text, language) for text in texts)


def health(shown: ServiceState | None, language: Language = "en") -> Health:
    """Whether decisions come, and commands with them: broker, data, forecast and plan, each with its own state."""
    if shown is None:
        return Health(ok=False, problems=_in(("the service is starting",), language))
    looks: list[Callable[[ServiceState], HealthPart]] = [_broker_health, data_health, _forecast_health]
    # Switched off, nothing is planned.
    looks += [] if shown.acting is Acting.OFF else [_plan_health]
    seen = (look(shown) for look in looks)
    parts = tuple(part.model_copy(update={"problems": _in(part.problems, language)}) for part in seen)
    problems = tuple(problem for part in parts for problem in part.problems)
    return Health(ok=not problems, problems=problems, parts=parts)


def _broker_health(shown: ServiceState) -> HealthPart:
    lost = () if shown.connected else ("the MQTT broker cannot be reached: no readings arrive and no commands go out",)
    return HealthPart(name="broker", ok=not lost, problems=lost)


def data_health(shown: ServiceState) -> HealthPart:
    """How old the oldest reading that a decision needs is, and what has been missing for too long."""
    if shown.now is None:
        return HealthPart(name="data", ok=False, problems=("no readings from the house yet",))
    known = [shown.readings[role].at for role in REQUIRED if role in shown.readings]
    age_s = max((shown.now - min(known)).total_seconds(), 0.0) if known else None
    if not shown.awake:
        # The clock stands with the house, so an age by it would say that all is fresh.
        problem, age_s = f"no readings from the house since {_local(shown.now, shown.home)}", None
    elif len(known) < len(REQUIRED):
        missing = ", ".join(role for role in REQUIRED if role not in shown.readings)
        problem = f"no usable reading of {missing}" if _is_missed(shown, shown.now) else ""
    elif age_s is not None and age_s > shown.max_age_s:
        problem = f"the newest readings are {age_s:.0f} s old, limit {shown.max_age_s:.0f} s"
    else:
        problem = ""
    complete = not problem and len(known) == len(REQUIRED)
    return HealthPart(name="data", ok=complete, problems=(problem,) if problem else (), age_s=age_s)


def _is_missed(shown: ServiceState, now: datetime) -> bool:
    """Whether readings have been missing for longer than they count, and no decision says so."""
    if shown.decision is None:
        return True
    missing_s = (now - (shown.complete_at or shown.started)).total_seconds()
    return shown.decision.outcome != "no_command" and missing_s > shown.max_age_s


def _forecast_health(shown: ServiceState) -> HealthPart:
    """A forecast is a help and no condition: without one, similar days stand in."""
    if shown.forecast_at is None or shown.now is None:
        return HealthPart(name="forecast", ok=False)
    age_s = max((shown.now - shown.forecast_at).total_seconds(), 0.0)
    return HealthPart(name="forecast", ok=age_s <= DAY.total_seconds(), age_s=age_s)


def _plan_health(shown: ServiceState) -> HealthPart:
    if shown.decision is None:
        problems: tuple[str, ...] = ("no decision yet",) if shown.now is not None and shown.awake else ()
        return HealthPart(name="plan", ok=False, problems=problems)
    age_s = max((shown.now - shown.decision.at).total_seconds(), 0.0) if shown.now is not None else None
    if not shown.awake:
        return HealthPart(name="plan", ok=False, age_s=age_s)
    if age_s is not None and age_s > (shown.step + _PATIENCE).total_seconds():
        problems = (f"the last decision was at {_local(shown.decision.at, shown.home)}",)
    else:
        problems = shown.decision.problems if shown.decision.outcome == "no_command" else ()
    return HealthPart(name="plan", ok=not problems, problems=problems, age_s=age_s)


def _local(moment: datetime, home: Home) -> str:
    return f"{moment.astimezone(home.tz):%Y-%m-%d %H:%M}"


def sensors(shown: ServiceState, language: Language = "en") -> SensorReport:
    """Every reading with its age."""
    return SensorReport(
        now=shown.now,
        sensors=tuple(
            SensorView(
                role=role,
                value=reading.value,
                at=reading.at,
                age_s=(shown.now - reading.at).total_seconds() if shown.now else None,
            )
            for role, reading in sorted(shown.readings.items())
        ),
        complaints=_in(shown.complaints, language),
    )


def _flows(shown: ServiceState) -> LiveFlows:
    def value(role: Role) -> float | None:
        return shown.readings[role].value if role in shown.readings else None

    import_price, export_price = _prices_now(shown)
    return LiveFlows(
        load_kw=value("load_power"),
        pv_kw=value("pv_power"),
        grid_kw=value("grid_power"),
        battery_kw=value("battery_power"),
        car_kw=value("car_power"),
        soc=value("battery_soc"),
        temperature_c=value("outdoor_temperature"),
        import_price=import_price,
        export_price=export_price,
    )


def _prices_now(shown: ServiceState) -> tuple[float | None, float | None]:
    """The prices that the newest plan has for now: those that the decision rests on."""
    ensemble = shown.decision.ensemble if shown.decision else None
    if ensemble is None or shown.now is None:
        return None, None
    slot = (shown.now - ensemble.start) // timedelta(minutes=ensemble.step_minutes)
    if not 0 <= slot < len(ensemble.import_prices):
        return None, None
    return ensemble.import_prices[slot], ensemble.export_prices[slot]


def _in_force(decision: Decision, shown: ServiceState, language: Language) -> InForce:
    command = decision.command
    levels = command.levels_at(shown.now or decision.at) if command else None
    return InForce(
        decision_id=decision.decision_id,
        at=decision.at,
        outcome=decision.outcome,
        mode=command.mode.value if command else None,
        valid_until=command.valid_until if command else None,
        charge_to_soc=levels.charge_to_soc if levels else None,
        reserve_soc=levels.reserve_soc if levels else None,
        reason_code=decision.reason_code,
        reason=reason_in(decision, language),
        problems=_in(decision.problems, language),
        chosen=decision.chosen,
        chosen_by=decision.chosen_by,
        model_said=decision.review.rationale if decision.review else "",
        stake=decision.stake,
        worth_per_kwh=decision.worth_per_kwh,
        confirmed=shown.confirmed,
        devices=tuple(_device(command) for command in decision.device_commands),
    )


def _device(command: DeviceCommand) -> DeviceLine:
    match command:
        case LoadCommand():
            start, end = _next_run(command.slots)
            return DeviceLine(device=command.device, power_kw=command.power_kw, start=start, end=end)
        case ClimateCommand():
            return DeviceLine(device=command.zone, setpoint_c=command.setpoint_c)
        case ExportCommand():
            return DeviceLine(device="export", limit_kw=command.limit_kw)
        case _:
            assert_never(command)


def _next_run(slots: tuple[PowerSlot, ...]) -> tuple[datetime | None, datetime | None]:
    """From when to when a load runs next; None where it does not."""
    running = list(takewhile(lambda slot: slot.power_kw > 0, dropwhile(lambda slot: slot.power_kw <= 0, slots)))
    return (running[0].start, running[-1].end) if running else (None, None)


class NewestPlan:
    """The plan of the newest decision, worked out once for each."""

    def __init__(self) -> None:
        self._plan: PlanView | None = None

    def of(self, shown: ServiceState) -> PlanView | None:
        """The plan ahead; None where the newest decision gave no command."""
        decision = shown.decision
        if decision is None:
            return None
        if self._plan is None or self._plan.decision_id != decision.decision_id:
            self._plan = plan_of(decision, shown.home)
        return self._plan


def plan_of(decision: Decision, home: Home) -> PlanView | None:
    """The plan ahead as a decision expects it; None where it gave no command."""
    if decision.command is None or decision.ensemble is None or decision.snapshot is None:
        return None
    # Of several batteries, those that answered then.
    battery = decision.inputs.home.battery if decision.inputs is not None else home.battery
    home = home.model_copy(update={"battery": battery})
    return _plan(decision, decision.command, decision.ensemble, decision.snapshot.soc, home)


def _plan(decision: Decision, command: BatteryCommand, record: EnsembleRecord, soc: float, home: Home) -> PlanView:
    step = timedelta(minutes=record.step_minutes)
    starts = [record.start + index * step for index in range(len(record.import_prices))]
    ensemble = ensemble_of(record)
    levels = [command.levels_at(max(start, command.valid_from)) for start in starts]
    flows = follow(levels, ensemble, home, soc * home.battery.capacity_kwh)
    expected = _expected(ensemble, flows, home)
    charges = [soc, *(float(np.mean(flow.stored_kwh)) / (home.battery.capacity_kwh or 1) for flow in flows)]
    chosen = next((candidate for candidate in decision.candidates if candidate.name == decision.chosen), None)
    return PlanView(
        decision_id=decision.decision_id,
        at=decision.at,
        start_soc=soc,
        futures=len(record.load_w),
        expected_cost=chosen.expected_cost if chosen else 0.0,
        slots=tuple(
            PlanSlot(
                start=start,
                end=start + step,
                mode=level.mode(charges[index], floor_soc=home.battery.min_soc).value,
                charge_to_soc=level.charge_to_soc,
                reserve_soc=level.reserve_soc,
                export_to_soc=level.export_to_soc,
                import_price=record.import_prices[index],
                export_price=record.export_prices[index],
                **expected[index],
            )
            for index, (start, level) in enumerate(zip(starts, levels, strict=True))
        ),
    )


def ensemble_of(record: EnsembleRecord) -> Ensemble:
    """The possible futures as the planner took them."""
    return Ensemble(
        load_kw=np.array(record.load_w) / 1000,
        pv_kw=np.array(record.pv_w) / 1000,
        prices=Prices(np.array(record.import_prices), np.array(record.export_prices)),
        hours=record.step_minutes / 60,
    )


def _expected(ensemble: Ensemble, flows: Sequence[HouseFlows], home: Home) -> list[_ExpectedBands]:
    """What each slot is expected to bring, over the futures."""
    capacity_kwh = home.battery.capacity_kwh or 1
    grid_kw = [np.asarray(flow.grid_import_kw) - flow.grid_export_kw for flow in flows]
    battery_kw = [np.asarray(flow.discharge_kw) - flow.charge_kw for flow in flows]
    stored_kwh = np.stack([np.asarray(flow.stored_kwh) for flow in flows], axis=1)
    bands = (_bands(ensemble.load_kw), _bands(ensemble.pv_kw), _bands(stored_kwh / capacity_kwh))
    return [
        {"load_kw": load, "pv_kw": pv, "soc": soc, "grid_kw": _mean(grid), "battery_kw": _mean(battery)}
        for load, pv, soc, grid, battery in zip(*bands, grid_kw, battery_kw, strict=True)
    ]


def _bands(values: Floats) -> list[Band]:
    """Mean and tenths of each slot, of values of shape (futures, slots)."""
    figures = np.round([values.mean(axis=0), *np.quantile(values, (0.1, 0.9), axis=0)], 4)
    return [Band(mean=mean, low=low, high=high) for mean, low, high in figures.T.tolist()]


def _mean(values: Floats) -> float:
    return round(float(values.mean()), 4)


def similar_days(shown: ServiceState, language: Language = "en") -> SimilarDays:
    """The days that the newest decision rests on, with their shapes."""
    near = {neighbour.day: neighbour for neighbour in shown.decision.neighbours} if shown.decision else {}
    return SimilarDays(
        step_minutes=int(shown.step.total_seconds() // 60),
        days=tuple(
            SimilarDayView(
                day=shape.day,
                why=in_language(near[shape.day].why, language),
                distance=near[shape.day].distance,
                load_kwh=_energy(shape.load_kw, shown.step),
                pv_kwh=_energy(shape.pv_kw, shown.step),
                load_kw=_listed(shape.load_kw),
                pv_kw=_listed(shape.pv_kw),
            )
            for shape in shown.shapes
            if shape.day in near
        ),
    )


def _energy(power_kw: Floats, step: timedelta) -> float:
    energy = energy_kwh(power_kw, step)
    return 0.0 if np.isnan(energy) else round(energy, 3)


def _listed(values: Floats) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else round(value, 4) for value in values.tolist())


def next_allowed(shown: ServiceState, pause: timedelta) -> datetime | None:
    """When the guard lets a further command out."""
    if shown.now is None or shown.decision is None or shown.decision.command is None:
        return shown.now
    return max(shown.now, shown.decision.at + pause)
