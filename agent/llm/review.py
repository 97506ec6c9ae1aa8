"""The brief review: show a local model a few schedules, take its checked choice within a deadline, or say why not."""

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from agent.llm.adjustment import Adjustment, adjustment_schemas, as_constraint
from agent.llm.grounding import ungrounded_numbers
from agent.llm.models import FailureKind, LoadedModel, describe_failure
from agent.llm.sanitise import cut, sanitised_line
from agent.llm.tokens import fewest_tokens, most_tokens
from energy.constraints import Constraint
from prompts.library import Prompt, load
from prompts.prompt_echo import echoed_prompts

_log = logging.getLogger(__name__)

MAX_BRIEF_TOKENS = 800
MAX_LOOKED_UP_TOKENS = 1200
_MAX_FACTS = 24
_FEWEST_FACTS = 8
_MAX_VALUE_BYTES = 20
_MAX_CANDIDATES = 5
_MAX_NOTES = 4
_MAX_NOTE_BYTES = 120
_MAX_DAYS = 3
_MAX_DAY_BYTES = 80
_MAX_RATIONALE_CHARS = 200


@dataclass(frozen=True, slots=True)
class BriefCandidate:
    """One schedule as the model sees it: costs in the home's currency over the horizon, charge as a fraction."""

    id: str
    label: str
    expected_cost: float
    extra_cost: float
    spread: float
    final_soc: float
    grid_charge_kwh: float
    mode_now: str
    # What the guard compares: expected extra cost a slot.
    regret_per_slot: float = 0.0

    def render(self) -> str:
        """One line, in the numbers that a rationale may quote."""
        return (
            f"{self.id}: {self.label}; cost {self.expected_cost:.2f} (extra {self.extra_cost:.2f}, "
            f"spread {self.spread:.2f}); ends at {self.final_soc * 100:.0f} %; "
            f"grid charging {self.grid_charge_kwh:.1f} kWh; now {self.mode_now}"
        )


@dataclass(frozen=True, slots=True)
class Brief:
    """What the model is told; everything in it is cut to a size, so that no note can push the rules out of sight.

    `times` are those between which it may adjust the plan, now first: none where nobody said what the plan cannot hold.
    """

    facts: dict[str, str]
    candidates: list[BriefCandidate]
    notes: list[str]
    similar_days: list[str]
    now: datetime | None = None
    times: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        """Names that the model may answer with."""
        return [candidate.id for candidate in self.candidates[:_MAX_CANDIDATES]]

    def render(self) -> str:
        """The brief as text of at most `MAX_BRIEF_TOKENS`; notes are quoted as JSON strings.

        What is too much is left out from the end: first similar days, then facts, then notes; never a schedule.
        """
        shown = self
        while most_tokens(text := "\n".join(shown._lines())) > MAX_BRIEF_TOKENS:
            shown = shown._shorter()
        return text

    def _shorter(self) -> "Brief":
        if self.similar_days:
            return replace(self, similar_days=self.similar_days[:_MAX_DAYS][:-1])
        if len(self.facts) > _FEWEST_FACTS:
            return replace(self, facts=dict(list(self.facts.items())[:_MAX_FACTS][:-1]))
        if self.notes:
            return replace(self, notes=self.notes[:_MAX_NOTES][:-1])
        return replace(self, candidates=self.candidates[:_MAX_CANDIDATES][:-1])

    def _lines(self) -> Iterator[str]:
        facts = list(self.facts.items())[:_MAX_FACTS]
        yield "Facts: " + ", ".join(f"{key.replace('_', ' ')} {cut(text, _MAX_VALUE_BYTES)}" for key, text in facts)
        yield "Schedules:"
        yield from (candidate.render() for candidate in self.candidates[:_MAX_CANDIDATES])
        if self.similar_days:
            yield "Similar days:"
            yield from (f"- {cut(day, _MAX_DAY_BYTES)}" for day in self.similar_days[:_MAX_DAYS])
        if self.notes:
            yield "Household notes:"
            yield from (
                f"- {json.dumps(cut(note, _MAX_NOTE_BYTES), ensure_ascii=False)}" for note in self.notes[:_MAX_NOTES]
            )


class ChoiceReply(BaseModel):
    """The model's answer; the reason comes first, so that it is written before the choice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rationale: str = Field(max_length=_MAX_RATIONALE_CHARS)
    choice: str | Adjustment


ADJUSTED = "adjusted"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A valid choice; with `rationale_ok` its rationale reads as text and says nothing that is not in the brief.

    It is the id of a candidate, or `ADJUSTED` with the wish that the best schedule shall be planned with as well.
    """

    choice: str
    rationale: str
    rationale_ok: bool
    model: str
    prompt_name: str
    prompt_version: int
    prompt_hash: str
    seconds: float
    prompt_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    repaired: bool
    # Names of the tools that the model looked facts up with before it chose.
    tools: tuple[str, ...] = ()
    adjustment: Constraint | None = None


@dataclass(frozen=True, slots=True)
class NoChoice:
    """No usable answer in time, and why."""

    kind: FailureKind
    why: str
    model: str
    seconds: float


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What a model looked up before it chose: lines for the brief, and the tools that it used."""

    lines: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()


Look = Callable[[LoadedModel, Brief], LookedUp]


def make_reviewer(
    model: LoadedModel,
    deadline_s: float,
    *,
    prompt: Prompt | None = None,
    look: Look | None = None,
) -> Callable[[Brief], Chosen | NoChoice]:
    """A function that asks `model` about a brief and returns within `deadline_s`, whatever the model does.

    A reply past the deadline is thrown away; while one is still awaited, no further brief is sent. The prompt is the
    newest `decide` unless one is given, or `adjust` where the brief has times to adjust the plan between. With `look`
    the model first looks facts up by itself, if it can call tools.
    """
    usual, adjusting = prompt or load("decide"), prompt or load("adjust")
    failures = _FailureLog(model.label)
    if look and not model.tools:
        _log.warning("%s cannot call tools: it reviews by the brief alone", model.label)
    able = look if model.tools else None

    def review(brief: Brief) -> Chosen | NoChoice:
        if not model.busy.acquire(blocking=False):
            return NoChoice("late", "the model is still busy with an earlier brief", model.label, 0.0)
        answers: SimpleQueue[Chosen | NoChoice] = SimpleQueue()

        def work() -> None:
            try:
                answer = _review(model, adjusting if brief.times else usual, brief, able)
            finally:
                model.busy.release()
            answers.put(answer)

        Thread(target=work, name="review", daemon=True).start()
        try:
            answer = answers.get(timeout=deadline_s)
        except Empty:
            answer = NoChoice("late", f"no answer within {deadline_s:g} s", model.label, deadline_s)
        failures.update(answer)
        return answer

    return review


class _FailureLog:
    """Says once that the model fails, again when it fails otherwise, and once when it is well again."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._failing: FailureKind | None = None

    def update(self, answer: Chosen | NoChoice) -> None:
        if isinstance(answer, Chosen):
            if self._failing:
                _log.info("%s chooses again", self._label)
            self._failing = None
        elif answer.kind != self._failing:
            _log.warning("no choice by the model (%s), the best plan goes out: %s", answer.kind, answer.why)
            self._failing = answer.kind


def reads_as_text(text: str) -> bool:
    """Whether there are at least four words and no run of three that comes twice: small models loop."""
    words = re.findall(r"[\w.]+", text.lower())
    runs = list(zip(words, words[1:], words[2:], strict=False))
    return len(words) >= 4 and len(set(runs)) == len(runs)


_CHEAPEST = re.compile(
    r"\b(?:cheapest|(?:least|lowest|smallest|minimal|minimum)(?: \w+)? (?:costs?|extra|expensive)|"
    r"costs? (?:the )?least)\b"
)


def claims_wrongly_to_be_cheapest(text: str, chosen: BriefCandidate, others: Sequence[BriefCandidate]) -> bool:
    """Whether a reason says that its schedule costs least where another is expected to cost less, to the cent."""
    least = min(one.extra_cost for one in others)
    return round(chosen.extra_cost - least, 2) > 0 and _CHEAPEST.search(text.lower()) is not None


def _may_go_out(rationale: str, choice: str, brief: Brief, facts_text: str) -> bool:
    # Of an adjusted schedule nobody knows yet what it costs: nothing is said of that.
    chosen = next((one for one in brief.candidates if one.id == choice), None)
    return (
        reads_as_text(rationale)
        and not ungrounded_numbers(rationale, {**brief.facts, "": facts_text})
        and not echoed_prompts(rationale)
        and not (chosen and claims_wrongly_to_be_cheapest(rationale, chosen, brief.candidates))
    )


def _review(model: LoadedModel, prompt: Prompt, brief: Brief, look: Look | None) -> Chosen | NoChoice:
    """Look up, ask once, and once more with what was wrong."""
    began = time.perf_counter()
    try:
        looked = look(model, brief) if look else LookedUp()
    except Exception as err:  # noqa: BLE001 (as below)
        kind, why = describe_failure(err, model.label)
        if kind != "no_tools":
            return NoChoice(kind, why, model.label, time.perf_counter() - began)
        looked = LookedUp()
    answer = _choose(model, prompt, brief, looked)
    return replace(answer, seconds=time.perf_counter() - began)


def _with_looked_up(brief_text: str, lines: Sequence[str]) -> str:
    """The brief with what was looked up, as far as there is room for it."""
    shown, room = [], MAX_LOOKED_UP_TOKENS
    for line in lines:
        text = f"- {sanitised_line(line)}"
        room -= most_tokens(text)
        if room < 0:
            break
        shown.append(text)
    return "\n".join([brief_text, "Looked up:", *shown]) if shown else brief_text


def _choose(model: LoadedModel, prompt: Prompt, brief: Brief, looked: LookedUp) -> Chosen | NoChoice:
    began = time.perf_counter()
    facts_text, ids = _with_looked_up(brief.render(), looked.lines), ", ".join(brief.ids)
    messages = [
        ("system", prompt.render("system")),
        ("human", prompt.render("user", brief=facts_text, ids=ids)),
    ]
    # Compared versions of a prompt are asked for letters alone.
    times = brief.times if prompt.name == "adjust" else {}
    try:
        reply = _ask(model, brief.ids, times, messages)
        if repaired := reply.choice is None and not reply.cut:
            problem = prompt.render("repair", problem=cut(reply.problem, 200), ids=ids)
            again = _ask(model, brief.ids, times, [*messages, ("ai", reply.text or "(no answer)"), ("human", problem)])
            reply = replace(again, usage=_sum(reply.usage, again.usage))
    except Exception as err:  # noqa: BLE001 (whatever a client library raises must not end the service)
        return NoChoice(*describe_failure(err, model.label), model.label, time.perf_counter() - began)
    if reply.cut:
        return NoChoice("truncated", _CUT.format(model.label), model.label, time.perf_counter() - began)
    seconds = time.perf_counter() - began
    if reply.choice is None:
        return NoChoice("invalid", f"two answers could not be used: {reply.problem}", model.label, seconds)
    rationale = sanitised_line(reply.choice.rationale)
    choice = reply.choice.choice if isinstance(reply.choice.choice, str) else ADJUSTED
    return Chosen(
        choice=choice,
        rationale=rationale,
        rationale_ok=_may_go_out(rationale, choice, brief, facts_text),
        model=model.label,
        prompt_name=prompt.name,
        prompt_version=prompt.version,
        prompt_hash=prompt.hash,
        seconds=seconds,
        prompt_tokens=reply.usage.prompt,
        output_tokens=reply.usage.output,
        cached_tokens=reply.usage.cached,
        repaired=repaired,
        tools=looked.tools,
        adjustment=reply.adjustment,
    )


_CUT = "{}: the server has dropped the front of the prompt: raise context_tokens, or the server's own limit"


@dataclass(frozen=True, slots=True)
class _Usage:
    prompt: int | None
    output: int | None
    cached: int | None


@dataclass(frozen=True, slots=True)
class _Reply:
    choice: ChoiceReply | None
    problem: str
    text: str
    usage: _Usage
    # Whether the server counted fewer tokens than the messages can have: it has dropped the front of them.
    cut: bool
    adjustment: Constraint | None


def choice_schema(ids: Sequence[str], times: Sequence[str] = ()) -> type[ChoiceReply]:
    """`ChoiceReply` that allows these ids only, and with `times` a wish between two of them.

    A server that enforces grammars cannot write another.
    """
    allowed: Any = Literal[tuple(ids)]
    for schema in adjustment_schemas(times) if times else ():
        allowed |= schema
    return create_model("ChoiceReply", __base__=ChoiceReply, choice=(allowed, ...))


def _ask(
    model: LoadedModel, ids: Sequence[str], times: Mapping[str, datetime], messages: list[tuple[str, str]]
) -> _Reply:
    schema = choice_schema(ids, tuple(times))
    structured = model.chat.with_structured_output(schema, method="json_schema", include_raw=True)
    answer: Any = structured.invoke(messages)
    raw, error, parsed, adjustment = answer["raw"], answer["parsing_error"], answer["parsed"], None
    try:
        if parsed is not None and isinstance(parsed.choice, Adjustment):
            adjustment = as_constraint(parsed.choice, times)
    except ValueError as err:
        parsed, error = None, err
    used = raw.usage_metadata or {}
    sent = fewest_tokens("".join(text for _, text in messages))
    return _Reply(
        cut=0 < (used.get("input_tokens") or 0) < sent,
        choice=parsed,
        adjustment=adjustment,
        problem="" if error is None else str(error),
        text=raw.text,
        usage=_Usage(
            prompt=used.get("input_tokens"),
            output=used.get("output_tokens"),
            cached=used.get("input_token_details", {}).get("cache_read"),
        ),
    )


def _sum(first: _Usage, second: _Usage) -> _Usage:
    return _Usage(
        prompt=_plus(first.prompt, second.prompt),
        output=_plus(first.output, second.output),
        cached=_plus(first.cached, second.cached),
    )


def _plus(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left + right
