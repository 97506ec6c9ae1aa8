"""What was answered once is not asked again: answers on disk, by the question and by the code that answered."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from energy.errors import DataError
from eval.study.play.answers import answer
from eval.study.play.jobs import Job, LiveJob, Result
from eval.study.play.results import LivedYear, PlayedSlots
from eval.sweep.sweep import Lost, Sweep

# Rooms whose code has a part in an answer; words and pictures of the report have none.
_ROOMS = ("energy", "ingest", "knowledge", "simulator")
_OWN = ("answers.py", "days.py", "foresight.py", "household.py", "jobs.py", "market.py", "results.py", "tariffs.py")


class AnswerCache:
    """Answers in one folder; a damaged one is asked anew, wherever the sweep asks.

    A sweep on other machines needs the folder at the same path on all of them.
    """

    def __init__(self, folder: Path, sweep: Sweep) -> None:
        self._folder, self._sweep = folder.resolve(), sweep
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def homes(self) -> Path:
        """Where lived years are kept."""
        return self._folder / "homes" / code_digest()[:12]

    def answers(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Result]]:
        """Each job with its answer: known ones at once, the others as they are done.

        Raises:
            DataError: a process that was asked ended.
        """
        wanted = dict.fromkeys(jobs)
        missing = []
        for job in wanted:
            known = self._known(job)
            if known is None:
                missing.append(job)
            else:
                yield job, known
        for job, result in self._sweep.map(answer, missing):
            if isinstance(result, Lost):
                raise DataError(f"a part of the study was lost ({result.detail}): start the same command again")
            self._keep(job, result)
            yield job, result

    def _known(self, job: Job) -> Result | None:
        path = self._path(job)
        kind = LivedYear if isinstance(job, LiveJob) else PlayedSlots
        try:
            return kind.model_validate_json(path.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def _keep(self, job: Job, result: Result) -> None:
        path = self._path(job)
        draft = path.with_suffix(".new")
        draft.write_text(result.model_dump_json(), encoding="utf-8")
        draft.replace(path)

    def _path(self, job: Job) -> Path:
        text = json.dumps([type(job).__name__, asdict(job), code_digest()], sort_keys=True, default=str)
        return self._folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"


@cache
def code_digest() -> str:
    """A digest of all code that has a part in an answer: other code, other answers."""
    digest = hashlib.sha256()
    for room in _ROOMS:
        root = Path(str(files(room)))
        for path in sorted([*root.rglob("*.py"), *root.rglob("*.toml")]):
            digest.update(path.read_bytes())
    here = Path(__file__).parent
    for name in _OWN:
        digest.update((here / name).read_bytes())
    for path in sorted((here.parents[1] / "collect").glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
