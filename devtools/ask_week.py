"""`make ask`: a house is simulated for a week with the advisor, then ten questions are answered in two languages."""

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import typer

from advisor.chat.answer_backend import open_memory
from advisor.demo.run import Choices, play, prepare
from agent.language.answers.ask import Answer

HOME = "citylearn-4"
FIRST_DAY = date(2016, 12, 12)  # a Monday
# Until Sunday at six in the evening: a moment at which something lies ahead.
HOURS = 6 * 24 + 18
# Each as an English and as a Spanish household asks it.
QUESTIONS = {
    "What happened this week?": "¿Qué ha pasado esta semana?",
    "How much did the battery save this week?": "¿Cuánto ha ahorrado la batería esta semana?",
    "Which day cost the most this week?": "¿Qué día de esta semana costó más?",
    "Did we use more this week than last week?": "¿Hemos consumido más esta semana que la semana pasada?",
    "Why did you charge from the grid today?": "¿Por qué has cargado de la red hoy?",
    "Why didn't you charge at 6 this morning?": "¿Por qué no cargaste a las 6 de la mañana?",
    "What is the plan?": "¿Cuál es el plan?",
    "What if the battery were at 80 %?": "¿Y si la batería estuviera al 80 %?",
    "When should I run the dishwasher?": "¿Cuándo pongo el lavavajillas?",
    "Which days were like today?": "¿Qué días se parecen a hoy?",
}
_FOLDER = Path(".advisor/ask")
_PAGE = Path("docs/ask.md")


@dataclass(frozen=True, slots=True)
class Week:
    """The played week's folder and the answers at its end, each in English and in Spanish."""

    folder: Path
    answers: list[tuple[Answer, Answer]]


def live_through(folder: Path, *, hours: int = HOURS) -> Week:
    """Play the week as the demo plays a day: house, broker and service as processes, without a model."""
    choices = Choices(home=HOME, day=FIRST_DAY, hours=hours, model="none", folder=folder)
    play(choices, prepare(choices), None)
    with ExitStack() as stack:
        partner = open_memory(folder / "memory", HOME, stack)
        answers = [
            (partner.asker.answer(english, now=partner.now()), partner.asker.answer(spanish, now=partner.now()))
            for english, spanish in QUESTIONS.items()
        ]
    return Week(folder, answers)


def page_of(week: Week) -> str:
    """The questions and answers as a page."""
    about = (
        f"The house is `{HOME}`, a recorded home that is shipped. It was simulated from {FIRST_DAY:%A %d %B %Y} until "
        "Sunday at 18:00, with a decision every half hour and without a language model. `make ask` plays the week "
        "and writes this page; a test checks every figure against the house's own record, journal and day store."
    )
    parts = ["# A week, and ten questions about it in two languages", about]
    for english, spanish in week.answers:
        parts += [f"## {english.question}", _block(english.text)]
        parts += [f"### {spanish.question}", _block(spanish.text), _rests_on(english)]
    return "\n\n".join(parts) + "\n"


def _block(text: str) -> str:
    """Text whose rows become a list."""
    first, *rows = text.split("\n")
    return "\n".join([first, "", *rows]) if rows else first


def _rests_on(answer: Answer) -> str:
    decisions = [f"decision `{decision_id}`" for decision_id in answer.decisions]
    days = [f"{answer.days[0]} to {answer.days[-1]}"] if len(answer.days) > 5 else [str(day) for day in answer.days]
    return f"*{', '.join(answer.tools)}*: {', '.join([*decisions, *days])}"


if __name__ == "__main__":
    page = Path(sys.argv[1]) if len(sys.argv) > 1 else _PAGE
    page.write_text(page_of(live_through(_FOLDER)), encoding="utf-8")
    typer.echo(f"wrote {page}")
