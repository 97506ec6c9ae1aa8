"""`python -m advisor.study.child`: one study in a process of its own, for the page.

What to play comes on standard input; how far it is goes to standard output, a JSON object a line. When standard input
closes, its starter has ended or wants it to: then it takes all its processes along.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from advisor.study.asking import StudyAsked, wishes_of
from advisor.study.estimate import RestEstimate
from advisor.study.run import StudyRun, studies, write_report
from energy.errors import AdvisorError
from eval.study.report.html_page import report_html
from eval.study.report.telling import answer_text
from eval.study.report.words import words_in

# Decisions of the service beside it come first.
_NICENESS = 19


def main() -> None:
    """Play what the first line of standard input asks for."""
    os.nice(_NICENESS)
    if os.getpgrp() != os.getpid():
        os.setsid()
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_starter, daemon=True).start()
    try:
        play(order, say)
    except AdvisorError as err:
        say({"failed": str(err)})


def play(order: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> None:
    """Play an order, and say how far it is, its answers and where the report stands."""
    asked = StudyAsked(place=order["place"], language=order["language"], said=order["said"])
    wishes, out = wishes_of(asked, None), Path(order["out"])
    run = StudyRun(out, Path(order["cache"]), Path(), workers=order["workers"])
    estimate, words = RestEstimate(wishes), words_in(asked.words, wishes.currency)

    def tell(what: str, done: int, total: int) -> None:
        say(estimate.after(what, done, total))

    for study in studies(wishes, run, tell):
        write_report(out, report_html(study, asked.words))
        say({"answer": answer_text(study, words), "final": study.final})


def say(what: dict[str, Any]) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(what, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _end_with_the_starter() -> None:
    sys.stdin.read()
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
