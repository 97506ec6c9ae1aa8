"""Keeps the language model that settings name: there from the start, or looked for again while the planner goes on."""

import logging
import time
from collections.abc import Callable
from threading import Lock, Thread, Timer

from agent.llm.models import LoadedModel, ModelSettings, describe_failure, load_model
from agent.llm.review import Brief, Chosen, NoChoice, make_reviewer
from energy.errors import ModelError

_log = logging.getLogger(__name__)

_LOOK_AGAIN_S, _CLOSE_S = 300.0, 5.0
# A model is put into memory this long before the next review, or half way there where reviews are closer.
_LOAD_AHEAD_S = 600.0

Review = Callable[[Brief], Chosen | NoChoice]
MakeReview = Callable[[LoadedModel, float], Review]


class ReconnectingReviewer:
    """A reviewer that is always there: what cannot be had now is looked for in the background, and said once.

    The model is put into its server's memory when it is found, before each review where their pace is given, and after
    one that was late: a server throws an unfinished load away when the one who asked gives up.
    """

    def __init__(
        self,
        settings: ModelSettings,
        deadline_s: float,
        *,
        make: MakeReview = make_reviewer,
        look_again_s: float = _LOOK_AGAIN_S,
        review_every_s: float | None = None,
    ) -> None:
        self._settings = settings
        self._deadline_s = deadline_s
        self._make = make
        self._look_again_s = look_again_s
        self._review_every_s = review_every_s
        self._ahead: Timer | None = None
        self._loading = Lock()
        self._model: LoadedModel | None = None
        self._review: Review | None = None
        self._looking = Lock()
        self._closed = False
        self._looked_at = time.monotonic()
        self._problem = "the model is being looked for"
        self._first_look = self._begin_looking()

    def wait(self, longest_s: float) -> None:
        """Wait until the first look for the model is over, or for so long."""
        self._first_look.join(longest_s)

    @property
    def label(self) -> str:
        """The model's name; `none` while there is none."""
        return self._model.label if self._model else "none"

    @property
    def model(self) -> LoadedModel | None:
        """The model, while there is one."""
        return self._model

    def review(self, brief: Brief) -> Chosen | NoChoice:
        """Ask the model; without one, say why and look for it again."""
        if self._review is not None:
            answer = self._review(brief)
            if isinstance(answer, NoChoice) and answer.kind == "late":
                self._load_in_background()
            self._load_before_next()
            return answer
        if time.monotonic() - self._looked_at >= self._look_again_s:
            self._begin_looking()
        return NoChoice("unreachable", self._problem, "none", 0.0)

    def close(self) -> None:
        """Free what was started for the model."""
        self._closed = True
        if self._ahead is not None:
            self._ahead.cancel()
        # One who is still looking, at a server that hardly answers, closes what it finds by itself.
        if self._looking.acquire(timeout=_CLOSE_S):
            try:
                if self._model is not None:
                    self._model.close()
            finally:
                self._looking.release()

    def _begin_looking(self) -> Thread:
        thread = Thread(target=self._look, name="look for a model", daemon=True)
        thread.start()
        return thread

    def _look(self) -> None:
        if not self._looking.acquire(blocking=False):
            return
        try:
            self._looked_at = time.monotonic()
            model, problem = _load(self._settings)
            if model is None:
                self._say(problem)
                return
            if self._closed:
                model.close()
                return
            # In this order: whoever sees the model's name can ask it already.
            self._review = self._make(model, self._deadline_s)
            self._model, self._problem = model, ""
            _log.info("the model %s reviews the plan", model.label)
            self._load_in_background()
        finally:
            self._looking.release()

    def _load_before_next(self) -> None:
        if self._review_every_s is None or self._closed:
            return
        if self._ahead is not None:
            self._ahead.cancel()
        wait_s = max(self._review_every_s - _LOAD_AHEAD_S, self._review_every_s / 2)
        self._ahead = Timer(wait_s, self._load_in_background)
        self._ahead.daemon = True
        self._ahead.start()

    def _load_in_background(self) -> None:
        Thread(target=self._load_now, name="load the model", daemon=True).start()

    def _load_now(self) -> None:
        model = self._model
        if model is None or self._closed or not self._loading.acquire(blocking=False):
            return
        try:
            model.preload()
        except Exception as err:  # noqa: BLE001 (whatever a client library raises must not end the service)
            _log.info("the model could not be loaded ahead: %s", describe_failure(err, model.label)[1])
        finally:
            self._loading.release()

    def _say(self, problem: str) -> None:
        if problem != self._problem:
            _log.warning("%s; until then the planner decides alone", problem)
        self._problem = problem


def _load(settings: ModelSettings) -> tuple[LoadedModel | None, str]:
    try:
        model = load_model(settings)
    except ModelError as err:
        return None, str(err)
    return model, "" if model else "no language model is available"
