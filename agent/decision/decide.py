"""One decision: snapshot, similar days, ensemble, plan, choice, guard, command."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta

import numpy as np

from agent.decision.constraint_words import Language
from agent.decision.device_commands import Occasion, device_commands
from agent.decision.device_plan import effective_prices, held_for_cars, held_now, plan_devices, planned_cars
from agent.decision.devices import NOTHING_KNOWN, KnownDevices
from agent.decision.explain import Explanation, Grounds, candidate_name, explain, standing
from agent.decision.record import (
    CandidateRecord,
    Decision,
    DevicesRecord,
    EnsembleRecord,
    InputsRecord,
    NeighbourRecord,
    ReviewRecord,
    SnapshotRecord,
    VerdictRecord,
)
from agent.llm.review import Brief, BriefCandidate, Chosen, NoChoice
from energy.commands import BatteryCommand, Levels, SlotLevels
from energy.constraints import CarReady, Constraint, Reserve, expected_load, over_slots
from energy.errors import AdvisorError
from energy.guard import (
    Allowed,
    Circumstances,
    Policy,
    Rejected,
    Verdict,
    above_floor,
    least_soc,
    review,
    verdict_name,
)
from energy.home import Home
from energy.planning.carbon import with_carbon
from energy.planning.dispatch import Dispatch
from energy.planning.planner import Candidate, Ensemble, Plan, adjusted, plan
from energy.planning.under_rules import BillSoFar, at_the_margin
from energy.price_outlook import price_outlook
from energy.pricing.tariff import DynamicTariff, Prices
from energy.slots import floor_slot
from ingest.live.snapshot import NoSnapshot, Snapshot
from knowledge.days import Floats
from knowledge.forecast import NOTHING_RECENT, DayShape, Recent, futures, horizon
from knowledge.notes import word_for
from knowledge.similar import SimilarDay

# Facts that a brief tells on other lines: days, wishes, and what each schedule does and costs.
_TOLD_ELSEWHERE = ("similar_day", "asked", "charge_to", "reserve_percent", "expected_cost", "self_consumption_extra")

Reviewer = Callable[[Brief], Chosen | NoChoice]


@dataclass(frozen=True, slots=True)
class Situation:
    """All that is known when a decision is due."""

    now: datetime
    home: Home
    policy: Policy
    step: timedelta
    horizon_hours: int
    snapshot: Snapshot | NoSnapshot
    neighbours: Sequence[SimilarDay] = ()
    shapes: Mapping[date, DayShape] = field(default_factory=dict)
    pv_forecast_kw: Floats | None = None
    recent: Recent = NOTHING_RECENT
    # What the household said, for the model; and what of it was understood, for the plan and the guard.
    notes: tuple[str, ...] = ()
    asked: tuple[Constraint, ...] = ()
    language: Language = "en"
    last_command_at: datetime | None = None
    # Why the model is asked in this decision, if it is.
    trigger: str = ""
    # Name of the candidate that the model chose at its last review; it holds while it costs little.
    in_force: str | None = None
    # The wish that it adjusted the plan by, where it did.
    adjustment: Constraint | None = None
    # Whether the household said something that the plan cannot hold: only then may the plan be adjusted.
    adjustable: bool = False
    devices: KnownDevices = NOTHING_KNOWN
    # The month's bill so far, where the tariff's rules make a kWh's worth depend on it.
    bill: BillSoFar | None = None
    # What CO2 adds to a kWh from the grid in each slot of the plan; empty where it is not counted.
    carbon: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """The plan of a situation, with the slots and the ensemble it was made for.

    `at_margin` is the same ensemble with what a kWh changes on the bill that is open, which is what was planned with.
    """

    starts: list[datetime]
    ensemble: Ensemble
    at_margin: Ensemble
    plan: Plan
    neighbours: list[SimilarDay]
    devices: Dispatch | None = None
    # All that the plan and the guard obey: what is asked for, and what keeps the battery out of cars.
    asked: tuple[Constraint, ...] = ()
    # Load of the futures without the devices, where a home has something to command beside its battery.
    base_load_kw: Floats | None = None
    # What the household's standing reserve is expected to cost over the horizon, where it has one.
    reserve_extra: float | None = None
    # The wish that the candidate `adjusted` was planned with as well, where there is one.
    adjustment: Constraint | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which candidate to publish and who said so."""

    candidate: Candidate
    by: str
    review: ReviewRecord | None = None


def decide(situation: Situation, reviewer: Reviewer | None = None) -> Decision:
    """Make one decision; with a `reviewer` the model is asked, without one its last choice or the best holds.

    A situation that cannot be judged gives a decision without a command and says why; nothing is raised.
    """
    began = time.perf_counter()
    snapshot = situation.snapshot
    if isinstance(snapshot, NoSnapshot):
        return _no_command(situation, snapshot.reasons, began)
    situation = with_reserve(situation, snapshot.soc)
    try:
        outline = think(situation, snapshot)
    except AdvisorError as err:
        return _no_command(situation, (str(err),), began)
    outline, choice = _choose(situation, outline, reviewer)
    return with_devices(situation, outline, conclude(situation, snapshot, outline, choice, began))


def ask_reviewer(situation: Situation, reviewer: Reviewer) -> Reviewer | None:
    """Ask a model about a situation; its answer comes as a reviewer that says the same of the same candidates later.

    The plan is made again when the answer is there, from what is known then: meanwhile time has passed.
    """
    snapshot = situation.snapshot
    if isinstance(snapshot, NoSnapshot):
        return None
    situation = with_reserve(situation, snapshot.soc)
    try:
        brief = make_brief(situation, think(situation, snapshot))
    except AdvisorError:
        # The decision itself says so.
        return None
    return _carried_over(reviewer(brief), brief)


def _carried_over(answer: Chosen | NoChoice, asked: Brief) -> Reviewer:
    labels = {candidate.id: candidate.label for candidate in asked.candidates}

    def answered(brief: Brief) -> Chosen | NoChoice:
        if isinstance(answer, NoChoice) or answer.adjustment:
            return answer
        same = [one.id for one in brief.candidates if one.label == labels.get(answer.choice)]
        if not same:
            return NoChoice("invalid", f"{labels.get(answer.choice)!r} is not a candidate any more", answer.model, 0.0)
        return replace(answer, choice=same[0])

    return answered


def without_command(home: Home, now: datetime, problems: tuple[str, ...]) -> Decision:
    """A decision that gives no command, and why."""
    return Decision(
        decision_id=_id_of(now, *problems),
        home=home.name,
        at=now,
        outcome="no_command",
        problems=problems,
        reason_code="cannot_judge",
        reason=f"No command: {'; '.join(problems)}."[:1000],
        seconds=0.0,
    )


def with_reserve(situation: Situation, soc: float) -> Situation:
    """The household's standing reserve as a wish that the plan is made with: kept as far as it is there, not bought."""
    policy, battery = situation.policy, situation.home.battery
    if policy.min_reserve_soc <= battery.min_soc:
        return situation
    start = floor_slot(situation.now, situation.step)
    reserve = Reserve(
        start=start,
        end=start + timedelta(hours=situation.horizon_hours),
        soc=round(min(policy.min_reserve_soc, soc, battery.max_soc), 3),
        bought=False,
    )
    return replace(situation, asked=(*situation.asked, reserve))


def think(situation: Situation, snapshot: Snapshot) -> Outline:
    """Forecast and plan: the part of a decision that needs no model.

    Raises:
        DataError: there is no usable history or no price for a slot of the horizon.
    """
    home, step = situation.home, situation.step
    first = floor_slot(situation.now, step)
    starts = [first + index * step for index in range(timedelta(hours=situation.horizon_hours) // step)]
    ahead = horizon(starts, home.tz, step)
    possible = futures(
        ahead,
        [near.day for near in situation.neighbours],
        situation.shapes,
        pv_forecast_kw=situation.pv_forecast_kw,
        pv_peak_kw=home.pv_peak_kw,
        recent=situation.recent,
    )
    seen = price_outlook(home.tariff, starts, home.tz, now=situation.now, members=len(possible.load_kw))
    prices = effective_prices(seen.prices, home)
    load_kw = expected_load(
        possible.load_kw, _not_remembered(situation), starts=starts, step=step, price_per_kwh=prices.import_per_kwh
    )
    # To the watt, so that the journalled futures are those that were planned with.
    ensemble = Ensemble(
        np.round(load_kw, 3),
        possible.pv_kw,
        prices,
        step / timedelta(hours=1),
        seen.members and effective_prices(seen.members, home),
        None if seen.members is None else seen.known,
    )
    used = set(possible.days)
    near = [one for one in situation.neighbours if one.day in used and one.source not in {"prior", "lent"}]
    return furnished_outline(situation, snapshot, ensemble, starts=starts, neighbours=near)


def _not_remembered(situation: Situation) -> list[Constraint]:
    """Wishes whose use of energy the neighbours do not show yet: days with guests have guests in them.

    A car that is planned for itself is no expected load beside.
    """
    seen = [near.notes for near in situation.neighbours]
    cars = planned_cars(situation.devices, situation.home, situation.now)
    asked = [wish for wish in situation.asked if not (cars and isinstance(wish, CarReady))]
    return [wish for wish in asked if not seen or 2 * sum(word_for(wish) in notes for notes in seen) < len(seen)]


def furnished_outline(
    situation: Situation,
    snapshot: Snapshot,
    ensemble: Ensemble,
    *,
    starts: list[datetime],
    neighbours: list[SimilarDay],
) -> Outline:
    """Plan for the devices of a home, whose load the ensemble lacks, and then for its battery beside them."""
    home = situation.home
    stored_kwh = snapshot.soc * home.battery.capacity_kwh
    at_margin = _planned_with(situation, ensemble, starts) if home.devices else ensemble
    devices = plan_devices(
        situation.devices, home, at_margin, starts=starts, stored_kwh=stored_kwh, asked=situation.asked
    )
    base_load_kw = ensemble.load_kw if home.devices or home.grid.export_limit_settable else None
    if devices is not None:
        ensemble = replace(ensemble, load_kw=np.round(ensemble.load_kw + devices.total_kw(len(starts)), 3))
    outline = outline_of(situation, snapshot, ensemble, starts=starts, neighbours=neighbours, devices=devices)
    return replace(outline, base_load_kw=base_load_kw)


def _held(
    situation: Situation, snapshot: Snapshot, devices: Dispatch | None, starts: list[datetime]
) -> tuple[Constraint, ...]:
    """All that is asked for, and what keeps the battery out of a car that charges now or is planned to."""
    asked, policy = situation.asked, situation.policy
    return (
        *asked,
        *held_for_cars(devices, situation.home, asked, starts),
        *held_now(snapshot, policy, asked, starts),
    )


def outline_of(
    situation: Situation,
    snapshot: Snapshot,
    ensemble: Ensemble,
    *,
    starts: list[datetime],
    neighbours: list[SimilarDay],
    devices: Dispatch | None = None,
) -> Outline:
    """Plan for an ensemble, whether it was just forecast or comes from the journal."""
    home, stored_kwh = situation.home, snapshot.soc * situation.home.battery.capacity_kwh
    at_margin = _planned_with(situation, ensemble, starts)
    asked = _held(situation, snapshot, devices, starts)

    def best_of(asked: Sequence[Constraint]) -> Plan:
        return plan(at_margin, home, stored_kwh, wishes=over_slots(asked, starts, situation.step, home))

    made, kept = best_of(asked), [one for one in asked if not standing(one)]
    outline = Outline(starts, ensemble, at_margin, made, neighbours, devices, asked)
    if len(kept) == len(asked):
        return outline
    extra = made.best.outlook.expected_cost - best_of(kept).best.outlook.expected_cost
    return replace(outline, reserve_extra=max(extra, 0.0))


def _planned_with(situation: Situation, ensemble: Ensemble, starts: list[datetime]) -> Ensemble:
    """The ensemble with what a kWh changes on the open bill, and what its CO2 counts."""
    return with_carbon(at_the_margin(ensemble, starts, situation.home, situation.bill), situation.carbon)


def _choose(situation: Situation, outline: Outline, reviewer: Reviewer | None) -> tuple[Outline, Choice]:
    best = outline.plan.best
    if reviewer is None:
        outline = adjusted_outline(situation, outline, situation.adjustment)
        return outline, held_choice(situation, outline)
    brief = make_brief(situation, outline)
    answer = reviewer(brief)
    if isinstance(answer, NoChoice):
        record = _failed_review(answer).model_copy(update={"trigger": situation.trigger})
        return outline, Choice(best, "planner", record)
    ids = dict(zip((shown.id for shown in brief.candidates), shuffled(outline.plan, situation.now), strict=True))
    outline = adjusted_outline(situation, outline, answer.adjustment)
    wanted = outline.plan.candidates[-1] if answer.adjustment else ids[answer.choice]
    cost = {
        "trigger": situation.trigger,
        "regret_per_slot": outline.plan.regret(wanted),
        "extra_cost": wanted.outlook.expected_cost - best.outlook.expected_cost,
        "adjustment": answer.adjustment,
    }
    return outline, Choice(wanted, "model", _passed_review(answer, wanted).model_copy(update=cost))


def adjusted_outline(situation: Situation, outline: Outline, adjustment: Constraint | None) -> Outline:
    """The outline with one candidate more, planned with a wish beside those that are asked for."""
    if adjustment is None:
        return outline
    home = situation.home
    asked, both = (
        over_slots(wishes, outline.starts, situation.step, home)
        for wishes in (outline.asked, (*outline.asked, adjustment))
    )
    stored_kwh = outline.plan.start_soc * home.battery.capacity_kwh
    made = adjusted(outline.plan, outline.at_margin, home, stored_kwh, wishes=asked, to=both)
    return replace(outline, plan=made, adjustment=adjustment)


def held_choice(situation: Situation, outline: Outline) -> Choice:
    """What is chosen without asking the model: its last choice while that costs little, else the best."""
    held = named(outline.plan, situation.in_force)
    if held is None or outline.plan.regret(held) > situation.policy.max_regret_per_slot:
        return Choice(outline.plan.best, "planner")
    return Choice(held, "earlier review")


def named(plan_: Plan, name: str | None) -> Candidate | None:
    """The candidate of a name."""
    return next((candidate for candidate in plan_.candidates if candidate.name == name), None)


def shuffled(plan_: Plan, now: datetime) -> list[Candidate]:
    """The candidates in an order that tells nothing of their cost, the same for the same moment."""
    return sorted(plan_.candidates, key=lambda one: hashlib.sha256(f"{now.isoformat()} {one.name}".encode()).digest())


def make_brief(situation: Situation, outline: Outline) -> Brief:
    """The short account that the model reads: facts, candidates in random order, notes and similar days."""
    home, made = situation.home, outline.plan
    explanation = _explain(made.best, situation, outline)
    return Brief(
        facts={
            "local_time": f"{situation.now.astimezone(home.tz):%A %H:%M}",
            **{name: fact for name, fact in explanation.facts.items() if not name.startswith(_TOLD_ELSEWHERE)},
        },
        candidates=[
            BriefCandidate(
                id=chr(ord("A") + rank),
                label="charging and holding by price" if candidate.name == "best" else candidate_name(candidate.name),
                expected_cost=candidate.outlook.expected_cost,
                extra_cost=candidate.outlook.expected_cost - made.best.outlook.expected_cost,
                spread=candidate.outlook.spread,
                final_soc=candidate.outlook.final_soc,
                grid_charge_kwh=candidate.outlook.grid_charge_kwh,
                mode_now=candidate.levels[0].mode(made.start_soc),
                regret_per_slot=made.regret(candidate),
            )
            for rank, candidate in enumerate(shuffled(made, situation.now))
        ],
        notes=list(situation.notes),
        similar_days=[f"{near.day.isoformat()}: {near.why}" for near in outline.neighbours[:3]],
        now=situation.now,
        times=_times(situation, outline) if situation.adjustable else {},
    )


def _times(situation: Situation, outline: Outline) -> dict[str, datetime]:
    """Between which times the plan may be adjusted: now, and the full local hours of a day."""
    now, day = outline.starts[0], timedelta(days=1)
    hours = [(start.astimezone(situation.home.tz), start) for start in outline.starts[1:] if start - now <= day]
    first_of_hour = [(local, start) for local, start in hours if timedelta(minutes=local.minute) < situation.step]
    return {"now": now} | {f"{local:%H:%M}": start for local, start in first_of_hour}


def conclude(
    situation: Situation,
    snapshot: Snapshot,
    outline: Outline,
    choice: Choice,
    began: float,
) -> Decision:
    """Put the choice before the guard; if it is rejected, the best candidate has its turn."""
    verdicts: list[VerdictRecord] = []
    attempts = [choice]
    if choice.candidate is not outline.plan.best:
        attempts.append(Choice(outline.plan.best, "planner", _overruled(choice.review)))
    for attempt in attempts:
        explanation = _explain(attempt.candidate, situation, outline)
        record = _record(situation, snapshot, outline, attempt, began)
        command = _command(attempt.candidate, situation, outline, explanation, record.decision_id)
        moment = Circumstances(
            now=situation.now,
            snapshot_at=snapshot.at,
            last_command_at=situation.last_command_at,
            regret_per_slot=outline.plan.regret(attempt.candidate),
        )
        verdict = review(command, situation.home, situation.policy, moment, asked=outline.asked)
        verdicts.append(_verdict_record(attempt.candidate, verdict))
        if not isinstance(verdict, Rejected):
            final = _with_mode(verdict.command, snapshot.soc, situation.home)
            return record.model_copy(update=_published(final, explanation, verdicts))
    problems = tuple(reason for record in verdicts for reason in record.reasons)
    refused = _record(situation, snapshot, outline, attempts[-1], began)
    return refused.model_copy(update={"verdicts": tuple(verdicts), "problems": problems})


def with_devices(situation: Situation, outline: Outline, decided: Decision) -> Decision:
    """The decision with the commands of all other devices, if it has one for the battery."""
    if decided.command is None:
        return decided
    home, starts = situation.home, outline.starts
    occasion = Occasion(home, situation.policy, starts, _prices(situation, outline), situation.now, decided.decision_id)
    made = device_commands(outline.devices, situation.devices, occasion)
    return decided.model_copy(update={"device_commands": made.commands, "device_problems": made.problems})


def _published(command: BatteryCommand, explanation: Explanation, verdicts: list[VerdictRecord]) -> dict[str, object]:
    return {
        "outcome": "published",
        "verdicts": tuple(verdicts),
        "command": command,
        "reason_code": explanation.code,
        "reason": explanation.reason,
        "facts": explanation.facts,
    }


def _explain(candidate: Candidate, situation: Situation, outline: Outline) -> Explanation:
    snapshot = situation.snapshot
    grounds = Grounds(
        plan=outline.plan,
        ensemble=outline.ensemble,
        at_margin=outline.at_margin,
        starts=outline.starts,
        home=situation.home,
        neighbours=outline.neighbours,
        asked=(*situation.asked, outline.adjustment)
        if outline.adjustment and candidate.name == "adjusted"
        else situation.asked,
        language=situation.language,
        reserve_soc=situation.policy.min_reserve_soc,
        reserve_extra=outline.reserve_extra,
        carbon=situation.carbon,
        car_kw=snapshot.car_kw if isinstance(snapshot, Snapshot) and snapshot.car_draws else None,
    )
    return explain(candidate, grounds)


def _command(
    candidate: Candidate, situation: Situation, outline: Outline, explanation: Explanation, decision_id: str
) -> BatteryCommand:
    """The schedule as a command; equal neighbouring slots become one."""
    slots: list[SlotLevels] = []
    battery = situation.home.battery
    for start, levels in zip(outline.starts, candidate.levels, strict=True):
        rounded = above_floor(_rounded(levels), battery)
        if slots and slots[-1].levels() == rounded:
            slots[-1] = slots[-1].model_copy(update={"end": start + situation.step})
        else:
            slots.append(SlotLevels(start=start, end=start + situation.step, **rounded.model_dump()))
    return BatteryCommand(
        decision_id=decision_id,
        valid_from=situation.now,
        valid_until=slots[-1].end,
        mode=slots[0].levels().mode(outline.plan.start_soc, floor_soc=least_soc(battery)),
        slots=tuple(slots),
        reason_code=explanation.code,
        reason=explanation.reason,
    )


def _rounded(levels: Levels) -> Levels:
    """Charges to a thousandth, the resolution of a command; rounding keeps their order."""
    given = levels.model_dump(exclude_none=True)
    return Levels.model_validate({name: round(value, 3) for name, value in given.items()})


def _with_mode(command: BatteryCommand, soc: float, home: Home) -> BatteryCommand:
    """The mode that the guarded levels mean at the charge now."""
    return command.model_copy(update={"mode": command.slots[0].levels().mode(soc, floor_soc=least_soc(home.battery))})


def _id_of(now: datetime, *grounds: str) -> str:
    """The same inputs give the same id, on any machine; names and notes are no part of it."""
    return f"{now:%Y%m%dT%H%M%SZ}-{hashlib.sha256(chr(0).join(grounds).encode()).hexdigest()[:6]}"


def _record(situation: Situation, snapshot: Snapshot, outline: Outline, choice: Choice, began: float) -> Decision:
    made, seen = outline.plan, _snapshot_record(snapshot)
    ensemble, inputs = _ensemble_record(outline, situation.step), _inputs_record(situation, outline)
    asked = [one.model_dump_json() for one in situation.asked]
    if outline.adjustment:
        asked.append(outline.adjustment.model_dump_json())
    grounds = [seen.identity(), ensemble.identity(), inputs.identity(), *asked]
    return Decision(
        decision_id=_id_of(situation.now, *grounds, choice.candidate.name, choice.by),
        home=situation.home.name,
        at=situation.now,
        outcome="no_command",
        snapshot=seen,
        asked=situation.asked,
        neighbours=tuple(NeighbourRecord(day=n.day, distance=n.distance, why=n.why) for n in outline.neighbours),
        ensemble=ensemble,
        inputs=inputs,
        candidates=tuple(_candidate_record(candidate, made) for candidate in made.candidates),
        worth_per_kwh=made.value_now_per_kwh,
        stake=made.stake,
        chosen=choice.candidate.name,
        chosen_by=choice.by,
        review=choice.review,
        seconds=time.perf_counter() - began,
    )


def _no_command(situation: Situation, problems: tuple[str, ...], began: float) -> Decision:
    snapshot = situation.snapshot
    return Decision(
        decision_id=_id_of(situation.now, *problems),
        home=situation.home.name,
        at=situation.now,
        outcome="no_command",
        problems=problems,
        snapshot=_snapshot_record(snapshot) if isinstance(snapshot, Snapshot) else None,
        reason_code="cannot_judge",
        reason=f"No command: {'; '.join(problems)}.",
        seconds=time.perf_counter() - began,
    )


def _snapshot_record(snapshot: Snapshot) -> SnapshotRecord:
    return SnapshotRecord(**asdict(snapshot))


def _ensemble_record(outline: Outline, step: timedelta) -> EnsembleRecord:
    ensemble = outline.ensemble
    known, members = ensemble.known_slots, ensemble.price_members
    unknown: dict[str, object] = {}
    if known is not None and members is not None:
        unknown = {
            "known_slots": known,
            "import_price_members": tuple(map(tuple, members.import_per_kwh[:, known:].tolist())),
            "export_price_members": tuple(map(tuple, members.export_per_kwh[:, known:].tolist())),
        }
    kept = EnsembleRecord(
        start=outline.starts[0],
        step_minutes=int(step.total_seconds() // 60),
        load_w=_watts(ensemble.load_kw),
        pv_w=_watts(ensemble.pv_kw),
        import_prices=tuple(ensemble.prices.import_per_kwh.tolist()),
        export_prices=tuple(ensemble.prices.export_per_kwh.tolist()),
    )
    return kept.model_copy(update=unknown)


def _inputs_record(situation: Situation, outline: Outline) -> InputsRecord:
    return InputsRecord(
        home=_with_prices_of_horizon(situation, outline),
        policy=situation.policy,
        notes=situation.notes,
        language=situation.language,
        trigger=situation.trigger,
        last_command_at=situation.last_command_at,
        in_force=situation.in_force,
        adjustment=situation.adjustment,
        bill=situation.bill,
        carbon=situation.carbon,
        devices=None if outline.base_load_kw is None else _devices_record(situation.devices, outline.base_load_kw),
    )


def _devices_record(known: KnownDevices, base_load_kw: Floats) -> DevicesRecord:
    return DevicesRecord(
        states=tuple(known.states.values()),
        wall_c=dict(known.wall_c),
        outdoor_c=None if known.outdoor_c is None else tuple(known.outdoor_c.tolist()),
        load_w=_watts(base_load_kw),
    )


def _with_prices_of_horizon(situation: Situation, outline: Outline) -> Home:
    """The home, with a dynamic tariff cut to the horizon: a year of prices in every decision would fill the disk.

    Prices are kept as they were known at the decision, all of them published as far as it is concerned.
    """
    home = situation.home
    if not isinstance(home.tariff, DynamicTariff):
        return home
    prices = _prices(situation, outline)
    tariff = DynamicTariff(
        start=outline.starts[0],
        step_minutes=int(situation.step.total_seconds() // 60),
        import_prices=tuple(prices.import_per_kwh.tolist()),
        export_prices=tuple(prices.export_per_kwh.tolist()),
        published_at_hour=None,
    )
    return home.model_copy(update={"tariff": tariff})


def _prices(situation: Situation, outline: Outline) -> Prices:
    """Known and expected prices of the horizon, as the tariff has them."""
    home, members = situation.home, len(outline.ensemble.load_kw)
    return price_outlook(home.tariff, outline.starts, home.tz, now=situation.now, members=members).prices


def _watts(power_kw: Floats) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(row) for row in np.rint(power_kw * 1000).astype(int).tolist())


def _candidate_record(candidate: Candidate, made: Plan) -> CandidateRecord:
    seen = candidate.outlook
    return CandidateRecord(
        name=candidate.name,
        expected_cost=seen.expected_cost,
        extra_cost=seen.expected_cost - made.best.outlook.expected_cost,
        spread=seen.spread,
        final_soc=seen.final_soc,
        grid_charge_kwh=seen.grid_charge_kwh,
    )


def _verdict_record(candidate: Candidate, verdict: Verdict) -> VerdictRecord:
    reasons = () if isinstance(verdict, Allowed) else verdict.reasons
    return VerdictRecord(candidate=candidate.name, verdict=verdict_name(verdict), reasons=reasons)


def _passed_review(answer: Chosen, wanted: Candidate) -> ReviewRecord:
    return ReviewRecord(
        model=answer.model,
        prompt=f"{answer.prompt_name}/v{answer.prompt_version} {answer.prompt_hash}",
        outcome="chosen",
        choice=wanted.name,
        rationale=answer.rationale if answer.rationale_ok else "",
        grounded=answer.rationale_ok,
        seconds=answer.seconds,
        prompt_tokens=answer.prompt_tokens,
        output_tokens=answer.output_tokens,
        cached_tokens=answer.cached_tokens,
        tools=answer.tools,
    )


def _failed_review(answer: NoChoice) -> ReviewRecord:
    return ReviewRecord(
        model=answer.model,
        prompt="",
        outcome=answer.kind,
        choice=None,
        rationale="",
        grounded=False,
        seconds=answer.seconds,
        detail=answer.why,
    )


def _overruled(record: ReviewRecord | None) -> ReviewRecord | None:
    return record and record.model_copy(update={"outcome": "overruled"})
