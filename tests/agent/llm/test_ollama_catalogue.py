"""What Ollama has, what fits, and fetching a model: through a server that speaks its protocol."""

import json
from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

import pytest

from advisor.commands.models import is_named
from agent.llm.models import ModelSettings
from agent.llm.ollama_catalogue import OnShelf, fits, pull, shelf, suggestions
from energy.errors import ModelError


def test_the_shelf_shows_what_is_there_and_what_fits(ollama: Any) -> None:
    ollama.shelf = {"mine:latest": 30_000_000_000, "qwen3:1.7b": 1_400_000_000}
    known = {model.name: (model.present, model.fits) for model in shelf(ollama.url, memory=8.0)}
    assert known["mine:latest"] == (True, False)
    assert known["qwen3:1.7b"] == (True, True)
    assert known["qwen3:4b-instruct"] == (False, True)
    assert known["gpt-oss:20b"] == (False, False)
    assert not any(model.present for model in suggestions(memory=8.0))


@pytest.mark.parametrize(("size_gb", "memory_gb", "wanted"), [(2.5, 4, False), (2.5, 8, True), (5.2, 8, False)])
def test_a_model_needs_room_beside_everything_else(size_gb: float, memory_gb: float, wanted: bool) -> None:
    assert fits(size_gb, memory_gb) is wanted


def test_a_pull_tells_how_far_it_is(ollama: Any) -> None:
    ollama.library = {"m"}
    steps = [(step.doing, step.done, step.total) for step in pull("m", ollama.url)]
    assert steps[0] == ("pulling manifest", 0, 0)
    assert ("pulling 3e4cb1417446", 400, 1000) in steps
    assert steps[-1][0] == "success"


def test_a_model_that_nobody_has_is_named(ollama: Any) -> None:
    with pytest.raises(ModelError, match="cannot pull 'x': pull model manifest: file does not exist: check the name"):
        list(pull("x", ollama.url))


def test_a_server_without_a_network_is_not_blamed_on_the_name(ollama: Any) -> None:
    ollama.offline = True
    with pytest.raises(ModelError, match="no such host: Ollama cannot reach the internet"):
        list(pull("x", ollama.url))


def test_what_newer_servers_tell_of_a_model_is_read(ollama: Any) -> None:
    result = {"name": "m:latest", "model": "m:latest", "size": 5_000_000_000, "details": {"context_length": 40960}}
    body = json.dumps({"models": [result | {"capabilities": ["completion", "tools"]}, {"model": "old", "size": 1}]})
    ollama.recorded["/api/tags"] = [(200, body.encode())]
    known = {one.name: one for one in shelf(ollama.url, memory=16.0) if one.present}
    assert (known["m:latest"].capabilities, known["m:latest"].context_length) == (("completion", "tools"), 40960)
    assert (known["old"].capabilities, known["old"].context_length) == ((), None)


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"name": "m"}, True),
        ({"name": "m:latest", "provider": "ollama"}, True),
        ({"name": "n"}, False),
        ({"name": "m", "provider": "none"}, False),
        ({}, False),
    ],
)
def test_the_model_of_the_settings_is_marked(settings: dict[str, Any], wanted: bool) -> None:
    assert is_named(OnShelf("m:latest", 1.0, True, True), ModelSettings.model_validate(settings)) is wanted


def test_a_server_that_is_not_there_is_said_with_the_cure() -> None:
    for call in (lambda: shelf("http://127.0.0.1:9"), lambda: list(pull("m", "http://127.0.0.1:9"))):
        with pytest.raises(ModelError, match=r"does not answer at .*ollama serve"):
            call()


def test_the_command_lists_and_pulls(ollama: Any, advisor: Callable[..., CompletedProcess[str]]) -> None:
    ollama.library = {"tiny"}
    pulled = advisor("models", "pull", "tiny", "--url", ollama.url)
    assert (pulled.returncode, "tiny is here" in pulled.stdout) == (0, True), pulled.stderr
    listed = advisor("models", "--json", "--url", ollama.url)
    result = json.loads(listed.stdout)
    [row] = [row for row in result["ollama"] if row["name"] == "tiny"]
    assert (row["size_gb"], row["fits"], row["present"], row["configured"]) == (0.0, True, True, False)
    assert [row["name"] for row in result["ollama"] if row["configured"]] == ["qwen3:4b-instruct"]
    assert result["embedded"] == "SmolLM2-135M-Instruct.Q4_1.gguf"
    gone = advisor("models", "--url", "http://127.0.0.1:9")
    assert (gone.returncode, "does not answer" in gone.stdout) == (0, True)
