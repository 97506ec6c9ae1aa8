"""Lets a tool-using model look facts up by itself: bounded in calls and time, and with tools that only read."""

import json
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import ModelCallLimitMiddleware
from langchain.agents.middleware.types import (
    AgentMiddleware,
    AgentState,
    ModelRequest,
    ModelResponse,
    hook_config,
)
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool

from agent.llm.models import LoadedModel
from prompts.library import Prompt, load

_FENCED = re.compile(r"```(?:json|tool_call|tool)?\s*(\{.*?\})\s*```|<tool_call>\s*(\{.*?\})\s*</tool_call>", re.DOTALL)
_MOST_CALLS_AT_ONCE = 4

Tool = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Limits:
    """How often the model may be called, and for how long in all."""

    model_calls: int = 5
    seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class ToolResult:
    """One thing that was looked up: the tool, what it was asked, and what it answered."""

    tool: str
    asked: Mapping[str, Any]
    answer: str

    def line(self) -> str:
        """As one line of a brief."""
        asked = ", ".join(f"{name}={value}" for name, value in self.asked.items())
        return f"{self.tool}({asked}): {' '.join(self.answer.split())}"


@dataclass(frozen=True, slots=True)
class ToolLoopResult:
    """What a model looked up, in order, and its last words."""

    looked: tuple[ToolResult, ...]
    words: str
    model_calls: int


def run_tool_loop(
    model: LoadedModel,
    tools: Sequence[Tool],
    task: str,
    *,
    limits: Limits = Limits(),
    prompt: Prompt | None = None,
) -> ToolLoopResult:
    """Let the model call tools about a task until it is content, or the limits end it.

    Raises:
        Exception: whatever the model's client raises; see `agent.llm.models.describe_failure`.
    """
    asked = prompt or load("gather")
    made = [_as_tool(tool) for tool in tools]
    agent: Any = create_agent(
        model.chat,
        made,
        system_prompt=asked.render("system"),
        middleware=[
            ModelCallLimitMiddleware(run_limit=limits.model_calls, exit_behavior="end"),
            _TimeLimit(limits.seconds),
            _FencedCalls({tool.name for tool in made}),
        ],
    )
    # Each model call and each round of tools is a step, and each limit adds its own.
    state = agent.invoke(
        {"messages": [HumanMessage(asked.render("user", task=task))]},
        {"recursion_limit": 8 * limits.model_calls + 8},
    )
    return _gathered(state["messages"])


def _as_tool(tool: Tool) -> BaseTool:
    made = StructuredTool.from_function(tool)
    made.handle_tool_error = True
    made.handle_validation_error = _wrong_call
    return made


def _wrong_call(err: Any) -> str:
    """What was wrong with a call's arguments, so that the model can mend it."""
    wrong = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in err.errors()]
    return f"error: {'; '.join(wrong)}"


def _gathered(messages: Sequence[BaseMessage]) -> ToolLoopResult:
    asked = {call["id"]: call for message in messages if isinstance(message, AIMessage) for call in message.tool_calls}
    looked = [
        ToolResult(asked[message.tool_call_id]["name"], asked[message.tool_call_id]["args"], message.text)
        for message in messages
        if isinstance(message, ToolMessage) and message.tool_call_id in asked
    ]
    replies = [message for message in messages if isinstance(message, AIMessage)]
    return ToolLoopResult(tuple(looked), replies[-1].text if replies else "", len(replies))


class _TimeLimit(AgentMiddleware[Any, Any]):
    """Ends the gathering before another model call once its time is over."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._ends_at = time.monotonic() + seconds

    @hook_config(can_jump_to=["end"])
    def before_model(self, state: AgentState[Any], runtime: Any) -> dict[str, Any] | None:
        """Go to the end instead of to the model."""
        del state, runtime
        return {"jump_to": "end"} if time.monotonic() >= self._ends_at else None


class _FencedCalls(AgentMiddleware[Any, Any]):
    """Takes tool calls that a model writes as fenced text for what they mean, and bounds the calls of one reply."""

    def __init__(self, known: set[str]) -> None:
        super().__init__()
        self._known = known

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Mend the reply."""
        response = handler(request)
        mended = [self._mend(message) if isinstance(message, AIMessage) else message for message in response.result]
        return ModelResponse(result=mended, structured_response=response.structured_response)

    def _mend(self, message: AIMessage) -> AIMessage:
        calls = list(message.tool_calls) or fenced_calls(message.text, self._known)
        if calls[:_MOST_CALLS_AT_ONCE] == message.tool_calls:
            return message
        return message.model_copy(update={"tool_calls": calls[:_MOST_CALLS_AT_ONCE]})


def fenced_calls(text: str, known: set[str]) -> list[Any]:
    """Tool calls written as fenced JSON or between tool_call tags; only of tools that there are."""
    calls = []
    for fenced, tagged in _FENCED.findall(text):
        try:
            call = json.loads(fenced or tagged)
        except ValueError:
            continue
        name = call.get("name") or call.get("tool")
        asked = call.get("arguments", call.get("parameters", call.get("args", {})))
        if name in known and isinstance(asked, dict):
            calls.append({"name": name, "args": asked, "id": uuid.uuid4().hex, "type": "tool_call"})
    return calls
