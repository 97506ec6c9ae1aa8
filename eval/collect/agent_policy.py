"""The whole agent in the exam: its decision as the service makes it, with a model and a prompt or with neither."""

import atexit
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Literal, Self, get_args

from agent.decision.decide import Reviewer, Situation, decide
from agent.decision.record import Decision
from agent.llm.models import LoadedModel, ModelSettings, load_model
from agent.llm.review import make_reviewer
from agent.settings import ServiceSettings
from energy.commands import SELF_CONSUMPTION, Levels
from energy.errors import ModelError, SettingsError
from energy.guard import Policy
from energy.planning.under_rules import BillSoFar
from eval.collect.billed_planner import PlayedBill
from eval.collect.closed_loop import AHEAD, Planner
from eval.collect.playing import Decider, DecisionCounters, Stretch
from ingest.history.table import History
from ingest.live.snapshot import Snapshot
from prompts.library import Prompt, load

_Provider = Literal["none", "auto", "embedded", "ollama"]
_MODEL = r":(?P<provider>[a-z]+)(?:/(?P<model>[^\s,]+?))?"
_PROMPT = r":(?P<prompt>[a-z_]+)(?:\.v(?P<version>\d+))?"
_SPEC = re.compile(f"advisor(?:{_MODEL}(?:{_PROMPT})?)?")


@dataclass(frozen=True, slots=True)
class Consulted:
    """Who is asked and how: `advisor`, or `advisor:MODEL:PROMPT`, as in `advisor:ollama/qwen3:4b-instruct:decide`."""

    model: ModelSettings
    prompt: Prompt

    @classmethod
    def parse(cls, policy: str) -> Self:
        """Read a policy's name.

        Raises:
            SettingsError: it is not written so, or provider, prompt or version do not exist.
        """
        found = _SPEC.fullmatch(policy)
        if found is None or (found["provider"] or "none") not in get_args(_Provider):
            allowed = ", ".join(get_args(_Provider))
            raise SettingsError(f"policy {policy!r} is not advisor:MODEL:PROMPT: use {allowed} or ollama/NAME as MODEL")
        version = int(found["version"]) if found["version"] else None
        settings = ModelSettings.model_validate({"provider": found["provider"] or "none", "name": found["model"]})
        return cls(settings, load(found["prompt"] or "decide", version))


def advisor_decider(consulted: Consulted, history: History, played: Stretch, tally: DecisionCounters) -> Decider:
    """Decide every slot as the service does, with its policy, review pace and deadline; the slot's levels are obeyed.

    Raises:
        ModelError: the model cannot be had.
    """
    planner, reviewer = Planner(history), _reviewer(consulted, tally)
    pace = max(round(timedelta(hours=ServiceSettings().review_hours) / history.step), 1)
    in_force: list[str | None] = [None]
    bill = PlayedBill(history, history.home, played)

    def decided(at: int, stored_kwh: float) -> Levels:
        due = reviewer is not None and at % pace == 0
        so_far = bill.so_far(at, stored_kwh)
        situation = situation_at(planner, history, played, at, stored_kwh, in_force[0], so_far)
        decision = decide(situation, reviewer if due else None)
        if decision.review is not None:
            in_force[0] = decision.chosen if decision.chosen_by == "model" else None
        _count(decision, tally)
        return SELF_CONSUMPTION if decision.command is None else decision.command.levels_at(played.starts[at])

    return decided


def situation_at(
    planner: Planner,
    history: History,
    played: Stretch,
    at: int,
    stored_kwh: float,
    in_force: str | None,
    bill: BillSoFar | None = None,
) -> Situation:
    """What the service would know when a slot of a stretch begins."""
    home, now, known = history.home, played.starts[at], planner.known(played, at)
    return Situation(
        now=now,
        home=home,
        policy=Policy(),
        step=history.step,
        horizon_hours=AHEAD // timedelta(hours=1),
        snapshot=_snapshot(history, played, at, stored_kwh),
        neighbours=planner.similar(known.shapes[known.today]),
        shapes=known.shapes,
        pv_forecast_kw=known.pv_forecast_kw,
        recent=known.recent,
        last_command_at=played.starts[at - 1] if at else None,
        in_force=in_force,
        bill=bill,
    )


def _snapshot(history: History, played: Stretch, at: int, stored_kwh: float) -> Snapshot:
    """What the sensors say when a slot begins: the powers of the one just past."""
    capacity_kwh = history.home.battery.capacity_kwh
    before = max(at - 1, 0)
    return Snapshot(
        at=played.starts[at],
        load_kw=float(played.load_kw[before]) if at else 0.0,
        pv_kw=float(played.pv_kw[before]) if at else 0.0,
        soc=stored_kwh / capacity_kwh if capacity_kwh else 0.0,
        grid_kw=None,
        battery_kw=None,
        temperature_c=None,
    )


def _count(decision: Decision, tally: DecisionCounters) -> None:
    tally.verdicts.update(record.verdict for record in decision.verdicts)
    if decision.command is None:
        tally.verdicts["no command"] += 1
    if decision.review is not None:
        tally.replies[decision.review.outcome] += 1
        tally.reply_s.append(decision.review.seconds)
        tally.tokens += (decision.review.prompt_tokens or 0) + (decision.review.output_tokens or 0)


def _reviewer(consulted: Consulted, tally: DecisionCounters) -> Reviewer | None:
    if consulted.model.provider == "none":
        return None
    model, prompt = _loaded(consulted.model), consulted.prompt
    tally.versions |= {"model": model.label, "prompt": f"{prompt.name}.v{prompt.version} {prompt.hash}"}
    return make_reviewer(model, ServiceSettings().review_deadline_s, prompt=prompt)


@cache
def _loaded(settings: ModelSettings) -> LoadedModel:
    """Each process loads a model once."""
    model = load_model(settings)
    if model is None:
        raise ModelError("no language model is available: start Ollama, or use advisor without a model")
    atexit.register(model.close)
    return model
