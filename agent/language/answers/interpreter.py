"""What a model may add to an answer: to sort a question that no rule could, and to reword facts; both are checked."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict

from agent.language.questions.question import Aim
from agent.language.text import Language, language_of
from agent.llm.grounding import ungrounded_numbers
from agent.llm.models import LoadedModel
from agent.llm.review import reads_as_text
from agent.queries import Quantity
from prompts.library import load
from prompts.prompt_echo import echoed_prompts

_log = logging.getLogger(__name__)

# What a model may sort a question into; orders and greetings are for the rules alone.
Kind = Literal[
    "why", "why_not", "plan", "what_if", "totals", "extreme", "compare", "breakdown", "days_like", "saved",
    "best_start", "prices", "status", "none",
]  # fmt: skip
_KINDS: dict[Kind, str] = {
    "why": "why the battery did something",
    "why_not": "why it did not do something else",
    "plan": "what will happen in the next hours",
    "what_if": "what would happen if something were different",
    "totals": "how much of something there was in some time",
    "extreme": "which day had the most or the least of something",
    "compare": "two times compared",
    "breakdown": "something by day, week or month",
    "days_like": "which days were alike",
    "saved": "what the battery saved",
    "best_start": "when to run an appliance or charge a car",
    "prices": "what power costs and when",
    "status": "how things are now",
    "none": "anything else",
}
_LANGUAGES: dict[Language, str] = {"en": "English", "es": "Spanish"}
_LONGEST_FACTS = 1500
_LONGEST_REWORDED = 900
_Out = TypeVar("_Out")


class Sorted(BaseModel):
    """Which kind of question it is, and about which figures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    subject: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A model at the side of the rules; whatever it does, an answer is never later than `deadline_s` by it."""

    model: LoadedModel
    deadline_s: float = 20.0

    @property
    def label(self) -> str:
        """Name of the model."""
        return self.model.label

    def sort(self, question: str) -> tuple[Aim, Quantity | None] | None:
        """What a question asks for; None where the model does not know, is late, or answers outside its schema."""
        prompt = load("sort")
        kinds = "\n".join(f"- {name}: {what}" for name, what in _KINDS.items())
        messages = [
            ("system", prompt.render("system", kinds=kinds, quantities=", ".join(get_args(Quantity)))),
            ("human", prompt.render("user", question=json.dumps(question, ensure_ascii=False))),
        ]

        def ask() -> Sorted | None:
            structured: Any = self.model.chat.with_structured_output(Sorted, method="json_schema", include_raw=True)
            parsed = structured.invoke(messages)["parsed"]
            return parsed if isinstance(parsed, Sorted) else None

        said = self._in_time(ask)
        return None if said is None or said.kind == "none" else (said.kind, said.subject)

    def reword(self, question: str, facts_text: str, language: Language) -> str:
        """The facts in friendlier words; empty unless every figure of them stands in the facts."""
        if len(facts_text) > _LONGEST_FACTS:
            return ""
        prompt = load("reword")
        messages = [
            ("system", prompt.render("system", language=_LANGUAGES[language])),
            ("human", prompt.render("user", question=json.dumps(question, ensure_ascii=False), facts=facts_text)),
        ]
        said = self._in_time(lambda: str(self.model.chat.invoke(messages).text))
        text = " ".join((said or "").split())
        return text if is_faithful(text, facts_text, language) else ""

    def _in_time(self, work: Callable[[], _Out]) -> _Out | None:
        """What a call to the model gives, or None where it is busy, late or fails."""
        if not self.model.busy.acquire(blocking=False):
            return None
        answers: SimpleQueue[_Out | None] = SimpleQueue()

        def run() -> None:
            try:
                answers.put(work())
            except Exception as err:  # noqa: BLE001 (whatever a client library raises must not end an answer)
                _log.info("the model could not help with an answer: %s", type(err).__name__)
                answers.put(None)
            finally:
                self.model.busy.release()

        Thread(target=run, name="interpret", daemon=True).start()
        try:
            return answers.get(timeout=self.deadline_s)
        except Empty:
            return None


def is_faithful(text: str, facts_text: str, language: Language) -> bool:
    """Whether a text may stand for its facts: it reads as text of the language, and adds no figure.

    It must also tell at least one of the figures that the facts have: small models write pleasantries. And it must not
    tell what the prompts instruct.
    """
    if not text or len(text) > _LONGEST_REWORDED or not reads_as_text(text) or language_of(text, language) != language:
        return False
    if ungrounded_numbers(text, facts_text) or echoed_prompts(text):
        return False
    return not any(char.isdecimal() for char in facts_text) or any(char.isdecimal() for char in text)
