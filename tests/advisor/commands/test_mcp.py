"""`advisor mcp` spoken to by the protocol's own client, which starts it as assistants do."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters


def test_an_assistant_starts_it_lists_its_tools_and_asks_why(played_memory: Path) -> None:
    arguments = ["-m", "advisor", "mcp", "--memory", str(played_memory)]
    command = StdioServerParameters(command=sys.executable, args=arguments, env=dict(os.environ))

    async def conversation() -> tuple[set[str], str]:
        async with Client(command, read_timeout_seconds=120) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            result = await client.call_tool("why", {})
            return names, "".join(part.text for part in result.content)  # type: ignore[union-attr]

    names, text = asyncio.run(conversation())
    assert {"why", "plan", "draft_note"} <= names
    assert "the advisor chose" in text


def test_without_a_memory_it_ends_with_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "advisor", "mcp", "--memory", str(tmp_path)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.count("error: nothing is known in") == 1
    assert not done.stdout
