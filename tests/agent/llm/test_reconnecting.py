"""A model that is not there never stops the service, is looked for again, and is said once."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any

import pytest

from agent.llm.models import ModelSettings
from agent.llm.reconnecting import ReconnectingReviewer
from agent.llm.review import Brief, BriefCandidate, Chosen, NoChoice

A = BriefCandidate("A", "the best schedule", 3.21, 0.0, 0.4, 0.2, 2.1, "hold")
BRIEF = Brief({"price_now": "0.21"}, [A], [], [])
GOOD = '{"rationale": "This is the cheapest schedule.", "choice": "A"}'


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def test_a_model_that_comes_later_is_found_and_asked(ollama: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    ollama.pulled, ollama.answers = False, [GOOD]
    settings = ModelSettings(provider="ollama", name="m", base_url=ollama.url)
    keeper = ReconnectingReviewer(settings, 5, look_again_s=0)
    keeper.wait(20)
    assert keeper.label == "none"
    answer = keeper.review(BRIEF)
    assert isinstance(answer, NoChoice)
    assert "advisor models pull m" in answer.why
    ollama.pulled = True
    keeper.review(BRIEF)
    _until(lambda: keeper.label == "ollama/m")
    assert isinstance(keeper.review(BRIEF), Chosen)
    assert sum("has no model" in record.message for record in caplog.records) == 1
    keeper.close()


def test_it_does_not_look_again_before_its_time(ollama: Any) -> None:
    ollama.pulled = False
    keeper = ReconnectingReviewer(ModelSettings(provider="ollama", name="m", base_url=ollama.url), 5)
    keeper.wait(20)
    ollama.pulled = True
    for _ in range(3):
        assert isinstance(keeper.review(BRIEF), NoChoice)
    time.sleep(0.3)
    assert keeper.label == "none"
    keeper.close()


def test_a_missing_server_costs_no_time_in_a_review() -> None:
    keeper = ReconnectingReviewer(ModelSettings(provider="ollama", base_url="http://127.0.0.1:9"), 5, look_again_s=0)
    answer = keeper.review(BRIEF)
    assert isinstance(answer, NoChoice)
    assert answer.seconds == 0.0
    keeper.close()


def test_a_model_is_in_memory_before_it_is_asked_and_again_before_each_review(ollama: Any) -> None:
    ollama.answers = [GOOD]
    settings = ModelSettings(provider="ollama", name="m", base_url=ollama.url)
    keeper = ReconnectingReviewer(settings, 5, review_every_s=0.2)
    _until(lambda: len(ollama.loads) == 1)
    assert ollama.asked == []
    assert isinstance(keeper.review(BRIEF), Chosen)
    _until(lambda: len(ollama.loads) == 2)
    keeper.close()


def test_a_late_model_is_loaded_for_as_long_as_it_takes(ollama: Any) -> None:
    keeper = ReconnectingReviewer(ModelSettings(provider="ollama", name="m", base_url=ollama.url), 0.2)
    _until(lambda: len(ollama.loads) == 1)
    ollama.chat = "hangs"
    answer = keeper.review(BRIEF)
    assert isinstance(answer, NoChoice)
    assert answer.kind == "late"
    _until(lambda: len(ollama.loads) == 2)
    keeper.close()


def test_a_server_that_drips_holds_up_neither_the_start_nor_a_review_nor_the_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = Thread(target=_drip, args=(server,), daemon=True)
        dripping.start()
        settings = ModelSettings(provider="ollama", base_url=f"http://127.0.0.1:{server.getsockname()[1]}")
        keeper = ReconnectingReviewer(settings, 5)
        answer = keeper.review(BRIEF)
        assert isinstance(answer, NoChoice)
        assert "being looked for" in answer.why
        assert keeper.label == "none"


def _drip(server: socket.socket) -> None:
    """An answer of which one byte comes a second, and which never ends."""
    with suppress(OSError):
        client, _ = server.accept()
        with client:
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            for _ in range(60):
                client.sendall(b" ")
                time.sleep(1)
