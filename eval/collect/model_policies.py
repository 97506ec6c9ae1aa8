"""A language model as a policy of the exam: alone, with tools or with the planner, each through the same guard."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.decision.decide import Situation, decide, think
from agent.decision.journal import Journal, open_journal
from agent.decision.record import Decision
from agent.language.answers.tools import looker
from agent.llm.review import Look, make_reviewer
from agent.queries import Sources
from agent.settings import ServiceSettings
from energy.commands import SELF_CONSUMPTION, Levels
from energy.errors import AdvisorError, SettingsError
from energy.guard import Policy, verdict_name
from energy.slots import local_day
from eval.collect.agent_policy import situation_at
from eval.collect.billed_planner import PlayedBill
from eval.collect.closed_loop import Planner
from eval.collect.model_alone import HOURS, ask, brief_of, energies, guarded, played_levels, regret
from eval.collect.model_seat import PATIENCE_S, model_settings, seated
from eval.collect.playing import Decider, DecisionCounters, Stretch
from eval.collect.replies import Spent
from ingest.history.table import History
from ingest.live.snapshot import Snapshot
from knowledge.days import DayRecord
from knowledge.store import DayStore
from prompts.library import load

ALONE, TOOLS, PLANNER = "model-alone", "model-tools", "model-planner"
KINDS = (ALONE, TOOLS, PLANNER)
_DEADLINE_S = ServiceSettings().review_deadline_s
_LOOK_S = PATIENCE_S / 2


def is_model_policy(policy: str) -> bool:
    """Whether a policy is one of these."""
    return policy.partition(":")[0] in KINDS


def check_model_policy(policy: str) -> None:
    """Raise SettingsError for one whose model cannot be named so."""
    model = policy.partition(":")[2]
    if not model:
        raise SettingsError(f"policy {policy!r} names no model: write {policy.partition(':')[0]}:MODEL")
    model_settings(model)


@contextmanager
def model_decider(policy: str, history: History, played: Stretch, tally: DecisionCounters) -> Iterator[Decider]:
    """Ask the model every four hours; what it chose holds until then.

    Raises:
        ModelError: the model cannot be had, or cannot call tools where it should.
    """
    kind, _, model = policy.partition(":")
    with ExitStack() as stack:
        if kind == ALONE:
            yield _alone(model, history, played, tally)
            return
        memory = stack.enter_context(_memory(history)) if kind == TOOLS else None
        yield _planned(model, history, played, tally, memory)


def _alone(model: str, history: History, played: Stretch, tally: DecisionCounters) -> Decider:
    loaded, cache = seated(model)
    planner, prompt, kwh = Planner(history), load("alone"), energies(history.days)
    tally.versions |= {"model": loaded.label, "prompt": f"{prompt.name}.v{prompt.version} {prompt.hash}"}
    in_force: list[Levels] = []

    def decided(at: int, stored_kwh: float) -> Levels:
        step = at % _slots(history)
        if step == 0:
            situation = situation_at(planner, history, played, at, stored_kwh, None)
            assert isinstance(situation.snapshot, Snapshot)  # noqa: S101 (the exam's situations have one)
            outline = think(situation, situation.snapshot)
            answer, word = ask(loaded, prompt, brief_of(situation, outline, kwh))
            levels = answer.levels() if answer else [SELF_CONSUMPTION] * HOURS
            verdict = guarded(levels, situation, outline)
            tally.verdicts[verdict_name(verdict)] += 1
            tally.verdicts["beyond the bound"] += (
                regret(levels, situation, outline) > situation.policy.max_regret_per_slot
            )
            _count_reply(word, cache.take(), tally)
            in_force[:] = played_levels(verdict, HOURS)
        return in_force[round(step * played.hours - 0.5)]

    return decided


class _Memory:
    """What tools look at: the days that are over, and the plans that were made."""

    def __init__(self, history: History, store: DayStore, journal: Journal, read: Journal) -> None:
        self._store, self._journal = store, journal
        self._days = {record.day: record for record in history.days}
        self.sources = Sources(history.home, store, read)

    def at(self, situation: Situation) -> None:
        """Bring it to a moment: the day before is over, and the plan of now is in force."""
        today = local_day(situation.now, situation.home.tz)
        before: list[DayRecord] = [record for day, record in self._days.items() if day < today]
        self._store.append(situation.home.name, before)
        self._journal.write(decide(situation))


@contextmanager
def _memory(history: History) -> Iterator[_Memory]:
    with TemporaryDirectory() as folder, ExitStack() as stack:
        path = Path(folder) / "journal.sqlite"
        journal = stack.enter_context(open_journal(path))
        # Tools run in threads of their own, which may only read.
        read = stack.enter_context(open_journal(path, read_only=True))
        store = DayStore(Path(folder) / "days")
        store.remember_home(history.home)
        yield _Memory(history, store, journal, read)


def _planned(model: str, history: History, played: Stretch, tally: DecisionCounters, memory: _Memory | None) -> Decider:
    loaded, cache = seated(model)
    prompt, planner = load("decide"), Planner(history)
    tally.versions |= {"model": loaded.label, "prompt": f"{prompt.name}.v{prompt.version} {prompt.hash}"}
    look: Look | None = None
    if memory is not None:
        if not loaded.tools:
            raise AdvisorError(f"{loaded.label} cannot call tools: use it as {PLANNER} or {ALONE}")
        look = looker(memory.sources, None, Policy().max_regret_per_slot, _LOOK_S)
    reviewer = make_reviewer(loaded, PATIENCE_S, prompt=prompt, look=look)
    in_force: list[str | None] = [None]
    bill = PlayedBill(history, history.home, played)

    def decided(at: int, stored_kwh: float) -> Levels:
        due, so_far = at % _slots(history) == 0, bill.so_far(at, stored_kwh)
        situation = situation_at(planner, history, played, at, stored_kwh, in_force[0], so_far)
        if due and memory is not None:
            memory.at(situation)
        decision = decide(situation, reviewer if due else None)
        if decision.review is not None:
            in_force[0] = decision.chosen if decision.chosen_by == "model" else None
            _count_reply(decision.review.outcome, cache.take(), tally)
        _count_verdicts(decision, tally)
        return SELF_CONSUMPTION if decision.command is None else decision.command.levels_at(played.starts[at])

    return decided


def _slots(history: History) -> int:
    return max(round(timedelta(hours=ServiceSettings().review_hours) / history.step), 1)


def _count_verdicts(decision: Decision, tally: DecisionCounters) -> None:
    tally.verdicts.update(record.verdict for record in decision.verdicts)
    if decision.command is None:
        tally.verdicts["no command"] += 1


def _count_reply(word: str, spent: Spent, tally: DecisionCounters) -> None:
    """What became of a question; one that took longer than the service waits is counted beside it."""
    tally.replies[word] += 1
    tally.reply_s.append(spent.seconds)
    tally.tokens += spent.prompt_tokens + spent.output_tokens
    if spent.seconds > _DEADLINE_S:
        tally.verdicts[f"past {_DEADLINE_S:g} s"] += 1
