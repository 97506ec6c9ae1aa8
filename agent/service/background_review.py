"""A model's review beside the loop: messages, switches and sensors go on while it thinks."""

import time
from queue import Empty, SimpleQueue
from threading import Thread

from agent.decision.decide import Reviewer, Situation, ask_reviewer
from agent.llm.review import Brief, Chosen, NoChoice


class BackgroundReview:
    """One question to a model; its answer is taken up by a later decision, which is made from what is known then."""

    def __init__(self, situation: Situation, reviewer: Reviewer, limit_s: float) -> None:
        self.trigger = situation.trigger
        self._limit_s = limit_s
        self._began_s = time.monotonic()
        self._answers: SimpleQueue[Reviewer | None] = SimpleQueue()
        Thread(target=self._ask, args=(situation, reviewer), name="review", daemon=True).start()

    def done(self) -> tuple[bool, Reviewer | None]:
        """Whether there is an answer, or none in time, and a reviewer that gives it."""
        try:
            return True, self._answers.get_nowait()
        except Empty:
            late = time.monotonic() - self._began_s > self._limit_s
            return late, self._late if late else None

    def _ask(self, situation: Situation, reviewer: Reviewer) -> None:
        try:
            self._answers.put(ask_reviewer(situation, reviewer))
        except Exception as err:  # noqa: BLE001 (a thread's fault is the answer that it did not give)
            passed_s = time.monotonic() - self._began_s
            failed = NoChoice("failed", f"{type(err).__name__}: {err}"[:200], "unknown", passed_s)
            self._answers.put(lambda _brief: failed)

    def _late(self, _brief: Brief) -> Chosen | NoChoice:
        return NoChoice("late", f"no answer within {self._limit_s:g} s in all", "unknown", self._limit_s)
