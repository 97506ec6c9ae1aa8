"""The exam on remarks: whether a model finds the wish in what a household says, and none where there is none."""

from collections.abc import Iterator

from agent.decision.decide import decide, shuffled
from agent.decision.record import Decision
from agent.llm.review import Chosen, NoChoice
from eval.model_exam.choice_cases import ChoiceCase, exam_cases, noted
from eval.model_exam.choice_exam import RecordingReviewer
from eval.model_exam.scores import CaseResult, Examinee, Progress, spread

PART = "remarks"
_BEST = "no wish"
# What a remark wishes, in which language, and the remark.
REMARKS = (
    ("reserve", "en", "the baby is ill and must not be without power tonight"),
    ("reserve", "en", "they are working on the line in our street this evening, the lights may go out"),
    ("reserve", "en", "grandpa sleeps with his oxygen machine here tonight"),
    ("reserve", "es", "la niña está mala y esta noche no puede faltarnos la luz"),
    ("reserve", "es", "han avisado de cortes de luz para esta noche"),
    ("reserve", "es", "viene una tormenta fuerte y aquí siempre se va la luz"),
    (
        "no_grid_charge",
        "en",
        "our old meter cupboard gets hot when the battery draws from the street, let it cool today",
    ),
    ("no_grid_charge", "en", "we want to live on our own sun for the rest of the day"),
    ("no_grid_charge", "es", "hoy queremos que en la batería entre solo sol nuestro"),
    ("no_grid_charge", "es", "la compañía pide que esta noche nadie cargue baterías de la red"),
    ("no_export", "en", "the installer asks us to send nothing out until he has checked the inverter tonight"),
    ("no_export", "en", "I would rather give nothing of our battery to the power company this evening"),
    ("no_export", "es", "esta tarde preferimos no regalarle nada de la batería a la compañía"),
    ("no_export", "es", "el técnico dice que hoy no salga nada hacia la calle"),
    (_BEST, "en", "we had a lovely dinner and the dishes are done"),
    (_BEST, "en", "the children have painted the garage door green"),
    (_BEST, "en", "thank you, you did well yesterday"),
    (_BEST, "en", "the new neighbours are friendly"),
    (_BEST, "en", "Anna got a good mark in maths"),
    (_BEST, "es", "hemos visto una película muy larga"),
    (_BEST, "es", "gracias por lo bien que lo haces"),
    (_BEST, "es", "el perro ha dormido toda la tarde"),
    (_BEST, "es", "mañana es el cumpleaños de mi hermana en Sevilla"),
    (_BEST, "es", "hemos cambiado las cortinas del salón"),
)
# Schedules that honour a wish as well.
_HONOURED = {
    "reserve": {"reserve", "keep_reserve"},
    "no_grid_charge": {"no_grid_charge", "no_grid_charging", "self_consumption"},
    "no_export": {"no_export", "self_consumption"},
}


def sit_remarks(candidate: Examinee, limit: int | None, progress: Progress) -> Iterator[CaseResult]:
    """Tell a model a remark at each moment; without one, the planner's best is what is always chosen."""
    moments = exam_cases()
    for at, (wish, lang, text) in spread(list(enumerate(REMARKS)), limit):
        case = noted(moments[at % len(moments)], text)
        yield _result(case, "planner's best", wish, lang, chose=_BEST)
        if candidate.model is not None:
            asked = RecordingReviewer(candidate)
            decision = decide(case.situation, asked)
            assert asked.answer is not None  # noqa: S101 (the exam's situations can be judged)
            chose = chosen(case, asked.answer)
            yield _result(case, "model", wish, lang, chose=chose).model_copy(
                update={"detail": _detail(chose, asked.answer, decision), **candidate.spent()}
            )
        progress(PART)


def chosen(case: ChoiceCase, answer: Chosen | NoChoice) -> str:
    """What an answer holds, by the name of its wish or of its schedule; the best schedule is no wish."""
    if isinstance(answer, NoChoice):
        return "nothing valid"
    if answer.adjustment is not None:
        return answer.adjustment.kind
    if case.regret(answer.choice) <= 0:
        return _BEST
    names = [candidate.name for candidate in shuffled(case.outline.plan, case.situation.now)]
    return names[case.brief.ids.index(answer.choice)]


def _result(case: ChoiceCase, who: str, wish: str, lang: str, *, chose: str) -> CaseResult:
    mark = "right" if chose in _HONOURED.get(wish, {_BEST}) else _wrong(wish, chose)
    text = case.situation.notes[0]
    group = f"{'no wish' if wish == _BEST else 'a wish'}, {lang}"
    return CaseResult(part=PART, group=group, who=who, case=text, grade=mark, score=float(mark == "right"))


def _wrong(wish: str, chose: str) -> str:
    if chose == "nothing valid":
        return "invalid"
    if wish == _BEST:
        return "invented"
    return "missed" if chose == _BEST else "another wish"


def _detail(chose: str, answer: Chosen | NoChoice, decision: Decision) -> str:
    if isinstance(answer, NoChoice) or decision.review is None:
        return chose
    beyond = "asked of the household" if answer.adjustment else "refused"
    bound = beyond if decision.review.outcome == "overruled" else "within the bound"
    return f"{chose}, {decision.review.extra_cost or 0:.2f} more, {bound}: {answer.rationale}"
