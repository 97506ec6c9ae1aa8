"""Who answers in `advisor chat`: the running service over HTTP, or the memory opened to read."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from advisor.memory_choice import price_settings
from advisor.spoken_language import spoken
from agent.decision.journal import open_journal
from agent.language.answers.ask import Answer, Asker, Piece
from agent.language.answers.interpreter import Interpreter
from agent.language.text import Language
from agent.llm.models import ModelSettings, load_model
from agent.queries import Sources
from energy.errors import DataError, ModelError
from energy.home import Home
from energy.slots import day_bounds, local_day
from ingest.prices.settings import BilledHome, PriceSettings
from knowledge.notes import KnownNote, notes_of
from knowledge.store import DayStore

_OLLAMA_PORT, _LOOK_S = 11434, 0.3
# A decision, days, and from one to another.
_FOOTING = {"en": ("decision", "days", "to"), "es": ("decisión", "días", "a")}
# A memory that ends longer ago than this is one of the past: its own last moment counts as now.
_LONG_AGO = timedelta(days=7)


class AnswerBackend(Protocol):
    """Someone to talk with about a home."""

    @property
    def home(self) -> str:
        """Name of the home."""

    @property
    def place(self) -> str:
        """Where the answers come from, for people."""

    @property
    def model(self) -> str:
        """Which model words the answers, or none."""

    def now(self) -> datetime:
        """The moment that counts as now."""

    def stream(self, question: str, language: Language) -> Iterator[Piece]:
        """Answer a question in pieces."""

    def notes(self) -> list[str]:
        """The household's notes, a line each."""


@dataclass(frozen=True, slots=True)
class MemoryBackend:
    """Answers from a memory folder, which it only reads: the service may run beside it."""

    facts: Home
    memory: Path
    sources: Sources
    asker: Asker
    model: str = "none"
    # What was asked in this conversation, oldest first.
    earlier: list[str] = field(default_factory=list)

    @property
    def home(self) -> str:
        """Name of the home."""
        return self.facts.name

    @property
    def place(self) -> str:
        """Where the answers come from."""
        now = self.now()
        if now > datetime.now(UTC) - _LONG_AGO:
            return f"the memory in {self.memory}"
        return f"the memory in {self.memory}, as of {now.astimezone(self.facts.tz):%Y-%m-%d %H:%M}"

    def now(self) -> datetime:
        """The time of the clock, or the last moment of a memory that ended long ago."""
        wall = datetime.now(UTC)
        newest = self.sources.decision()
        if newest is not None:
            return wall if wall - newest.at < _LONG_AGO else newest.at
        known = self.sources.known_span(wall)
        if known is None or local_day(wall - _LONG_AGO, self.facts.tz) <= known.last:
            return wall
        return day_bounds(known.last, self.facts.tz)[1]

    def stream(self, question: str, language: Language) -> Iterator[Piece]:
        """Answer a question in pieces."""
        before = tuple(self.earlier)
        self.earlier.append(question)
        return self.asker.stream(question, now=self.now(), language=language, before=before)

    def notes(self) -> list[str]:
        """The household's notes, a line each."""
        now = self.now()
        return [_line(one, now) for one in notes_of(self.memory, self.home).list()]


def newest_memory(folders: Sequence[Path]) -> Path:
    """The folder whose journal was written last.

    Raises:
        DataError: none has a journal.
    """
    journals = [journal for folder in folders if (journal := journal_of(folder)).exists()]
    if not journals:
        raise DataError(
            f"no decision has been made yet in {' or '.join(map(str, folders))}: "
            "start advisor demo or advisor run first, or give --memory"
        )
    return max(journals, key=lambda journal: journal.stat().st_mtime).parent


def journal_of(memory: Path) -> Path:
    """Where a memory folder has its journal."""
    return memory / "journal.sqlite"


def open_memory(
    memory: Path,
    home: str | Home | None,
    stack: ExitStack,
    *,
    model: ModelSettings | None = None,
    prices: PriceSettings | None = None,
) -> MemoryBackend:
    """Open a memory folder to read, for a home or the one decided for last; closed with `stack`.

    Bills have the prices that `prices`, by default the settings whose memory it is, let the service keep.

    Raises:
        DataError: nothing is in it.
        MemoryFault: the home is not known, or a file is damaged.
    """
    store = DayStore(memory / "days", read_only=True)
    journal_file = journal_of(memory)
    if not journal_file.exists():
        # A memory that has only history can answer for it.
        if not store.homes():
            raise DataError(f"nothing is known in {str(memory)!r}: start advisor run or ingest history first")
        with open_journal(journal_file):
            pass
    journal = stack.enter_context(open_journal(journal_file, read_only=True))
    facts = home if isinstance(home, Home) else store.home(home or _home_of(store, journal.last()))
    billed_home = BilledHome(facts, prices or price_settings(memory), memory)
    sources = Sources(facts, store, journal, billed_home=billed_home)
    interpreter = _interpreter(model, stack)
    label = interpreter.label if interpreter else "none"
    return MemoryBackend(facts, memory, sources, Asker(sources, lambda: interpreter), label)


def _interpreter(wanted: ModelSettings | None, stack: ExitStack) -> Interpreter | None:
    """The model that may reword; `auto` takes Ollama where it runs, for the packaged one is too small for it.

    Raises:
        ModelError: it was named and is not there.
    """
    if wanted is None or (wanted.provider == "auto" and wanted.base_url is None and not _ollama_listens()):
        return None
    auto = wanted.provider == "auto"
    try:
        loaded = load_model(wanted.model_copy(update={"provider": "ollama"}) if auto else wanted)
    except ModelError:
        if auto:
            return None
        raise
    if loaded is None:
        return None
    stack.callback(loaded.close)
    return Interpreter(loaded)


def footing(answer: Answer) -> str:
    """What an answer rests on, in a line."""
    decision, days, to = _FOOTING[answer.language]
    parts = [f"{decision} {decision_id}" for decision_id in answer.decisions]
    if answer.days:
        first, last = min(answer.days), max(answer.days)
        few = ", ".join(map(str, answer.days))
        parts.append(few if len(answer.days) <= 5 else f"{len(answer.days)} {days}, {first} {to} {last}")
    return f"[{' · '.join([*parts, f'{answer.seconds * 1000:.0f} ms'])}]"


def _ollama_listens() -> bool:
    """Whether anything answers where Ollama does by default: model libraries take seconds to import."""
    if "OLLAMA_HOST" in os.environ:
        return True
    try:
        with socket.create_connection(("127.0.0.1", _OLLAMA_PORT), _LOOK_S):
            return True
    except OSError:
        return False


def _home_of(store: DayStore, newest: object) -> str:
    """The home that was decided for last, or the only one known."""
    named = getattr(newest, "home", None)
    if named is not None:
        return str(named)
    homes = store.homes()
    if len(homes) != 1:
        raise DataError(f"which home? give --home, one of: {', '.join(homes)}")
    return homes[0]


def _line(known: KnownNote, now: datetime) -> str:
    return f"{known.note.id}  {spoken(known.state(now))}  {known.note.text}"
