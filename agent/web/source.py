"""Where the API's answers come from."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from fastapi import HTTPException

from agent.decision.constraint_words import Language
from agent.language.answers.ask import Asker
from agent.language.notes.reading import Fallback
from agent.views.service_state import ServiceState, SharedServiceState
from knowledge.notes import NoteBook


@dataclass(frozen=True, slots=True)
class ApiSource:
    """The service's state, the journal's file, the household's notes, and who answers questions.

    `pause` is the guard's least time between two commands; `note_fallback` reads notes that nothing else is sure of;
    `language` is the household's; with `remarks` the model weighs what it says beside its wishes.
    """

    shared_state: SharedServiceState
    journal: Path
    notes: NoteBook
    asker: Asker
    pause: timedelta
    note_fallback: Fallback | None = None
    language: Language = "en"
    remarks: bool = False

    def shown(self) -> ServiceState:
        """The newest state.

        Raises:
            HTTPException: the service has not begun.
        """
        shown = self.shared_state.shown
        if shown is None:
            raise HTTPException(503, "the service is starting: ask again in a second")
        return shown
