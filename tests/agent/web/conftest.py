"""A board with a real decision on it, a journal beside it, and the API on a free port."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect
from pydantic import SecretStr

from agent.decision.decide import Situation, decide
from agent.decision.journal import open_journal
from agent.language.answers.ask import Asker
from agent.queries import Sources
from agent.settings import ApiSettings
from agent.views.service_state import ServiceState, SharedServiceState
from agent.web.access import load_keys
from agent.web.app import make_app
from agent.web.server import serving
from agent.web.source import ApiSource
from agent.web.study import StudyDesk
from devtools.browser import open_browser
from energy.errors import SettingsError
from ingest.live.meter import MeteredSlot
from ingest.live.snapshot import Reading
from knowledge.notes import NoteBook
from knowledge.store import DayStore
from tests.conftest import missing

TOKEN = "a-token-for-tests-only"  # noqa: S105 (of tests only)
SOC = 0.2


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser; for one module, because its event loop runs in this thread as long as it is open."""
    expect.set_options(timeout=15_000)  # a bound for what hangs, not for a slow machine
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(open_browser())
        except SettingsError as err:
            missing(str(err))
        yield opened


@dataclass(frozen=True)
class Running:
    """The API under test and what stands behind it."""

    url: str
    shared_state: SharedServiceState
    notes: NoteBook
    read_key: str
    open: ExitStack

    def client(self, **headers: str) -> httpx.Client:
        """A client that is closed when the API ends."""
        return self.open.enter_context(httpx.Client(base_url=self.url, headers=headers, timeout=300))

    def owner(self) -> httpx.Client:
        return self.client(Authorization=f"Bearer {TOKEN}")


@pytest.fixture
def shown(make_situation: Callable[..., Situation]) -> ServiceState:
    """A house at eight in the morning, with a night behind it and a decision just made."""
    situation = make_situation()
    step, now = situation.step, situation.now
    night = [
        MeteredSlot(now - back * step, 0.5, 0.0, SOC, None, 0.5, 0.0, 0.0, 0.0)
        for back in range(int(now.astimezone(situation.home.tz).hour * 2) + 2, 0, -1)
    ]
    decision = decide(situation)
    values = {"load_power": 0.6, "pv_power": 0.0, "battery_soc": SOC, "grid_power": 0.6, "battery_power": 0.0}
    return ServiceState(
        home=situation.home,
        model="none",
        step=step,
        started=now - timedelta(days=1),
        now=now,
        awake=True,
        complete_at=now,
        readings={role: Reading(value, now) for role, value in values.items()},  # type: ignore[misc]
        decision=decision,
        measured=tuple(night),
        shapes=tuple(situation.shapes[near.day] for near in situation.neighbours),
    )


@pytest.fixture
def serve(tmp_path: Path, shown: ServiceState) -> Callable[..., Any]:
    """Serves the API with any settings changed."""

    @contextmanager
    def start(studies: StudyDesk | None = None, *, remarks: bool = False, **changes: Any) -> Iterator[Running]:
        settings = ApiSettings(**({"port": 0, "token": SecretStr(TOKEN)} | changes))
        journal = tmp_path / "journal.sqlite"
        shared_state = SharedServiceState()
        shared_state.show(shown)
        with open_journal(journal) as writing:
            assert shown.decision is not None
            if writing.decision(shown.decision.decision_id) is None:
                writing.write(shown.decision)
        keys, notes = load_keys(settings, tmp_path), NoteBook(tmp_path / "notes.jsonl")
        with open_journal(journal, read_only=True) as read:
            asker = Asker(Sources(shown.home, DayStore(tmp_path / "days"), read))
            source = ApiSource(shared_state, journal, notes, asker, pause=timedelta(minutes=1), remarks=remarks)
            app = make_app(source, settings=settings, keys=keys, home=shown.home.name, studies=studies)
            with serving(app, settings) as url, ExitStack() as clients:
                yield Running(url, shared_state, notes, keys.read_key, clients)

    return start


@pytest.fixture
def api(serve: Callable[..., Any]) -> Iterator[Running]:
    with serve() as running:
        yield running
