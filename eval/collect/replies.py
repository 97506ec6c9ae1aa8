"""Replies of a model kept by content, so that a changed metric costs no new reply, and what they took when made."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from langchain_core.caches import BaseCache
from langchain_core.messages import AIMessage, message_to_dict, messages_from_dict
from langchain_core.outputs import ChatGeneration, Generation
from pydantic import BaseModel

from agent.llm.models import LoadedModel


@dataclass(frozen=True, slots=True)
class Spent:
    """What replies cost when they were made: how many, their seconds, and their tokens."""

    replies: int = 0
    seconds: float = 0.0
    prompt_tokens: int = 0
    output_tokens: int = 0


class ReplyCache(BaseCache):
    """LangChain's cache over a folder: one JSON file a reply, named by the hash of model, messages and parameters.

    Only replies are kept: a call that failed is made again.
    """

    def __init__(self, folder: Path, label: str) -> None:
        self._folder, self._label = folder, label
        self._asked: dict[str, float] = {}
        self._spent = Spent()
        self.made = 0

    def lookup(self, prompt: str, llm_string: str) -> Sequence[Generation] | None:
        """The kept reply; None starts the clock of a new one."""
        key = self._key(prompt, llm_string)
        path = self._folder / f"{key}.json"
        if not path.is_file():
            self._asked[key] = time.perf_counter()
            return None
        kept = json.loads(path.read_text(encoding="utf-8"))
        messages = messages_from_dict(kept["messages"])
        self._count(messages, kept["seconds"])
        return [ChatGeneration(message=message) for message in messages]

    def update(self, prompt: str, llm_string: str, return_val: Sequence[Generation]) -> None:
        """Keep a reply with the seconds it took."""
        key = self._key(prompt, llm_string)
        seconds = time.perf_counter() - self._asked.pop(key, time.perf_counter())
        messages = [one.message for one in return_val if isinstance(one, ChatGeneration)]
        self._folder.mkdir(parents=True, exist_ok=True)
        kept = {"messages": [message_to_dict(message) for message in messages], "seconds": seconds}
        (self._folder / f"{key}.json").write_text(json.dumps(kept, default=_plain), encoding="utf-8")
        self.made += 1
        self._count(messages, seconds)

    def clear(self, **kwargs: Any) -> None:
        """Forget every reply of the folder."""
        del kwargs
        for path in self._folder.glob("*.json"):
            path.unlink()

    def take(self) -> Spent:
        """What was spent since the last time this was asked."""
        spent, self._spent = self._spent, Spent()
        return spent

    def _count(self, messages: Sequence[Any], seconds: float) -> None:
        used: list[Any] = [message.usage_metadata or {} for message in messages if isinstance(message, AIMessage)]
        self._spent = replace(
            self._spent,
            replies=self._spent.replies + 1,
            seconds=self._spent.seconds + seconds,
            prompt_tokens=self._spent.prompt_tokens + sum(one.get("input_tokens", 0) for one in used),
            output_tokens=self._spent.output_tokens + sum(one.get("output_tokens", 0) for one in used),
        )

    def _key(self, prompt: str, llm_string: str) -> str:
        # What stands before the rule is the client's address and key, which change from run to run.
        parameters = llm_string.rpartition("---")[2]
        return hashlib.sha256(f"{self._label}\n{prompt}\n{parameters}".encode()).hexdigest()[:32]


def with_replies(model: LoadedModel, folder: Path) -> tuple[LoadedModel, ReplyCache]:
    """The same model with its replies kept in a folder."""
    cache = ReplyCache(folder, model.label)
    return replace(model, chat=model.chat.model_copy(update={"cache": cache})), cache


def _plain(value: Any) -> Any:
    """Answers that a client parsed into a model are kept as their fields."""
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else str(value)
