"""`advisor chat` through a running service: real HTTP on loopback, the real API behind it."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from advisor.chat.answer_backend import footing, open_memory
from advisor.chat.service_backend import find_service
from agent.language.answers.ask import Answer, AnswerPiece, Done, Ran
from agent.settings import ApiSettings, load_settings
from agent.views.service_state import ServiceState, SharedServiceState
from agent.web.access import load_keys
from agent.web.app import make_app
from agent.web.server import serving
from agent.web.source import ApiSource
from energy.errors import DataError, TransportError
from knowledge.notes import NoteBook

Config = Path
Advisor = Callable[..., CompletedProcess[str]]


@pytest.fixture
def service(played_memory: Path, tmp_path: Path) -> Iterator[tuple[Config, ExitStack]]:
    """Settings whose memory is empty: what is answered can only come from the service."""
    with ExitStack() as stack, ExitStack() as running:
        partner = open_memory(played_memory, None, stack)
        state = SharedServiceState()
        newest = partner.sources.decision()
        assert newest is not None
        state.show(
            ServiceState(
                home=partner.facts,
                model="none",
                step=timedelta(minutes=30),
                started=newest.at,
                now=newest.at,
                awake=True,
                decision=newest,
            )
        )
        api = ApiSettings(port=0)
        notes = NoteBook(tmp_path / "notes.jsonl")
        source = ApiSource(state, played_memory / "journal.sqlite", notes, partner.asker, timedelta(minutes=1))
        app = make_app(source, settings=api, keys=load_keys(api, tmp_path), home=partner.home)
        url = running.enter_context(serving(app, api))
        (tmp_path / "home.json").write_text(partner.facts.model_dump_json())
        config = tmp_path / "advisor.toml"
        config.write_text(
            f'home_file = "home.json"\nmemory_dir = "{tmp_path / "empty"}"\n[api]\nport = {url.rsplit(":", 1)[1]}\n'
        )
        yield config, running


def test_where_the_service_runs_it_is_asked(
    service: tuple[Config, ExitStack], played_memory: Path, advisor: Advisor
) -> None:
    config, _ = service
    done = advisor("chat", "--config", str(config), "--once", "why?", "--json")
    assert done.returncode == 0, done.stderr
    with ExitStack() as stack:
        newest = open_memory(played_memory, None, stack).sources.decision()
    assert newest is not None
    assert json.loads(done.stdout)["decisions"] == [newest.decision_id]


def test_the_pieces_are_those_of_the_asker(service: tuple[Config, ExitStack]) -> None:
    config, _ = service
    with ExitStack() as stack:
        partner = find_service(load_settings(config), stack)
        assert partner is not None
        *pieces, last = partner.stream("What is the plan?", "en")
        assert isinstance(pieces[0], Ran)
        assert isinstance(last, Done)
        assert "".join(piece.text for piece in pieces if isinstance(piece, AnswerPiece)) == last.answer.text
        assert partner.notes() == []
        for odd in ("", "\ud800", "{facts}"):
            assert isinstance(list(partner.stream(odd, "en"))[-1], Done)
        with pytest.raises(DataError, match="at most 2000"):
            list(partner.stream("x" * 100_000, "en"))


def test_without_the_service_the_memory_of_the_settings_is_read(
    service: tuple[Config, ExitStack], advisor: Advisor
) -> None:
    config, running = service
    running.close()
    with ExitStack() as stack:
        assert find_service(load_settings(config), stack) is None
    done = advisor("chat", "--config", str(config), "--once", "why?")
    assert done.returncode == 1
    assert "nothing is known in" in done.stderr


def test_a_service_that_stops_on_the_way_is_told_in_a_line(service: tuple[Config, ExitStack]) -> None:
    config, running = service
    with ExitStack() as stack:
        partner: Any = find_service(load_settings(config), stack)
        running.close()
        with pytest.raises(TransportError, match="stopped answering"):
            list(partner.stream("why?", "en"))


def test_what_an_answer_rests_on_is_said_in_its_language() -> None:
    days = tuple(date(2016, 12, day) for day in range(1, 8))
    english = Answer(
        question="?", text="!", language="en", answered=True, facts={}, tools=(), decisions=("d1",), days=days,
        at=datetime(2016, 12, 8, tzinfo=UTC), seconds=0.012,
    )  # fmt: skip
    assert footing(english) == "[decision d1 · 7 days, 2016-12-01 to 2016-12-07 · 12 ms]"
    spanish = english.model_copy(update={"language": "es"})
    assert footing(spanish) == "[decisión d1 · 7 días, 2016-12-01 a 2016-12-07 · 12 ms]"
