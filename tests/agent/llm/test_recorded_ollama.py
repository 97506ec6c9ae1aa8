"""Answers that real Ollama servers gave, recorded by others, played through our provider; see `recorded/README.md`."""

from pathlib import Path
from typing import Any

import pytest

from agent.llm.models import LoadedModel, describe_failure
from agent.llm.ollama_catalogue import shelf
from agent.llm.review import Brief, BriefCandidate, NoChoice, make_reviewer
from agent.llm.tool_loop import run_tool_loop

RECORDED = Path(__file__).parent / "recorded"
CHAT = "/api/chat"
BRIEF = Brief(
    facts={"charge_percent": "42", "price_now": "0.21"},
    candidates=[
        BriefCandidate(
            id=letter,
            label="the best schedule",
            expected_cost=3.2,
            extra_cost=0.0,
            spread=0.4,
            final_soc=0.2,
            grid_charge_kwh=2.1,
            mode_now="hold",
        )
        for letter in "AB"
    ],
    notes=["guests tonight"],
    similar_days=[],
)


def recorded(name: str, status: int = 200) -> tuple[int, bytes]:
    return status, (RECORDED / name).read_bytes()


@pytest.fixture
def model(ollama: Any) -> LoadedModel:
    ollama.capabilities = ["completion", "tools"]
    loaded: LoadedModel = ollama.connect()
    return loaded


def test_a_recorded_stream_is_joined_and_its_tokens_are_counted(ollama: Any, model: LoadedModel) -> None:
    ollama.recorded[CHAT] = [recorded("chat_stream.ndjson")]
    answer: Any = model.chat.invoke("Tell me a joke about OpenTelemetry")
    assert answer.text.startswith("Here's one:\n\nWhy did the OpenTelemetry collector go to therapy?")
    assert (answer.usage_metadata["input_tokens"], answer.usage_metadata["output_tokens"]) == (17, 63)
    assert answer.response_metadata["done_reason"] == "stop"


def test_a_recorded_tool_call_runs_the_tool_and_thoughts_are_no_words(ollama: Any, model: LoadedModel) -> None:
    asked: list[str] = []

    def search(query: str) -> str:
        """Search for something."""
        asked.append(query)
        return "one result"

    ollama.recorded[CHAT] = [recorded("chat_tool_call.json"), recorded("chat_after_tool.json")]
    gathered = run_tool_loop(model, [search], "Search for 'ollama bash lib'")
    assert asked == ["ollama bash lib"]
    assert [(one.tool, one.answer) for one in gathered.looked] == [("search", "one result")]
    assert gathered.model_calls == 2
    assert gathered.words.startswith("This is a simple example")


@pytest.mark.parametrize("name", ["chat_stream.ndjson", "chat_after_tool.json"])
def test_prose_where_a_choice_is_asked_for_is_no_choice(ollama: Any, model: LoadedModel, name: str) -> None:
    ollama.recorded[CHAT] = [recorded(name), recorded(name)]
    answer = make_reviewer(model, 5)(BRIEF)
    assert isinstance(answer, NoChoice)
    # The recorded counts are those of shorter prompts than ours: as if a server had dropped its front.
    assert answer.kind == "truncated"


def test_a_recorded_gateway_error_is_no_choice_and_the_next_answer_is_heard(ollama: Any, model: LoadedModel) -> None:
    ollama.recorded[CHAT] = [recorded("error_502.json", 502), recorded("chat_stream.ndjson")]
    answer = make_reviewer(model, 5)(BRIEF)
    assert isinstance(answer, NoChoice)
    assert (answer.kind, "upstream error" in answer.why) == ("unreachable", True)
    assert "OpenTelemetry" in str(model.chat.invoke("again").text)


def test_a_server_without_that_path_is_told_as_missing(ollama: Any, model: LoadedModel) -> None:
    ollama.recorded[CHAT] = [recorded("error_404.txt", 404)]
    with pytest.raises(Exception, match="404 page not found") as raised:
        model.chat.invoke("hello")
    assert describe_failure(raised.value, model.label)[0] == "missing"


def test_a_recorded_list_of_models_is_shown_with_sizes_and_what_fits(ollama: Any) -> None:
    ollama.recorded["/api/tags"] = [recorded("tags.json")]
    present = {one.name: (one.size_gb, one.fits) for one in shelf(ollama.url, memory=8.0) if one.present}
    assert present == {
        "qwen3:14b": (pytest.approx(9.276, abs=0.001), False),
        "gemma3:4b": (pytest.approx(3.339, abs=0.001), True),
        "llama3.2:latest": (pytest.approx(2.019, abs=0.001), True),
    }
