"""`python -m benchmarks model`: how long a review by the language model takes here, in tokens and seconds."""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path

import typer

from advisor.memory import index_of, store_of
from agent.decision.decide import Situation, make_brief, think
from agent.decision.recall import Recall
from agent.llm.models import LoadedModel, ModelSettings, load_model
from agent.llm.review import MAX_BRIEF_TOKENS, Brief, Chosen, NoChoice, make_reviewer
from agent.llm.tokens import most_tokens
from benchmarks.decision import situation
from energy.errors import ModelError
from ingest.history.recorded import shipped_history, shipped_homes
from ingest.live.snapshot import Snapshot

_STEP = timedelta(minutes=30)
_HISTORY_DAYS = 60
# Reviews are hours apart, so that each brief differs from the one before it as it would in the service.
_EVERY_SLOTS = 4
_SOC = (0.1, 0.4, 0.8)


@dataclass(frozen=True, slots=True)
class ModelBench:
    """Reviews of briefs from a recorded home: seconds, tokens, and how many answers could be used.

    `cached_tokens` is the median of the prompt's tokens that the server still knew from the review before; None
    where it does not tell. `median_cpu_s` is the processor time that this process spent on a review: with the
    embedded model on one thread it is what a review takes where nothing else runs. `brief_tokens` is the largest
    brief's bound, against the limit.
    """

    model: str
    reviews: int
    valid: int
    repaired: int
    median_s: float
    slowest_s: float
    median_cpu_s: float
    prompt_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    brief_tokens: int
    brief_limit: int


def bench(settings: ModelSettings, reviews: int, *, deadline_s: float, as_json: bool) -> None:
    """Measure and print.

    Raises:
        ModelError: there is no model to measure.
    """
    model = load_model(settings)
    if model is None:
        raise ModelError("no language model is available: see `advisor models`")
    try:
        measured = measure(model, reviews, deadline_s)
    finally:
        model.close()
    if as_json:
        typer.echo(json.dumps(asdict(measured)))
        return
    typer.echo(
        f"{measured.model}: {measured.valid} of {measured.reviews} reviews gave a valid choice, "
        f"{measured.repaired} after a repair\n"
        f"  median {measured.median_s:.1f} s, slowest {measured.slowest_s:.1f} s; "
        f"processor time in this process {measured.median_cpu_s:.1f} s\n"
        f"  median prompt {measured.prompt_tokens} tokens, {measured.cached_tokens} of them cached; "
        f"answer {measured.output_tokens} tokens\n"
        f"  largest brief at most {measured.brief_tokens} tokens, limit {measured.brief_limit}",
    )


def measure(model: LoadedModel, reviews: int, deadline_s: float) -> ModelBench:
    """Review briefs of one day of a shipped home; the first one, which warms the model up, is not counted."""
    briefs = list(_briefs(reviews + 1))
    review = make_reviewer(model, deadline_s)
    timed = [_timed(review, brief) for brief in briefs][1:]
    answers = [answer for answer, _ in timed]
    chosen = [answer for answer in answers if isinstance(answer, Chosen)]
    return ModelBench(
        model=model.label,
        reviews=len(answers),
        valid=len(chosen),
        repaired=sum(answer.repaired for answer in chosen),
        median_s=statistics.median(answer.seconds for answer in answers),
        slowest_s=max(answer.seconds for answer in answers),
        median_cpu_s=statistics.median(cpu_s for _, cpu_s in timed),
        prompt_tokens=_median(chosen, "prompt_tokens"),
        cached_tokens=_median(chosen, "cached_tokens"),
        output_tokens=_median(chosen, "output_tokens"),
        brief_tokens=max(most_tokens(brief.render()) for brief in briefs),
        brief_limit=MAX_BRIEF_TOKENS,
    )


def _timed(review: Callable[[Brief], Chosen | NoChoice], brief: Brief) -> tuple[Chosen | NoChoice, float]:
    began = time.process_time()
    return review(brief), time.process_time() - began


def _median(chosen: Sequence[Chosen | NoChoice], name: str) -> int | None:
    known = [value for answer in chosen if (value := getattr(answer, name)) is not None]
    return int(statistics.median(known)) if known else None


def _briefs(count: int) -> Iterator[Brief]:
    history = shipped_history(shipped_homes()[0])
    home, known = history.home, history.days[:_HISTORY_DAYS]
    with tempfile.TemporaryDirectory() as folder:
        store = store_of(Path(folder))
        store.append(home.name, known)
        with index_of(Path(folder)) as index:
            recall = Recall(home, store, index, _STEP)
            for number in range(count):
                yield _brief(situation(home, known, recall, number * _EVERY_SLOTS), number)


def _brief(at: Situation, number: int) -> Brief:
    """The brief of a situation, with a charge and a note that differ from one to the next."""
    assert isinstance(at.snapshot, Snapshot)  # noqa: S101 (bench situations have one)
    snapshot = replace(at.snapshot, soc=_SOC[number % len(_SOC)])
    notes = ("guests tonight, keep some for the evening",) if number % 2 else ()
    changed = replace(at, snapshot=snapshot, notes=notes)
    return make_brief(changed, think(changed, snapshot))
