import threading
import time
from datetime import datetime

import pytest

from agent.service.background import Answered, Background, Job
from energy.errors import TransportError


def collected(background: Background, count: int) -> list[Answered]:
    found: list[Answered] = []
    for _ in range(500):
        found += background.answers()
        if len(found) >= count:
            return found
        time.sleep(0.01)
    pytest.fail(f"{len(found)} of {count} answers came")


def test_a_slow_question_holds_nobody_up_and_its_answer_comes_later() -> None:
    stop, go = threading.Event(), threading.Event()

    def slow(_now: datetime) -> object:
        go.wait(10)
        return "here"

    background = Background([Job("slow", 3600, slow, lambda _answer, _now: None)], stop)
    background.start()
    assert background.answers() == []
    go.set()
    assert [one.answer for one in collected(background, 1)] == ["here"]
    stop.set()


def test_what_fails_is_told_and_asked_again_beside_the_others() -> None:
    stop = threading.Event()

    def fails(_now: datetime) -> object:
        raise TransportError("nobody answers")

    def breaks(_now: datetime) -> object:
        raise ZeroDivisionError

    jobs = [Job(name, 0.0, ask, lambda _answer, _now: None) for name, ask in (("one", fails), ("two", breaks))]
    background = Background(jobs, stop)
    background.start()
    answers = collected(background, 4)
    stop.set()
    assert {(one.job.name, one.problem) for one in answers} == {
        ("one", "nobody answers"),
        ("two", "two: ZeroDivisionError"),
    }
