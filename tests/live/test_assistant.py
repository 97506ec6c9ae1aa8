"""Home Assistant's own assistant asks the advisor: its `mcp` client takes the tools, its Ollama agent calls them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from agent.settings import ApiSettings
from agent.web.access import load_keys
from devtools.homeassistant_api import HomeAssistantApi
from devtools.household import HOME, PlayedHousehold
from devtools.local_homeassistant import Release
from devtools.ollama_stand_in import OllamaStandIn, ollama_standing_in
from energy.errors import TransportError

pytestmark = pytest.mark.live

MODEL = "scripted:latest"
OPTIONS: dict[str, Any] = {"prompt": "Answer from the tools.", "num_ctx": 8192, "max_history": 20, "keep_alive": -1}


@pytest.fixture(scope="module")
def address(household: PlayedHousehold, estate: Any, release: Release) -> str:
    """What the user types into Home Assistant: the page's address with the key that only reads."""
    if release.version < "2025.2":
        pytest.skip("Home Assistant has a client of the Model Context Protocol since 2025.2")
    mode = f"sensor.energy_advisor_{HOME.replace('-', '_')}_mode"
    unknown = {None, "none", "unknown", "unavailable"}
    estate.homeassistant.api.await_states(
        lambda states: states.get(mode, {}).get("state") not in unknown, timeout_s=100
    )
    keys = load_keys(ApiSettings(), household.folder / "memory")
    return f"http://127.0.0.1:{household.api_port}/key/{keys.read_key}/mcp/sse"


@pytest.fixture(scope="module")
def ollama() -> Iterator[OllamaStandIn]:
    with ollama_standing_in(OllamaStandIn(shelf={MODEL: 1000})) as fake:
        yield fake


@pytest.fixture(scope="module")
def agent(address: str, ollama: OllamaStandIn, estate: Any) -> str:
    """The conversation agent of a user who added both integrations and chose the advisor's tools for it."""
    api: HomeAssistantApi = estate.homeassistant.api
    tools = api.add_integration("mcp", {"url": address})
    options = OPTIONS | {"llm_hass_api": f"mcp-{tools}"}
    return api.add_integration("ollama", {"url": ollama.url}, {"model": MODEL}, options=options)


def test_a_wrong_key_is_refused(address: str, estate: Any) -> None:
    with pytest.raises(TransportError, match="invalid_auth"):
        estate.homeassistant.api.add_integration("mcp", {"url": address.replace("/key/", "/key/0")})


def test_its_conversation_agent_answers_by_the_advisors_tools(agent: str, ollama: OllamaStandIn, estate: Any) -> None:
    ollama.answers = [[("why", {})], "As the advisor says."]
    said = estate.homeassistant.api.converse("Why does the battery do that?", agent)
    assert said == "As the advisor says."
    offered = {tool["function"]["name"] for tool in ollama.asked[-1]["tools"]}
    assert {"live_status", "plan", "why", "why_not", "what_if", "history", "similar_days", "bills", "ask"} <= offered
    seen = json.loads(ollama.asked[-1]["messages"][-1]["content"])
    assert "kWh" in seen["content"][0]["text"]


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("live_status", {}),
        ("plan", {}),
        ("why_not", {"mode": "charge"}),
        ("what_if", {"change": "battery_kwh", "value": 12}),
        ("draft_note", {"text": "keep 50 % until tomorrow 8:00"}),
        ("ask", {"question": "What did I save today?"}),
    ],
)
def test_a_tool_with_arguments_is_called_as_the_model_asks(
    agent: str, ollama: OllamaStandIn, estate: Any, tool: str, given: dict[str, Any]
) -> None:
    ollama.answers = [[(tool, given)], "Done."]
    assert estate.homeassistant.api.converse("Go on.", agent) == "Done."
    seen = json.loads(ollama.asked[-1]["messages"][-1]["content"])
    assert not seen.get("isError")
    assert seen["content"][0]["text"]


def test_nonsense_of_the_model_gets_a_sentence_and_the_talk_goes_on(
    agent: str, ollama: OllamaStandIn, estate: Any
) -> None:
    ollama.answers = [[("why_not", {"mode": "dance"})], "I cannot say."]
    assert estate.homeassistant.api.converse("Why does it not dance?", agent) == "I cannot say."
    seen = json.loads(ollama.asked[-1]["messages"][-1]["content"])
    assert seen["isError"] is True
    assert "mode" in seen["content"][0]["text"]


def test_home_assistant_says_nothing_against_it(agent: str, estate: Any) -> None:
    lines = estate.homeassistant.log().splitlines()
    assert [line for line in lines if any(word in line for word in (".mcp", "ollama", "conversation"))] == []
