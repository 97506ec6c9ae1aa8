"""Training data in chat format of the kinds of cases that the exam asks: another home, other months, other notes."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product

from agent.note_model import NoteReading
from agent.notes import Understood, understand
from energy.constraints import Constraint, Reserve
from eval.choice_cases import ChoiceCase, training_cases
from eval.note_cases import ZONE, amount_of, note_cases
from prompts.library import load

# Sentences that the exam does not hold; what they mean is what the grammar, which is tested, makes of them.
_WISHES = {
    "en": ("keep {} % {}", "please keep at least {} % {}", "hold {} percent {}"),
    "es": ("guarda {} % {}", "mantén al menos {} % {}", "reserva un {} % {}"),
}
_TIMES = {
    "en": ("until 9:00", "until 21:30", "tonight", "tomorrow", "until friday 12:00"),
    "es": ("hasta las 9:00", "hasta las 21:30", "esta noche", "mañana", "hasta el viernes 12:00"),
}
_PERCENTS = (15, 55, 65, 75, 85)
# A month before the exam's notes, and at another time of day.
_EARLIER = timedelta(days=37, hours=5)


def training_lines() -> Iterator[str]:
    """One JSON object a line with `messages`: brief to best candidate and reason, note to constraint."""
    for case in training_cases():
        yield _line(*_choice(case))
    for text in _notes():
        if (messages := _note(text, note_cases().moment - _EARLIER)) is not None:
            yield _line(*messages)


def _line(*messages: tuple[str, str]) -> str:
    told = [{"role": role, "content": content} for role, content in messages]
    return json.dumps({"messages": told}, ensure_ascii=False)


def _choice(case: ChoiceCase) -> list[tuple[str, str]]:
    prompt, brief = load("decide"), case.brief
    best = brief.candidates[0]
    answer = {"rationale": f"{best.label.capitalize()} is expected to cost the least.", "choice": best.id}
    return [
        ("system", prompt.render("system")),
        ("user", prompt.render("user", brief=brief.render(), ids=", ".join(brief.ids))),
        ("assistant", json.dumps(answer)),
    ]


def _notes() -> Iterator[str]:
    known = {case.text for case in note_cases().cases}
    for lang, sentences in _WISHES.items():
        for sentence, percent, when in product(sentences, _PERCENTS, _TIMES[lang]):
            if (text := sentence.format(percent, when)) not in known:
                yield text


def _note(text: str, now: datetime) -> list[tuple[str, str]] | None:
    """Prompt and answer; None where the grammar does not know the note."""
    read = understand(text, now=now, tz=ZONE)
    if not isinstance(read, Understood):
        return None
    prompt = load("note")
    return [
        ("system", prompt.render("system", now=f"{now.astimezone(ZONE):%A %Y-%m-%dT%H:%M}")),
        ("user", prompt.render("user", note=json.dumps(text, ensure_ascii=False))),
        ("assistant", _reading(read.constraint).model_dump_json()),
    ]


def _reading(one: Constraint) -> NoteReading:
    """A constraint as a model writes it: a reserve in percent, local times."""
    amount = amount_of(one)
    if isinstance(one, Reserve):
        amount = round(one.soc * 100, 3)
    start, end = (f"{moment.astimezone(ZONE):%Y-%m-%dT%H:%M}" for moment in (one.start, one.end))
    rationale = f"The note asks for {one.kind.replace('_', ' ')}."
    return NoteReading.model_validate(
        {"rationale": rationale, "kind": one.kind, "amount": amount, "start": start, "end": end}
    )
