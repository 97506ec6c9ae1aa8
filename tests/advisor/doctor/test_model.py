"""The doctor makes one whole review and says whether it is in time."""

import json
from pathlib import Path
from typing import Any

import pytest

from advisor.doctor import model as doctor
from agent.llm.models import ModelSettings
from agent.llm.review import MAX_BRIEF_TOKENS, Chosen
from agent.llm.tokens import most_tokens
from agent.llm.trial_review import TrialReview, example_brief
from agent.settings import ServiceSettings, Settings
from tests.agent.conftest import ollama  # noqa: F401 (the server that speaks Ollama's protocol)

GOOD = json.dumps({"rationale": "It is expected to cost least.", "choice": "A"})


def settings(tmp_path: Path, url: str, **model: Any) -> Settings:
    named = ModelSettings.model_validate({"provider": "ollama", "name": "m", "base_url": url} | model)
    return Settings(home_file=tmp_path / "home.toml", model=named, service=ServiceSettings(review_deadline_s=30))


def test_a_model_in_time_is_well_and_was_loaded_first(ollama: Any, tmp_path: Path) -> None:  # noqa: F811 (the fixture)
    ollama.answers = [GOOD]
    found = doctor.check_model(settings(tmp_path, ollama.url))
    assert (found.level, "a review takes 0 s of the 30 s that it may" in found.text) == ("ok", True)
    assert (len(ollama.loads), len(ollama.asked)) == (1, 1)


@pytest.mark.parametrize(
    ("behaviour", "level", "says"),
    [
        ("missing", "warning", "advisor models pull"),
        ("truncates", "warning", "raise context_tokens"),
        ("garbage", "warning", "no usable answer"),
    ],
)
def test_what_a_server_does_wrong_is_found(
    ollama: Any,  # noqa: F811 (the fixture)
    tmp_path: Path,
    behaviour: str,
    level: str,
    says: str,
) -> None:
    ollama.chat, ollama.answers = behaviour, [GOOD]
    found = doctor.check_model(settings(tmp_path, ollama.url))
    assert (found.level, says in found.text + found.fix) == (level, True), found


def test_a_model_too_slow_for_the_service_is_told_with_what_would_fit(
    ollama: Any,  # noqa: F811 (the fixture)
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ollama.shelf = {"m:latest": 2_000_000_000, "small": 600_000_000}
    late = Chosen("A", "", False, "m", "decide", 5, "0", 80.0, 500, 30, None, False)
    monkeypatch.setattr(doctor, "try_review", lambda _model, _patience: TrialReview(12.0, 80.0, late))
    found = doctor.check_model(settings(tmp_path, ollama.url))
    assert (found.level, "80 s of the 30 s" in found.text) == ("warning", True)
    assert found.fix == "set service.review_deadline_s = 120, or take a model of at most 0.6 GB, such as small"


def test_the_example_is_as_large_as_a_brief_may_be() -> None:
    assert 0.6 * MAX_BRIEF_TOKENS < most_tokens(example_brief().render()) <= MAX_BRIEF_TOKENS
