"""`advisor mcp`: the advisor's read-only tools for another assistant, over standard input and output."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.chat.command import MEMORIES

if TYPE_CHECKING:
    from advisor.chat.answer_backend import MemoryBackend


def mcp(
    *,
    config: Annotated[Path, typer.Option(help="Settings of the service, whose memory is read.")] = Path("advisor.toml"),
    memory: Annotated[Path | None, typer.Option(help="Read this memory instead.")] = None,
    home: Annotated[str | None, typer.Option(help="Name of the home; the one decided for last by default.")] = None,
) -> None:
    """Serve the Model Context Protocol (MCP) on standard input and output, for other assistants."""
    import anyio

    from agent.language.answers.assistant_tools import at_each_call
    from agent.language.answers.tools import ToolContext
    from agent.web.mcp_server import make_mcp
    from knowledge.notes import notes_of

    with ExitStack() as stack:
        opened = _open(config, memory, home, stack)
        notes = notes_of(opened.memory, opened.home)
        tools = at_each_call(lambda: ToolContext(opened.sources, opened.now(), notes), opened.asker)
        anyio.run(make_mcp(opened.home, tools).run_stdio_async)


def _open(config: Path, memory: Path | None, home: str | None, stack: ExitStack) -> "MemoryBackend":
    from advisor.chat.answer_backend import newest_memory, open_memory

    if memory is None and config.exists():
        from agent.settings import load_settings
        from ingest.home_file import load_home

        settings = load_settings(config)
        return open_memory(settings.memory_dir, load_home(settings.home_file), stack, prices=settings.prices)
    return open_memory(memory or newest_memory(MEMORIES), home, stack)
