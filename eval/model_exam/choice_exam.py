"""The exam on choices: what a model chooses and why, beside constant policies, and what the guard lets out."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from statistics import fmean

from agent.decision.decide import decide, named
from agent.decision.record import Decision
from agent.llm.grounding import ungrounded_numbers
from agent.llm.review import Brief, Chosen, NoChoice, make_reviewer
from eval.model_exam.choice_cases import ChoiceCase, exam_cases
from eval.model_exam.scores import CaseResult, Examinee, Progress, spread
from prompts.library import Prompt

CHOICE, VALIDITY, REASONS = "choice", "validity", "reasons"
DEADLINE_S = 180.0
_CENTS = 100


@dataclass(slots=True)
class RecordingReviewer:
    """A reviewer that remembers what it was asked and answered."""

    candidate: Examinee
    prompt: Prompt | None = None
    answer: Chosen | NoChoice | None = None
    brief: Brief | None = field(default=None)

    def __call__(self, brief: Brief) -> Chosen | NoChoice:
        """Ask the model."""
        assert self.candidate.model is not None  # noqa: S101 (only a model is asked)
        self.brief = brief
        with self.candidate.model.busy:
            # What was too late for the case before ends first, so that this one is not refused for it.
            pass
        self.answer = make_reviewer(self.candidate.model, DEADLINE_S, prompt=self.prompt)(brief)
        return self.answer


def sit_choice(candidate: Examinee, limit: int | None, progress: Progress) -> Iterator[CaseResult]:
    """Score constant policies and, if there is one, the model with its newest prompt."""
    for case in spread(exam_cases(), limit):
        yield from _constants(case)
        if candidate.model is not None:
            asked = RecordingReviewer(candidate)
            decision = decide(case.situation, asked)
            yield from _of_model(case, asked, decision, candidate)
        progress(CHOICE)


def turned(brief: Brief, by: int) -> Brief:
    """The same brief with its schedules in another order, lettered anew: each moves up by `by` letters."""
    cut = -by % len(brief.candidates)
    order = [*brief.candidates[cut:], *brief.candidates[:cut]]
    lettered = [replace(one, id=letter) for letter, one in zip(brief.ids, order, strict=True)]
    return replace(brief, candidates=lettered)


def _cents(case: str, who: str, regret: float, bound: float, group: str) -> CaseResult:
    mark = "best" if regret <= 0 else "within the bound" if regret <= bound else "over the bound"
    return CaseResult(part=CHOICE, group=group, who=who, case=case, grade=mark, score=regret * _CENTS)


def _constants(case: ChoiceCase) -> Iterator[CaseResult]:
    every = [one.regret_per_slot for one in case.brief.candidates]
    rows = {
        "planner's best": 0.0,
        "always A": case.regret("A"),
        "always self-consumption": case.regret(case.self_consumption),
        "random": fmean(every),
    }
    for who, regret in rows.items():
        yield _regret(case, who, regret)


def _regret(case: ChoiceCase, who: str, regret: float) -> CaseResult:
    return _cents(case.name, who, regret, case.situation.policy.max_regret_per_slot, "cents a slot")


def _of_model(
    case: ChoiceCase, asked: RecordingReviewer, decision: Decision, candidate: Examinee
) -> Iterator[CaseResult]:
    spent, answer = candidate.spent(), asked.answer
    valid = isinstance(answer, Chosen)
    # A repaired answer is valid, but not at the first go.
    mark = ("valid" if not answer.repaired else "repaired") if isinstance(answer, Chosen) else "invalid"
    detail = "" if valid else f"{getattr(answer, 'kind', '')}: {getattr(answer, 'why', '')}"
    who = "model"
    yield CaseResult(
        part=VALIDITY,
        group="replies",
        who=who,
        case=case.name,
        grade=mark,
        score=float(valid),
        detail=detail,
        **spent,
    )
    made = case.outline.plan
    if isinstance(answer, Chosen):
        yield _regret(case, who, case.regret(answer.choice)).model_copy(
            update={"detail": f"{answer.choice}: {answer.rationale}"}
        )
        yield _reason(case, asked, answer, decision)
    yield _regret(case, "model, after the guard", made.regret(named(made, decision.chosen) or made.best))


def _reason(case: ChoiceCase, asked: RecordingReviewer, answer: Chosen, decision: Decision) -> CaseResult:
    """What of the rationale goes out: only one whose every figure stands in the brief."""
    out = decision.review.rationale if decision.review else ""
    brief = asked.brief or case.brief
    strange = ungrounded_numbers(out, {**brief.facts, "": brief.render()})
    mark = "unfaithful" if strange else "published" if out else "held back"
    return CaseResult(
        part=REASONS,
        group="rationales",
        who="model",
        case=case.name,
        grade=mark,
        score=float(answer.rationale_ok),
        detail=answer.rationale,
    )
