"""`python -m benchmarks edge`: what the service needs on this machine, and how large a language model fits it."""

import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass

import typer

from agent.llm.models import ModelSettings, load_model
from agent.llm.review import NoChoice
from agent.llm.trial_review import TrialReview, try_review
from benchmarks import answers, decision

_PATIENCE_S = 600.0
# What a review may take by default.
DEADLINE_S = 30.0
# Size of the embedded model's file: what other models are compared with.
_EMBEDDED_GB = 0.098
# Models that are worth trying, by the size of their 4-bit files.
_SIZES_GB = {"0.5B": 0.4, "1.5B": 1.0, "3B": 2.0, "4B": 2.6, "8B": 5.2}


@dataclass(frozen=True, slots=True)
class Edge:
    """Seconds and megabytes of this machine; `review_s` is one whole review by the embedded model, if there is one.

    `tokens_per_s` are those that it read and wrote in a second of the review.
    """

    machine: str
    cores: int
    start_cpu_s: float
    resident_mb: float
    decision_ms: float
    question_ms: float
    review_s: float | None
    tokens_per_s: float | None
    model_fits: str | None


def bench(*, model: bool, as_json: bool) -> None:
    """Measure and print."""
    found = measure(model=model)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    typer.echo(f"{found.machine}, {found.cores} cores")
    typer.echo(f"  from start to first decision: {found.start_cpu_s:.1f} processor seconds, {found.resident_mb:.0f} MB")
    typer.echo(f"  a decision: {found.decision_ms:.0f} ms; a question: {found.question_ms:.0f} ms to the first word")
    if found.review_s is not None:
        rate = "" if found.tokens_per_s is None else f", {found.tokens_per_s:.0f} tokens a second"
        typer.echo(f"  a review by the embedded 135M model: {found.review_s:.1f} s{rate}")
        typer.echo(f"  largest model that should answer within {DEADLINE_S:g} s: {found.model_fits or 'none'}")


def measure(*, model: bool) -> Edge:
    """Start in a process of its own, the rest in this one."""
    begun = subprocess.run(
        [sys.executable, "-m", "benchmarks.first_decision"], capture_output=True, check=True, text=True
    )
    started = json.loads(begun.stdout.splitlines()[-1])
    tried = _trial() if model else None
    return Edge(
        machine=f"{platform.machine()} {platform.system()}",
        cores=os.cpu_count() or 1,
        start_cpu_s=started["cpu_s"],
        resident_mb=started["resident_mb"],
        decision_ms=decision.measure().median_ms,
        question_ms=statistics.median(one.month_ms for one in answers.measure()),
        review_s=None if tried is None else tried.review_s,
        tokens_per_s=None if tried is None else tokens_per_s(tried),
        model_fits=None if tried is None else largest_that_fits(tried),
    )


def tokens_per_s(tried: TrialReview) -> float | None:
    """Tokens read and written in a second of a review; None where they were not counted."""
    answer = tried.answer
    if isinstance(answer, NoChoice) or answer.prompt_tokens is None or answer.output_tokens is None:
        return None
    return (answer.prompt_tokens + answer.output_tokens) / max(tried.review_s, 0.1)


def largest_that_fits(tried: TrialReview) -> str | None:
    """The largest model that should answer in time, by how long the embedded one took: time goes with size."""
    most_gb = tried.size_that_fits(_EMBEDDED_GB, DEADLINE_S)
    fitting = [name for name, size_gb in _SIZES_GB.items() if size_gb <= most_gb]
    return fitting[-1] if fitting else None


def _trial() -> TrialReview | None:
    loaded = load_model(ModelSettings.model_validate({"provider": "embedded", "timeout_s": _PATIENCE_S}))
    if loaded is None:
        return None
    try:
        return try_review(loaded, _PATIENCE_S)
    finally:
        loaded.close()
