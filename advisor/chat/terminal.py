"""The conversation of `advisor chat`: a line to type in, commands, answers as they come, and what they rest on."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer, WordCompleter
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from rich.console import Console
from rich.table import Table
from rich.text import Text

from advisor.chat.answer_backend import AnswerBackend, footing
from advisor.spoken_language import SPOKEN, spoken
from agent.language.answers.ask import Answer, AnswerPiece, Done, Ran
from agent.language.text import Language
from energy.errors import AdvisorError
from knowledge.private import private_file

_COMMANDS = {
    "/why": "why the decision in force was made; /why last night, /why 18:30",
    "/whynot": "what else was considered; /whynot charge",
    "/plan": "what is planned",
    "/days": "the days that were like today; /days 2026-01-10",
    "/what-if": "the plan with a change: /what-if the battery were at 80 %",
    "/today": "today so far",
    "/saved": "what the battery saved recently",
    "/prices": "the prices ahead",
    "/notes": "the household's notes",
    "/facts": "the figures that the last answer rests on",
    "/model": "who words the answers",
    "/help": "this list",
    "/quit": "leave; so does Ctrl-D",
}
# What a command asks, in both languages; what is typed after the command is added.
_QUESTIONS: dict[str, dict[Language, str]] = {
    "/why": {"en": "why", "es": "por qué"},
    "/whynot": {"en": "why not", "es": "por qué no"},
    "/plan": {"en": "what is the plan", "es": "cuál es el plan"},
    "/days": {"en": "which days were like", "es": "qué días se parecen a"},
    "/what-if": {"en": "what if", "es": "y si"},
    "/today": {"en": "what happened today", "es": "qué pasó hoy"},
    "/saved": {"en": "how much did the battery save", "es": "cuánto ahorró la batería"},
    "/prices": {"en": "what are the prices", "es": "qué precios hay"},
}
_WITHOUT_WORDS = {"/days": {"en": "today", "es": "hoy"}}
NO_NOTES = 'no notes yet: add one with `advisor notes add "keep 60 % until 08:00"`'
_HINT = "Ask about your home, or type /help. Ctrl-C stops an answer, Ctrl-D leaves."


@dataclass
class Conversation:
    """One conversation; keeps the language of the last question and the last answer."""

    backend: AnswerBackend
    console: Console
    language: Language = field(default_factory=SPOKEN.get)
    last: Answer | None = None
    _commands: dict[str, Callable[[], None]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Bind the commands that ask nothing."""
        self._commands = {
            "/help": self._help,
            "/notes": self._notes,
            "/facts": self._facts,
            "/model": self._model,
        }

    def greet(self) -> None:
        """Say who answers and how to begin."""
        who = f"  {self.backend.home}, {spoken(f'from {self.backend.place}')}"
        self.console.print(Text.assemble(("Energy Advisor", "bold"), who))
        self.console.print(Text(spoken(_HINT), style="dim"))

    def update(self, line: str) -> bool:
        """Take in one line; False where it was the last."""
        text = line.strip()
        name, _, words = text.partition(" ")
        if name in ("/quit", "/exit", "/q"):
            return False
        if not text:
            return True
        if name in self._commands:
            self._commands[name]()
        elif name in _QUESTIONS:
            rest = words.strip() or _WITHOUT_WORDS.get(name, {}).get(self.language, "")
            self.ask(f"{_QUESTIONS[name][self.language]} {rest}".strip())
        elif name.startswith("/"):
            self.console.print(Text(spoken(f"{name} is not a command: /help lists them"), style="yellow"))
        else:
            self.ask(text)
        return True

    def ask(self, question: str) -> None:
        """Show an answer as it comes; Ctrl-C stops it, and what fails is told in a line."""
        flow = Flow(self.console)
        try:
            for piece in self.backend.stream(question, self.language):
                match piece:
                    case Ran(tool=tool):
                        self.console.print(Text(f"· {tool}", style="dim"))
                    case AnswerPiece(text=text):
                        flow.write(text)
                    case Done(answer=answer):
                        self._close(answer)
        except KeyboardInterrupt:
            self.console.print(Text(f"\n({spoken('stopped')})", style="dim"))
        except AdvisorError as err:
            self.console.print(Text(f"\n{spoken(str(err))}", style="red"))

    def _close(self, answer: Answer) -> None:
        self.last, self.language = answer, answer.language
        self.console.print()
        if answer.reworded:
            by = spoken(f"In the words of {answer.model}:")
            self.console.print(Text(f"{by} {answer.reworded}", style="italic"))
        self.console.print(Text(footing(answer), style="dim"))
        self.console.print()

    def _help(self) -> None:
        table = Table(box=None, show_header=False, pad_edge=False)
        for name, what in _COMMANDS.items():
            table.add_row(Text(name, style="cyan"), spoken(what))
        self.console.print(table)

    def _notes(self) -> None:
        lines = self.backend.notes()
        for line in lines:
            self.console.print(line, markup=False, highlight=False)
        if not lines:
            self.console.print(spoken(NO_NOTES), markup=False)

    def _facts(self) -> None:
        if self.last is None:
            self.console.print(spoken("nothing has been asked yet"))
            return
        table = Table(box=None, show_header=False, pad_edge=False)
        for name, value in self.last.facts.items():
            table.add_row(Text(name, style="dim"), Text(value))
        self.console.print(table)

    def _model(self) -> None:
        about = f"model: {self.backend.model}; every figure comes from the home's own data, with or without a model"
        self.console.print(spoken(about), markup=False, highlight=False)


class Flow:
    """Writes words as they come and breaks lines between them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._column = 0
        self._space = ""

    def write(self, piece: str) -> None:
        """Write a word; the space after it waits until it is known whether the next one fits."""
        word = piece.rstrip(" ")
        if self._column + len(self._space) + len(word.rstrip()) > self._console.width:
            self._console.out("", highlight=False)
            self._column, self._space = 0, ""
        self._console.out(self._space + word, end="", highlight=False)
        self._column = 0 if word.endswith("\n") else self._column + len(self._space) + len(word)
        self._space = piece[len(word) :]


def converse(conversation: Conversation, history: Path | None) -> None:
    """Talk until the person leaves: with a line editor in a terminal, line by line from a pipe."""
    conversation.greet()
    for line in _typed(conversation, history) if sys.stdin.isatty() else _piped():
        if not conversation.update(line):
            return


def _typed(conversation: Conversation, history: Path | None) -> Iterator[str]:
    session: PromptSession[str] = PromptSession(
        history=_history(history),
        completer=_completer(),
        complete_while_typing=False,
        bottom_toolbar=lambda: _toolbar(conversation),
    )
    while True:
        try:
            yield session.prompt("> ")
        except KeyboardInterrupt:
            conversation.console.print(Text(spoken("(Ctrl-D leaves)"), style="dim"))
        except EOFError:
            return


def _toolbar(conversation: Conversation) -> str:
    backend = conversation.backend
    return f" {backend.home} · {spoken(backend.place)} · {spoken('model')}: {backend.model} · /help "


def _piped() -> Iterator[str]:
    """Lines of standard input; what is not UTF-8 becomes spaces where the question is cleaned."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace")


def _completer() -> Completer:
    return WordCompleter(
        list(_COMMANDS), sentence=True, meta_dict={name: spoken(what) for name, what in _COMMANDS.items()}
    )


def _history(path: Path | None) -> History:
    if path is None:
        return InMemoryHistory()
    path.parent.mkdir(parents=True, exist_ok=True)
    private_file(path)
    return FileHistory(str(path))
