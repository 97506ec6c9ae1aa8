"""Two versions of a prompt on the same cases: paired differences with intervals, what they cost, where they fail."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agent.language.notes.model import note_reader
from agent.llm.grounding import ungrounded_numbers
from agent.llm.review import Brief, Chosen, NoChoice
from energy.errors import SettingsError
from eval.grade.intervals import Estimate, mean_of
from eval.model_exam.choice_cases import exam_cases
from eval.model_exam.choice_exam import RecordingReviewer
from eval.model_exam.note_cases import ZONE, grade, note_cases
from eval.model_exam.scores import Examinee, Progress, spread
from prompts.library import Prompt

# Which suite asks a prompt, and which of its measures are better when lower.
SUITES = {"decide": "choice", "note": "notes"}
_LOWER = frozenset({"regret, cents a slot", "wrong", "prompt tokens", "answer tokens", "seconds"})
# A prompt is judged by what it brings; what it costs, and a habit of one letter, are told beside it.
ANSWERED_A = "answered A"
_COSTS = frozenset({"prompt tokens", "answer tokens", "seconds"})
_TOLD = _COSTS | {ANSWERED_A}

Word = Literal["better", "worse", "no difference", "more", "less"]


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """How one case went under one prompt."""

    case: str
    measures: Mapping[str, float]
    answer: str


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean of a measure under both prompts, and of the second less the first over the cases that have both."""

    measure: str
    first: float
    second: float
    gap: Estimate
    cases: int

    @property
    def word(self) -> Word:
        """What the interval says of the second prompt."""
        if self.gap.low <= 0 <= self.gap.high:
            return "no difference"
        if self.measure == ANSWERED_A:
            return "more" if self.gap.low > 0 else "less"
        return "better" if (self.gap.high < 0) == (self.measure in _LOWER) else "worse"


def verdict(differences: Sequence[Difference]) -> Word:
    """The second prompt is better if it is in something and worse in nothing, apart from what it costs."""
    words = {one.word for one in differences if one.measure not in _TOLD}
    if "better" in words and "worse" not in words:
        return "better"
    return "worse" if "worse" in words and "better" not in words else "no difference"


def outcomes(candidate: Examinee, prompt: Prompt, limit: int | None, progress: Progress) -> Iterator[CaseOutcome]:
    """Ask every case of the prompt's suite.

    Raises:
        SettingsError: no suite asks this prompt.
    """
    if prompt.name not in SUITES:
        raise SettingsError(f"no suite asks the prompt {prompt.name!r}: compare versions of {' or '.join(SUITES)}")
    asked = _choices if prompt.name == "decide" else _notes
    for one in asked(candidate, prompt, limit):
        progress(f"{prompt.name}/v{prompt.version}")
        yield one


def differences(first: Sequence[CaseOutcome], second: Sequence[CaseOutcome]) -> list[Difference]:
    """Paired by case, measure by measure."""
    others = {one.case: one.measures for one in second}
    names = dict.fromkeys(name for one in (*first, *second) for name in one.measures)
    found = []
    for name in names:
        pairs = [
            (one.measures[name], others[one.case][name])
            for one in first
            if name in one.measures and name in others.get(one.case, {})
        ]
        gap = mean_of(("cases", after - before) for before, after in pairs)
        if gap is not None:
            before, after = (sum(values) / len(pairs) for values in zip(*pairs, strict=True))
            found.append(Difference(name, before, after, gap, len(pairs)))
    return found


def _choices(candidate: Examinee, prompt: Prompt, limit: int | None) -> Iterator[CaseOutcome]:
    """Ask each moment as the service does, the schedules in random order: a habit of one letter is worth chance."""
    for case in spread(exam_cases(), limit):
        answer = RecordingReviewer(candidate, prompt)(case.brief)
        measures = {"valid": float(isinstance(answer, Chosen))}
        if isinstance(answer, Chosen):
            measures["regret, cents a slot"] = case.regret(answer.choice) * 100
            measures["reasons that may go out"] = float(answer.rationale_ok)
            measures[ANSWERED_A] = float(answer.choice == "A")
        yield CaseOutcome(case.name, measures | _cost(candidate), _answer_text(case.brief, answer))


def _answer_text(brief: Brief, answer: Chosen | NoChoice) -> str:
    if isinstance(answer, NoChoice):
        return f"no valid answer ({answer.kind})"
    label = brief.candidates[brief.ids.index(answer.choice)].label
    strange = ungrounded_numbers(answer.rationale, {**brief.facts, "": brief.render()})
    return f"{answer.choice} ({label}): {answer.rationale}" + (
        f" [not in the brief: {', '.join(strange)}]" if strange else ""
    )


def _notes(candidate: Examinee, prompt: Prompt, limit: int | None) -> Iterator[CaseOutcome]:
    assert candidate.model is not None  # noqa: S101 (prompts are for models)
    read = note_reader(candidate.model, prompt)
    for case in spread(note_cases().cases, limit):
        reading: Any = read(case.text, note_cases().moment, ZONE)
        mark = grade(case, reading)
        measures = {"right": float(mark == "right"), "wrong": float(mark == "wrong")}
        yield CaseOutcome(case.text, measures | _cost(candidate), f"{mark}: {reading}")


def _cost(candidate: Examinee) -> dict[str, float]:
    spent = candidate.spent()
    if not spent["replies"]:
        return {}
    return {
        "prompt tokens": float(spent["prompt_tokens"]),
        "answer tokens": float(spent["output_tokens"]),
        "seconds": float(spent["seconds"]),
    }
