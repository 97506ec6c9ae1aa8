"""Where the API's answers come from."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from fastapi import HTTPException

from agent.language.answers.ask import Asker
from agent.views.service_state import Board, Shown
from knowledge.notes import NoteBook


@dataclass(frozen=True, slots=True)
class Source:
    """The board, the journal's file, the household's notes, and who answers questions.

    `pause` is the guard's least time between two commands.
    """

    board: Board
    journal: Path
    notes: NoteBook
    asker: Asker
    pause: timedelta

    def shown(self) -> Shown:
        """The newest state.

        Raises:
            HTTPException: the service has not begun.
        """
        shown = self.board.shown
        if shown is None:
            raise HTTPException(503, "the service is starting: ask again in a second")
        return shown
