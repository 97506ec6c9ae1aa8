"""A study from what was asked to the report: pieces played, first and final answers written."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from advisor.memory import known_history
from advisor.study.asking import StudyAsked, wishes_of
from agent.decision.wording.problem_words import in_language
from agent.web.page import texts_of
from energy.errors import DataError, SettingsError
from eval.study.answer import answer_of
from eval.study.play.cache import AnswerCache
from eval.study.play.wishes import Language, StudyWishes
from eval.study.report.html_page import report_html
from eval.study.report.json_view import study_json
from eval.study.report.telling import answer_text, panels_sentence
from eval.study.report.words import words_in
from eval.study.study import Player, Study
from eval.study.study import Progress as Tell
from eval.sweep.choice import sweep_on
from ingest.history.table import History

_STEPS = ("weather", "sizes", "homes", "years")


@dataclass(frozen=True, slots=True)
class StudyRun:
    """Where a study is played and what becomes of it; `quick` ends it with the first answer."""

    out: Path
    cache: Path
    memory: Path
    workers: int | None = None
    dask: str | None = None
    quick: bool = False
    as_json: bool = False


def run_study(asked: StudyAsked, run: StudyRun, command: str) -> None:
    """Play the study, print its answer and write the report, which names its command; the first answer at once.

    Raises:
        SettingsError: the place is not known, or something cannot be; in the study's language, as all that is wrong.
        DataError: the home's history is too short.
    """
    language = asked.words
    try:
        _run(asked, run, command, language)
    except SettingsError as err:
        raise SettingsError(in_language(str(err), language)) from err
    except DataError as err:
        raise DataError(in_language(str(err), language)) from err


def _run(asked: StudyAsked, run: StudyRun, command: str, language: Language) -> None:
    _check_writable(run.out)
    recorded = None if asked.home is None else known_history(asked.home, run.memory)
    wishes = wishes_of(asked, recorded)
    words, texts = words_in(language, wishes.currency), texts_of(language)
    study: Study | None = None
    with _progress(texts, quiet=run.as_json) as tell:
        for study in studies(wishes, run, tell, recorded=recorded):
            write_report(run.out, report_html(study, language, command=command))
            if not study.final and not run.as_json:
                typer.echo(f"{answer_text(study, words)}\n")
    if study is None:
        return
    if run.as_json:
        typer.echo(json.dumps(study_json(study, words), ensure_ascii=False))
        return
    said = [answer_text(study, words)] if study.final else []
    said += [panels_sentence(answer_of(study), words), f"{texts['study.written']}: {run.out}"]
    typer.echo("\n\n".join(filter(None, said)))


def studies(wishes: StudyWishes, run: StudyRun, tell: Tell, *, recorded: History | None = None) -> Iterator[Study]:
    """The study as it grows: the first answer, and the final one unless a quick one is enough."""
    workers = run.workers or os.cpu_count() or 1
    cache = AnswerCache(run.cache, sweep_on(workers if workers > 1 else 0, run.dask))
    for study in Player(wishes, cache, tell).study(recorded):
        yield study
        if run.quick:
            return


def _check_writable(out: Path) -> None:
    """See before minutes of simulation that the report can be written.

    Raises:
        SettingsError: it cannot.
    """
    if out.is_dir():
        raise SettingsError(f"--out {str(out)!r} is a folder: give a file, such as study.html")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as err:
        raise SettingsError(f"--out {str(out)!r} cannot be written ({err.strerror}): give another file") from err


def write_report(out: Path, page: str) -> None:
    """Put a page where readers find it whole."""
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f"{out.name}.new")
    draft.write_text(page, encoding="utf-8")
    draft.replace(out)


@contextmanager
def _progress(texts: Mapping[str, str], *, quiet: bool) -> Iterator[Tell]:
    """A bar on standard error with an estimate of what is left."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True, disable=quiet) as bar:
        tasks = {name: bar.add_task(texts[f"study.step.{name}"], total=None, visible=False) for name in _STEPS}

        def tell(what: str, done: int, total: int) -> None:
            bar.update(tasks[what], completed=done, total=total, visible=True)

        yield tell
