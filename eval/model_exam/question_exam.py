"""The exam on questions: whether rules answer right, and whether a model's words bring anybody a wrong figure."""

from collections.abc import Iterator

from agent.language.answers.ask import Answer, Asker
from agent.language.answers.interpreter import Interpreter
from agent.llm.grounding import ungrounded_numbers
from eval.model_exam.question_cases import QuestionCase, known_home, question_cases
from eval.model_exam.scores import CaseResult, Examinee, Progress, spread

PART = "questions"
_DEADLINE_S = 180.0


def sit_questions(candidate: Examinee, limit: int | None, progress: Progress) -> Iterator[CaseResult]:
    """Ask everything; the answer by rules is graded, then the words of the model, if there is one."""
    interpreter = Interpreter(candidate.model, _DEADLINE_S) if candidate.model else None
    with known_home() as (sources, now):
        asker = Asker(sources, lambda: interpreter)
        for case in spread(question_cases(), limit):
            answer = asker.answer(case.text, now=now)
            yield _by_rules(case, answer)
            if interpreter is not None:
                yield _in_other_words(case, answer, candidate)
            progress(PART)


def _by_rules(case: QuestionCase, answer: Answer) -> CaseResult:
    right = answer.answered and case.is_in(answer.facts)
    return CaseResult(
        part=PART,
        group=f"answers, {case.lang}",
        who="rules",
        case=case.text,
        grade="right" if right else "wrong" if answer.answered else "refused",
        score=float(right),
        detail=f"wanted {case.want}; got {answer.text}",
    )


def _in_other_words(case: QuestionCase, answer: Answer, candidate: Examinee) -> CaseResult:
    """Words are shown only if every figure in them stands in the answer; else the rules' own stay."""
    strange = ungrounded_numbers(answer.reworded, answer.text)
    mark = "unfaithful" if strange else "shown" if answer.reworded else "held back"
    return CaseResult(
        part=PART,
        group=f"rewordings, {case.lang}",
        who="model",
        case=case.text,
        grade=mark,
        score=float(mark == "shown"),
        detail=answer.reworded,
        **candidate.spent(),
    )
