"""The note that somebody types into Home Assistant: said back as it was understood, kept only once it is confirmed."""

from datetime import datetime
from threading import Event, Thread

from agent.decision.constraint_words import Language, ask_remark, ask_whether, describe
from agent.language.notes.reading import Fallback, NotUnderstood, Understood, asked_back, understand
from agent.language.text import language_of
from energy.constraints import Constraint
from energy.errors import DataError
from energy.home import Home
from knowledge.notes import NoteBook

_LONGEST = 255  # Home Assistant's longest text
_BEING_READ = NotUnderstood("the language model is reading it", by="model")


class NoteBox:
    """One note at a time, between being typed and being confirmed.

    What nothing else is sure of is read by `fallback`, a model, beside the caller: `news` is set when it has answered.
    """

    def __init__(self, home: Home, notes: NoteBook | None, fallback: Fallback | None = None) -> None:
        self.news = Event()
        self._home = home
        self._fallback = fallback
        self._notes = notes
        self._text = ""
        self._read: Understood | NotUnderstood | None = None
        self._kept = False
        # What the household is asked, where that is not what it typed.
        self._question = ""
        # Whether a language model weighs remarks.
        self.is_weighed = False

    def ask(self, text: str, wish: Constraint, extra: float, language: Language) -> None:
        """Ask whether a wish shall hold that a remark was taken for; a note that waits to be confirmed goes first."""
        if isinstance(self._read, Understood) and not self._kept:
            return
        self._text, self._kept = text, False
        self._read = Understood(wish, language, "model")
        self._question = ask_whether(wish, extra, self._home, language)

    def write(self, payload: bytes, *, now: datetime) -> None:
        """Take a note and understand it; what was typed before and not confirmed is forgotten.

        Raises:
            DataError: it is no text, or longer than Home Assistant allows.
        """
        try:
            text = payload.decode("utf-8").strip()
        except UnicodeDecodeError as err:
            raise DataError(f"note {payload[:40]!r} is no text: type it again") from err
        if not 0 < len(text) <= _LONGEST:
            raise DataError(f"a note has 1 to {_LONGEST} characters, this one {len(text)}: say it shorter")
        self._kept, self._question = False, ""
        if self._choose(text):
            return
        self._text = text
        self._read = read = understand(text, now=now, tz=self._home.tz, home=self._home)
        if self._fallback and isinstance(read, NotUnderstood) and read.is_unclear:
            self._read = _BEING_READ
            Thread(target=self._read_by_model, args=(text, now), name="note", daemon=True).start()

    def _choose(self, text: str) -> bool:
        """Whether a text is the number of a choice that the note before it left, which is then what it means."""
        choices = self._read.choices if isinstance(self._read, NotUnderstood) else ()
        if not choices or text not in ("1", "2"):
            return False
        self._read = choices[int(text) - 1] if int(text) <= len(choices) else NotUnderstood("nothing was kept")
        return True

    def _read_by_model(self, text: str, now: datetime) -> None:
        """Have the model read the note in a thread of its own."""
        answer = understand(text, now=now, tz=self._home.tz, home=self._home, fallback=self._fallback)
        if text == self._text:
            self._read = answer
            self.news.set()

    def confirm(self, *, now: datetime) -> None:
        """Keep the note as it was said back.

        Raises:
            DataError: nothing waits to be confirmed, or it is over already.
            MemoryFault: the notes cannot be written.
        """
        constraint = self._read.constraint if isinstance(self._read, Understood) else None
        if self._notes is None or self._kept or not (constraint or self._is_remark()):
            raise DataError("no note waits to be confirmed: type one first")
        self._notes.add(self._text, constraint, now=now)
        self._kept = True

    def _is_remark(self) -> bool:
        """Whether what was typed may be kept for a language model to weigh."""
        return self.is_weighed and isinstance(self._read, NotUnderstood) and self._read.is_remark

    def state(self) -> dict[str, object]:
        """The note, what it means, and whether it is kept, waits for a confirmation or was not understood."""
        match self._read:
            case Understood(constraint=constraint, language=language):
                said = self._question or describe(constraint, self._home.tz, language)
                assumed = list(self._read.assumed)
                return {"text": self._text, "said": said[:_LONGEST], "assumed": assumed, "kept": self._kept}
            case NotUnderstood(why=why, choices=choices):
                why = asked_back(self._read, self._home.tz) if choices else why
                why = ask_remark(language_of(self._text)) if self._is_remark() else why
                return {"text": self._text, "said": why[:_LONGEST], "assumed": [], "kept": self._kept}
            case _:
                return {"text": "", "said": "no note", "assumed": [], "kept": False}
