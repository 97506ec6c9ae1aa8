"""A language model without a planner: it reads prices, forecast and like days, and sets the hours ahead."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from agent.decision.decide import Outline, Situation
from agent.llm.models import LoadedModel, describe_failure
from energy.commands import SELF_CONSUMPTION, BatteryCommand, Levels, SlotLevels
from energy.guard import Circumstances, Rejected, Verdict, review
from energy.planning.planner import Candidate, cost_to_go, first_slot_cost, outlook
from knowledge.days import DayRecord, energy_kwh
from prompts.library import Prompt

HOURS = 4
_BLOCK_HOURS = 4
_LIKE_DAYS = 3
_HOUR = timedelta(hours=1)

_Percent = Annotated[int, Field(ge=0, le=100)]


class HourLevels(BaseModel):
    """The model's answer: levels of each of the next hours in percent of the battery."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    charge_to: list[_Percent] = Field(min_length=HOURS, max_length=HOURS)
    reserve: list[_Percent] = Field(min_length=HOURS, max_length=HOURS)

    def levels(self) -> list[Levels]:
        """As commands hold them: what is bought is kept."""
        return [
            Levels(charge_to_soc=charge / 100, reserve_soc=max(charge, keep) / 100)
            for charge, keep in zip(self.charge_to, self.reserve, strict=True)
        ]


def ask(model: LoadedModel, prompt: Prompt, brief: str) -> tuple[HourLevels | None, str]:
    """The model's levels, or none and what became of the question; there is no planner to fall back on."""
    structured = model.chat.with_structured_output(HourLevels, method="json_schema", include_raw=True)
    messages = [
        ("system", prompt.render("system", hours=str(HOURS))),
        ("human", prompt.render("user", brief=brief, hours=str(HOURS))),
    ]
    try:
        answer: Any = structured.invoke(messages)
    except Exception as err:  # noqa: BLE001 (whatever a client library raises is an answer that cannot be used)
        return None, describe_failure(err, model.label)[0]
    parsed = answer["parsed"]
    return (parsed, "chosen") if isinstance(parsed, HourLevels) else (None, "invalid")


def brief_of(situation: Situation, outline: Outline, kwh: dict[date, tuple[float, float]]) -> str:
    """What the model is told: battery, the next hours one by one, blocks after them, and what like days used."""
    home, ensemble = situation.home, outline.ensemble
    battery = home.battery
    state = (
        f"Now {situation.now.astimezone(home.tz):%A %H:%M}. Battery {battery.capacity_kwh:g} kWh, "
        f"{outline.plan.start_soc * 100:.0f} % full, charges {battery.max_charge_kw:g} kW at most. "
        f"Of a bought kWh {battery.charge_efficiency * battery.discharge_efficiency:.0%} can be used."
    )
    lines = [state, "Expected ahead:"]
    per_hour = max(round(1 / ensemble.hours), 1)
    edges = [*range(0, HOURS * per_hour, per_hour)]
    edges += [*range(HOURS * per_hour, len(outline.starts), _BLOCK_HOURS * per_hour), len(outline.starts)]
    lines += [_ahead(situation, outline, first, last) for first, last in pairwise(edges)]
    like = [near.day for near in outline.neighbours if near.day in kwh][:_LIKE_DAYS]
    if like:
        similar = "; ".join(f"{day:%a %d %b} used {kwh[day][0]:.0f} kWh, solar {kwh[day][1]:.0f}" for day in like)
        lines.append(f"Days like this: {similar}.")
    return "\n".join(lines)


def _ahead(situation: Situation, outline: Outline, first: int, last: int) -> str:
    ensemble, zone = outline.ensemble, situation.home.tz
    price = ensemble.prices.import_per_kwh[first:last]
    both = (ensemble.load_kw, ensemble.pv_kw)
    used, solar = (series.mean(axis=0)[first:last].sum() * ensemble.hours for series in both)
    end = outline.starts[first] + (last - first) * situation.step
    low, high = price.min(), price.max()
    prices = f"{low:.2f}" if high - low < 0.005 else f"{low:.2f} to {high:.2f}"
    return (
        f"{outline.starts[first].astimezone(zone):%H}-{end.astimezone(zone):%H} h: price {prices}, "
        f"use {used:.1f} kWh, solar {solar:.1f}"
    )


def energies(days: Sequence[DayRecord]) -> dict[date, tuple[float, float]]:
    """What each recorded day used and what its panels gave, in kWh."""
    return {day.day: (float(energy_kwh(day.load_kw, day.step)), float(energy_kwh(day.pv_kw, day.step))) for day in days}


def guarded(levels: Sequence[Levels], situation: Situation, outline: Outline) -> Verdict:
    """The service's guard on levels of the hours ahead, self-consumption after them.

    Physics, time and household policy; there is no plan beside it that it could cost more than.
    """
    snapshot: Any = situation.snapshot
    command = BatteryCommand(
        decision_id="exam",
        valid_from=situation.now,
        valid_until=outline.starts[-1] + situation.step,
        mode=levels[0].mode(outline.plan.start_soc),
        slots=tuple(
            SlotLevels(start=start, end=start + situation.step, **level.model_dump())
            for start, level in zip(outline.starts, _each_slot(levels, situation, outline), strict=True)
        ),
        reason_code="exam",
        reason="exam",
    )
    moment = Circumstances(
        now=situation.now, snapshot_at=snapshot.at, last_command_at=situation.last_command_at, regret_per_slot=0.0
    )
    return review(command, situation.home, situation.policy, moment)


def regret(levels: Sequence[Levels], situation: Situation, outline: Outline) -> float:
    """What the levels are expected to cost more a slot than the planner's best, which goes on after them."""
    made, ensemble, home = outline.plan, outline.ensemble, situation.home
    stored_kwh = made.start_soc * home.battery.capacity_kwh
    hours = _each_slot(levels, situation, outline)[: round(len(levels) / ensemble.hours)]
    whole = (*hours, *made.best.levels[len(hours) :])
    futures = cost_to_go(ensemble, home)
    first = first_slot_cost(whole[0], ensemble, home, futures[1], stored_kwh)
    return made.regret(Candidate("best", whole, outlook(whole, ensemble, home, stored_kwh), first))


def _each_slot(levels: Sequence[Levels], situation: Situation, outline: Outline) -> tuple[Levels, ...]:
    slots = max(round(_HOUR / situation.step), 1)
    each = [level for level in levels for _ in range(slots)][: len(outline.starts)]
    return (*each, *[SELF_CONSUMPTION] * (len(outline.starts) - len(each)))


def played_levels(verdict: Verdict, hours: int) -> list[Levels]:
    """Levels of each of the next hours as the guard let them out; self-consumption where it did not."""
    if isinstance(verdict, Rejected):
        return [SELF_CONSUMPTION] * hours
    start = verdict.command.slots[0].start
    return [verdict.command.levels_at(start + timedelta(hours=hour)) for hour in range(hours)]
