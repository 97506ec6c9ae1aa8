"""The page's studies: one at a time, each in a process of its own that yields to the service and ends with it."""

import json
import logging
import os
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import IO, Any, Self

from advisor.study.asking import StudyAsked
from advisor.study.form import FormFaults, asked_by
from agent.decision.constraint_words import Language
from agent.web.study import StudyForm, StudyProgress, StudyReport
from eval.study.play.tariffs import fitting_tariffs

_log = logging.getLogger(__name__)
# A study takes minutes; one that takes hours is one too many.
_LONGEST_S = 2 * 3600.0
_NAME = re.compile(r"[0-9a-f]{32}")
_ENDS_S = 10


class ProcessDesk:
    """Studies under a folder: what was played is kept in it, and the newest report."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._now, self._form = StudyProgress(report=self._newest()), StudyForm()

    def __enter__(self) -> Self:
        """Nothing runs until it is asked for."""
        return self

    def __exit__(self, *_: object) -> None:
        """The study that is being played ends."""
        self.cancel()

    def offered(self) -> tuple[StudyForm, tuple[str, ...]]:
        """The form as it was sent last, else with what is usual, and the tariffs that can be simulated."""
        return self._form, fitting_tariffs()

    def faults(self, form: StudyForm, language: Language) -> Mapping[str, str]:
        """What is wrong with a form, by its fields."""
        asked = asked_by(form, language)
        return asked.fields if isinstance(asked, FormFaults) else {}

    def start(self, form: StudyForm, language: Language) -> Mapping[str, str]:
        """Begin a study, unless the form cannot be: then what is wrong, by its fields."""
        asked = asked_by(form, language)
        if isinstance(asked, FormFaults):
            return asked.fields
        with self._lock:
            if not self._now.running:
                self._form = form
                self._begin(asked)
        return {}

    def progress(self) -> StudyProgress:
        """How far the newest study is."""
        with self._lock:
            return self._now

    def cancel(self) -> None:
        """End the study that is being played; what it has played so far is kept."""
        with self._lock:
            child, self._child = self._child, None
            if child is not None:
                self._now = StudyProgress(report=self._now.report, answer=self._now.answer)
        if child is not None:
            _end(child)

    def report(self, name: str) -> StudyReport | None:
        """The report of a name."""
        if not _NAME.fullmatch(name) or not (path := self._reports / f"{name}.html").is_file():
            return None
        from eval.study.report.page_files import page_file  # noqa: PLC0415 (only who reads a report pays for it)

        return StudyReport(path.read_text(encoding="utf-8"), page_file("report.js"), page_file("report.css"))

    @property
    def _reports(self) -> Path:
        return self._folder / "reports"

    def _newest(self) -> str | None:
        """The report that an earlier run of the service left."""
        known = sorted(self._reports.glob("*.html"), key=lambda path: path.stat().st_mtime)
        return known[-1].stem if known else None

    def _begin(self, asked: StudyAsked) -> None:
        """A process for the study, and a thread that listens to it."""
        name = secrets.token_hex(16)
        self._now = StudyProgress(running=True)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / "study.log").open("w", encoding="utf-8") as log:
                child = _process(log)
            _order(child, asked, out=self._reports / f"{name}.html", cache=self._folder / "played")
        except OSError as err:
            self._now = StudyProgress(failed=f"the study cannot be started: {err.strerror or err}")
            return
        self._child = child
        threading.Thread(target=self._listen, args=(child, name), name="study", daemon=True).start()

    def _listen(self, child: "subprocess.Popen[str]", name: str) -> None:
        """Follow the process line by line to its end, and end it if it takes too long."""
        timer = threading.Timer(_LONGEST_S, _end, args=(child,))
        timer.daemon = True
        timer.start()
        with child.stdout or nullcontext(()) as lines:
            for line in lines:
                self._hear(child, json.loads(line), name)
        code = child.wait()
        timer.cancel()
        _end(child)
        with self._lock:
            if self._child is child:
                self._child = None
                self._now = self._ended(code)

    def _hear(self, child: "subprocess.Popen[str]", told: dict[str, Any], name: str) -> None:
        with self._lock:
            if self._child is not child:
                return
            if "answer" in told:
                told["report"] = name
                self._forget_others(name)
            self._now = StudyProgress.model_validate({**self._now.model_dump(), **told})

    def _ended(self, code: int) -> StudyProgress:
        finished = self._now.final or self._now.failed is not None
        if not finished:
            _log.warning("a study's process ended with exit code %d: see %s", code, self._folder / "study.log")
        failed = self._now.failed if finished else f"the study ended before its time (exit code {code}): start it again"
        return self._now.model_copy(update={"running": False, "failed": failed, "left_s": None})

    def _forget_others(self, name: str) -> None:
        for path in self._reports.glob("*.html"):
            if path.stem != name:
                path.unlink(missing_ok=True)


def _process(log: IO[str]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "advisor.study.child"]
    return subprocess.Popen(  # noqa: S603 (our own module)
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
    )


def _order(child: "subprocess.Popen[str]", asked: StudyAsked, *, out: Path, cache: Path) -> None:
    order = {"place": asked.place, "language": asked.language, "said": asked.said}
    # A processor is left to the service.
    workers = max((os.cpu_count() or 1) - 1, 1)
    line = json.dumps(order | {"out": str(out), "cache": str(cache), "workers": workers})
    if child.stdin is not None:
        child.stdin.write(line + "\n")
        child.stdin.flush()


def _end(child: "subprocess.Popen[str]") -> None:
    """Standard input closed is the end of the child and of all its processes."""
    if child.stdin is not None:
        with suppress(BrokenPipeError):
            child.stdin.close()
    try:
        child.wait(_ENDS_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
