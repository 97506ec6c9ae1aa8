"""`python -m benchmarks api`: how soon the service answers, and what many readers cost a decision beside it."""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import numpy as np
import typer
from pydantic import SecretStr

from advisor.memory import index_of, store_of
from agent.decision.decide import Situation, decide
from agent.decision.journal import Journal, open_journal
from agent.decision.recall import Recall
from agent.language.answers.ask import Asker
from agent.queries import Sources
from agent.settings import ApiSettings
from agent.views.service_state import ServiceState, SharedServiceState
from agent.web.access import load_keys
from agent.web.app import make_app
from agent.web.server import serving
from agent.web.source import ApiSource
from benchmarks.decision import situation
from ingest.history.recorded import shipped_history, shipped_homes
from ingest.history.table import History
from ingest.live.meter import MeteredSlot
from ingest.live.snapshot import Reading
from knowledge.notes import notes_of

READERS = 50
_REQUESTS = 100
_QUESTIONS = 20
_DECISIONS = 48
_STEP = timedelta(minutes=30)
_JOURNAL_STEP = timedelta(hours=1)
_PATHS = ("/v1/status", "/v1/plan", "/v1/days", "/v1/today", "/v1/decisions")
_QUESTION = {"question": "Why did you do that?"}


@dataclass(frozen=True, slots=True)
class ApiBench:
    """Medians and 95th percentiles in milliseconds; decisions alone and beside the readers."""

    history_days: int
    journal_decisions: int
    answers_ms: dict[str, tuple[float, float]]
    first_word_ms: float
    readers: int
    requests_per_s: float
    alone_ms: tuple[float, float]
    beside_ms: tuple[float, float]


def bench_api(*, as_json: bool) -> None:
    """Measure and print."""
    found = measure()
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    lines = [f"{found.history_days} days of memory, {found.journal_decisions} decisions in the journal; median, 95 %:"]
    lines += [f"  {path:16} {median:6.1f} ms {high:6.1f} ms" for path, (median, high) in found.answers_ms.items()]
    lines.append(f"  first word of an answer {found.first_word_ms:.0f} ms")
    (alone, alone_high), (beside, beside_high) = found.alone_ms, found.beside_ms
    lines.append(
        f"a decision takes {alone:.0f} ms ({alone_high:.0f} ms) alone, {beside:.0f} ms ({beside_high:.0f} ms) beside "
        f"{found.readers} readers with {found.requests_per_s:.0f} answers a second"
    )
    typer.echo("\n".join(lines))


def measure() -> ApiBench:
    """Serve a home with a year behind it, ask it, and decide while others read."""
    history = shipped_history(shipped_homes()[0])
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        memory = Path(folder)
        store = store_of(memory)
        store.append(history.home.name, history.days)
        journal = stack.enter_context(open_journal(memory / "journal.sqlite"))
        recall = Recall(history.home, store, stack.enter_context(index_of(memory)), _STEP)
        made = [partial(situation, history.home, history.days, recall, number) for number in range(_DECISIONS)]
        written = _fill(journal, made[0](), history)
        shared_state = SharedServiceState()
        shared_state.show(_shown(history, made[0](), recall))
        read = stack.enter_context(open_journal(memory / "journal.sqlite", read_only=True))
        source = ApiSource(
            shared_state=shared_state,
            journal=memory / "journal.sqlite",
            notes=notes_of(memory, history.home.name),
            asker=Asker(Sources(history.home, store, read)),
            pause=timedelta(minutes=1),
        )
        # All readers come from one address here: the rate for one client must not spare the service.
        settings = ApiSettings(
            port=0, token=SecretStr("of this bench alone"), reads_per_second=10_000, asks_per_minute=600
        )
        app = make_app(source, settings=settings, keys=load_keys(settings, memory), home=history.home.name)
        url = stack.enter_context(serving(app, settings))

        answers, first_word_ms = _answers(url), _first_word_ms(url)
        decisions = [partial(_decide, journal, each) for each in made]
        alone = _spread([_took_ms(each) for each in decisions])
        beside, rate = _beside_readers(url, lambda: _spread([_took_ms(each) for each in decisions]))
    return ApiBench(
        history_days=len(history.days),
        journal_decisions=written,
        answers_ms=answers,
        first_word_ms=first_word_ms,
        readers=READERS,
        requests_per_s=rate,
        alone_ms=alone,
        beside_ms=beside,
    )


def _fill(journal: Journal, situation: Situation, history: History) -> int:
    """A decision for every hour of the year before; all alike but for their times."""
    decision = decide(situation)
    count = len(history.days) * 24
    for back in range(count, 0, -1):
        at = situation.now - back * _JOURNAL_STEP
        name = f"{at:%Y%m%dT%H%M%SZ}-bench"
        journal.write(decision.model_copy(update={"decision_id": name, "at": at}))
    journal.write(decision)
    return count + 1


def _shown(history: History, situation: Situation, recall: Recall) -> ServiceState:
    now, decision = situation.now, decide(situation)
    roles = {"load_power": 0.8, "pv_power": 0.2, "battery_soc": 0.4, "grid_power": 0.6, "battery_power": 0.0}
    return ServiceState(
        home=history.home,
        model="none",
        step=_STEP,
        started=now,
        now=now,
        awake=True,
        readings={role: Reading(value, now) for role, value in roles.items()},  # type: ignore[misc]
        decision=decision,
        measured=tuple(MeteredSlot(now - back * _STEP, 0.8, 0.2, 0.4) for back in range(48, 0, -1)),
        shapes=tuple(recall.shapes()[near.day] for near in decision.neighbours),
    )


def _answers(url: str) -> dict[str, tuple[float, float]]:
    with httpx.Client(base_url=url) as client:
        asking = {path: partial(_get, client, path) for path in _PATHS}
        return {path: _spread([_took_ms(ask) for _ in range(_REQUESTS)]) for path, ask in asking.items()}


def _get(client: httpx.Client, path: str) -> None:
    client.get(path).raise_for_status()


def _first_word_ms(url: str) -> float:
    def ask(client: httpx.Client) -> None:
        with client.stream("POST", "/v1/ask", json=_QUESTION) as answer:
            next(line for line in answer.iter_lines() if '"said"' in line)

    with httpx.Client(base_url=url) as client:
        return statistics.median(_took_ms(partial(ask, client)) for _ in range(_QUESTIONS))


def _decide(journal: Journal, know: Callable[[], Situation]) -> None:
    journal.write(decide(know()))


def _took_ms(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - began)


def _spread(times_ms: list[float]) -> tuple[float, float]:
    return statistics.median(times_ms), float(np.quantile(times_ms, 0.95))


def _beside_readers(url: str, act: Callable[[], tuple[float, float]]) -> tuple[tuple[float, float], float]:
    """Do something while readers in a process of their own read; also how often they were answered a second."""
    command = [sys.executable, "-m", "benchmarks.api", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as readers:  # noqa: S603 (ours)
        assert readers.stdout is not None  # noqa: S101 (piped)
        readers.stdout.readline()
        found = act()
        count, _ = readers.communicate("enough\n")
    return found, float(count)


async def read_on(url: str) -> None:
    """Be the readers: each follows the status and asks for all that the page shows every second, until told to stop."""
    count, began = 0, time.monotonic()

    async def reader(client: httpx.AsyncClient) -> None:
        nonlocal count
        while True:
            for path in _PATHS:
                (await client.get(path)).raise_for_status()
                count += 1
            await asyncio.sleep(1)

    async def listener(client: httpx.AsyncClient) -> None:
        async with client.stream("GET", "/v1/live", timeout=None) as stream:
            async for _ in stream.aiter_lines():
                pass

    limits = httpx.Limits(max_connections=2 * READERS)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as client:
        tasks = [asyncio.create_task(act(client)) for _ in range(READERS) for act in (reader, listener)]
        await asyncio.sleep(2)
        typer.echo("reading")
        await asyncio.to_thread(sys.stdin.readline)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    typer.echo(count / (time.monotonic() - began))


if __name__ == "__main__":
    asyncio.run(read_on(sys.argv[1]))
