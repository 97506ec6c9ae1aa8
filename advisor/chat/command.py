"""`advisor chat`: ask about the home in a terminal, or once from a script."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.spoken_language import SPOKEN

if TYPE_CHECKING:
    from advisor.chat.answer_backend import AnswerBackend
    from agent.language.text import Language

MEMORIES = (Path(".advisor/memory"), Path(".advisor/demo/memory"))


def chat(
    *,
    once: Annotated[str | None, typer.Option("--once", help="Answer one question and exit.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --once: print one JSON object.")] = False,
    config: Annotated[Path, typer.Option(help="Settings file, of the service that is asked if it runs.")] = Path(
        "advisor.toml"
    ),
    memory: Annotated[Path | None, typer.Option(help="Read this memory instead of asking the service.")] = None,
    home: Annotated[str | None, typer.Option(help="Name of the home; the one decided for last by default.")] = None,
    model: Annotated[
        str, typer.Option(help="Who may reword answers: auto (Ollama, if it runs), ollama, embedded or none.")
    ] = ("auto"),
) -> None:
    """Ask why, what if, what happened and what to do; in English or Spanish."""
    from rich.console import Console

    from energy.errors import SettingsError

    if as_json and once is None:
        raise SettingsError("--json needs --once: give the question with it")
    with ExitStack() as stack:
        backend = find_backend(config, memory, home, model, stack)
        if once is not None:
            _answer_once(backend, once, as_json=as_json, language=SPOKEN.get())
            return
        from advisor.chat.terminal import Conversation, converse

        converse(Conversation(backend, Console()), (memory or MEMORIES[0].parent) / "chat-history")


def find_backend(config: Path, memory: Path | None, home: str | None, model: str, stack: ExitStack) -> "AnswerBackend":
    """The running service, else the memory that was written last.

    Raises:
        AdvisorError: there is neither, or a file is wrong.
    """
    from advisor.chat.answer_backend import newest_memory, open_memory
    from advisor.model_choice import chosen_model

    wanted = chosen_model(config, model)
    if memory is None and config.exists():
        from advisor.chat.service_backend import find_service
        from agent.settings import load_settings
        from ingest.home_file import load_home

        settings = load_settings(config)
        found = find_service(settings, stack)
        return found or open_memory(
            settings.memory_dir, load_home(settings.home_file), stack, model=wanted, prices=settings.prices
        )
    return open_memory(memory or newest_memory(MEMORIES), home, stack, model=wanted)


def _answer_once(backend: "AnswerBackend", question: str, *, as_json: bool, language: "Language") -> None:
    from advisor.chat.answer_backend import footing
    from agent.language.answers.ask import Done

    *_, last = backend.stream(question, language)
    assert isinstance(last, Done)  # noqa: S101 (a stream ends with the whole)
    answer = last.answer
    if as_json:
        typer.echo(answer.model_dump_json())
    else:
        typer.echo(answer.text)
        typer.echo(footing(answer), err=True)
    if not answer.answered:
        raise typer.Exit(1)
