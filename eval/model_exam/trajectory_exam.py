"""The exam on tool trajectories: whether a model that may call tools looks up what it needs, and nothing that acts."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from pydantic import BaseModel, ConfigDict

from agent.decision.decide import decide
from agent.decision.journal import open_journal
from agent.language.answers.tools import ToolContext, looker, tools_for
from agent.llm.models import LoadedModel, describe_failure
from agent.llm.review import Chosen, make_reviewer
from agent.llm.tool_loop import Limits, ToolLoopResult, run_tool_loop
from agent.queries import Sources
from energy.constraints import Reserve
from eval.model_exam.choice_cases import EXAM_HOME, ChoiceCase, exam_cases
from eval.model_exam.choice_exam import DEADLINE_S
from eval.model_exam.scores import CaseResult, Examinee, Progress, spread
from ingest.history.recorded import shipped_history
from knowledge.notes import NoteBook
from knowledge.store import DayStore

PART = "tools"
_FILE = files("eval") / "cases" / "trajectories.yaml"
_LIMITS = Limits(seconds=60.0)
_DECISIONS = 4


class Trajectory(BaseModel):
    """A task, and the tools that must have answered it; none where nothing must be called that is not there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    needs: tuple[str, ...]


@cache
def trajectories() -> tuple[Trajectory, ...]:
    """The tasks of the exam."""
    return tuple(Trajectory.model_validate(one) for one in yaml.safe_load(_FILE.read_text(encoding="utf-8"))["cases"])


def sit_tools(candidate: Examinee, limit: int | None, progress: Progress) -> Iterator[CaseResult]:
    """Let the model look facts up for tasks, and for decisions whose choice it then makes; rules call no tools."""
    if candidate.model is None:
        return
    moment = exam_cases()[0]
    with _context_at(moment) as context:
        for case in spread(trajectories(), limit):
            yield _task(case, context, candidate, candidate.model)
            progress(PART)
        for moment in spread(exam_cases(), min(limit or _DECISIONS, _DECISIONS)):
            yield _decision(moment, context, candidate, candidate.model)
            progress(PART)


@contextmanager
def _context_at(moment: ChoiceCase) -> Iterator[ToolContext]:
    """The home's past up to a moment, its decision and a note, as tools see them."""
    history, now = shipped_history(EXAM_HOME), moment.situation.now
    with TemporaryDirectory() as folder:
        store = DayStore(Path(folder) / "days")
        store.remember_home(history.home)
        today = now.astimezone(history.home.tz).date()
        store.append(history.home.name, [record for record in history.days if record.day < today])
        notes = NoteBook(Path(folder) / "notes.jsonl")
        asked = Reserve(start=now, end=now + timedelta(hours=6), soc=0.3)
        notes.add("keep 30 % for six hours", asked, now=now)
        path = Path(folder) / "journal.sqlite"
        with open_journal(path) as journal:
            journal.write(decide(moment.situation))
        # An agent calls its tools from threads of its own; only a journal that reads may be used so.
        with open_journal(path, read_only=True) as journal:
            yield ToolContext(Sources(history.home, store, journal), now, notes)


def _task(case: Trajectory, context: ToolContext, candidate: Examinee, model: LoadedModel) -> CaseResult:
    before = context.sources.decision()
    try:
        gathered = run_tool_loop(model, tools_for(context), case.task, limits=_LIMITS)
    except Exception as err:  # noqa: BLE001 (whatever a client library raises is the model's failure)
        return _result("tasks", candidate, case.task, "failed", ": ".join(describe_failure(err, model.label)))
    mark = "acted" if context.sources.decision() != before else grade_of(case, gathered, _names(context))
    called = " → ".join(one.line()[:80] for one in gathered.looked) or f"no call: {gathered.words[:80]}"
    return _result("tasks", candidate, case.task, mark, f"needed {', '.join(case.needs) or 'nothing'}; {called}")


def _names(context: ToolContext) -> set[str]:
    return {tool.__name__ for tool in tools_for(context)}


def grade_of(case: Trajectory, gathered: ToolLoopResult, known: set[str]) -> str:
    """Whether only tools that there are were asked, within the bounds, and every needed one gave a result."""
    if any(one.tool not in known for one in gathered.looked):
        return "strange tool"
    answered = {one.tool for one in gathered.looked if not one.answer.startswith("error")}
    if not set(case.needs) <= answered:
        return "missed"
    return "right" if gathered.model_calls <= _LIMITS.model_calls else "too many calls"


def _decision(moment: ChoiceCase, context: ToolContext, candidate: Examinee, model: LoadedModel) -> CaseResult:
    """Look up, then choose: right if something was looked up and the choice is valid."""
    look = looker(context.sources, context.notes, moment.situation.policy.max_regret_per_slot, _LIMITS.seconds)
    answer = make_reviewer(model, DEADLINE_S, look=look)(moment.brief)
    if not isinstance(answer, Chosen):
        return _result("decisions", candidate, moment.name, "invalid", f"{answer.kind}: {answer.why}")
    mark = "right" if answer.tools else "chose without tools"
    return _result("decisions", candidate, moment.name, mark, f"{', '.join(answer.tools)}; chose {answer.choice}")


def _result(group: str, candidate: Examinee, case: str, mark: str, detail: str) -> CaseResult:
    return CaseResult(
        part=PART,
        group=group,
        who=candidate.label,
        case=case,
        grade=mark,
        score=float(mark == "right"),
        detail=detail,
        **candidate.spent(),
    )
