"""The Model Context Protocol: the advisor's read-only tools for other assistants, by the protocol's own package."""

import inspect
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp_types import CallToolResult, InputRequiredResult, ToolAnnotations
from mcp_types import Tool as ListedTool
from pydantic import ValidationError

from agent.llm.tool_loop import Tool

_INSTRUCTIONS = (
    "The energy advisor of one home with solar panels and a battery. All figures are computed from what was measured "
    "and planned: quote them as they are. Nothing can be commanded here; a note stays a draft until the household "
    "confirms it."
)
_SHOWN = 60


class AdvisorMcp(MCPServer[None]):
    """The package's server, whose schemas stand alone and whose complaints about a call are one sentence."""

    async def list_tools(self) -> list[ListedTool]:
        """Every tool; Home Assistant's client takes none of a server whose schemas refer to definitions."""
        listed = await super().list_tools()
        return [tool.model_copy(update={"input_schema": _in_place(tool.input_schema)}) for tool in listed]

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[None, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool.

        Raises:
            ToolError: the tool is not known, or the arguments are not those it takes; a sentence says which.
        """
        try:
            return await super().call_tool(name, arguments, context)
        except UnexpectedToolError:
            raise
        except ToolError as err:
            if isinstance(err.__cause__, ValidationError):
                raise ToolError(_wrong_arguments(name, err.__cause__)) from err
            known = ", ".join(tool.name for tool in await self.list_tools())
            raise ToolError(f"{name[:_SHOWN]!r} is not a tool here: use one of {known}") from err


def make_mcp(home: str, tools: Sequence[Tool]) -> MCPServer[None]:
    """A server with these tools, all of which only read."""
    made = AdvisorMcp(
        f"energy-advisor-{home}",
        title=f"Energy Advisor, {home}",
        instructions=_INSTRUCTIONS,
        version=version("energy-advisor"),
        log_level="WARNING",
    )
    reads = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
    for tool in tools:
        made.tool(description=inspect.getdoc(tool), annotations=reads, structured_output=False)(tool)
    return made


def _in_place(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with each definition where it is referred to."""
    definitions: dict[str, Any] = schema.get("$defs", {})

    def resolved(part: Any) -> Any:
        if isinstance(part, list):
            return [resolved(one) for one in part]
        if not isinstance(part, dict):
            return part
        kept = {key: resolved(value) for key, value in part.items() if key not in {"$ref", "$defs"}}
        if "$ref" not in part:
            return kept
        return {**resolved(definitions[part["$ref"].removeprefix("#/$defs/")]), **kept}

    return dict(resolved(schema))


def _wrong_arguments(name: str, fault: ValidationError) -> str:
    problems = (
        f"{'.'.join(map(str, one['loc'])) or 'arguments'}: {one['msg']} (given: {repr(one.get('input'))[:_SHOWN]})"
        for one in fault.errors(include_url=False)
    )
    return f"{name}: {'; '.join(problems)}"
