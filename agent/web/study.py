"""A study of panels and batteries, asked for on the page: its form, how far it is, and its report.

Who plays it is handed in: this room knows the form alone.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from agent.decision.constraint_words import Language
from agent.decision.wording.problem_words import in_language
from agent.views.schemas import Problem
from agent.web.access import BEARER, STUDY_REPORTS
from agent.web.source import ApiSource
from agent.web.spoken import spoken

_BUSY = "a study is being played already: wait for it or cancel it"
Answer = Annotated[str, Field(max_length=200)]


class _StudyBody(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StudyForm(_StudyBody):
    """What a person typed; who plays the study reads it."""

    place: Answer = ""
    people: Answer = "3"
    floor_m2: Answer = "110"
    heating: Answer = "other"
    cooling: bool = False
    car: bool = False
    kwp: Answer = "0; 5"
    battery_kwh: Answer = "0; 5; 10"
    tariffs: tuple[Answer, ...] = Field(default=(), max_length=4)
    # Where it is paid in the currency of the assumed prices, an empty one is that.
    battery_price: Answer = ""
    panel_price: Answer = ""
    subsidy: Answer = "0"


class StudyProgress(_StudyBody):
    """How far a study is: its step, the share that is done, seconds left, the answer so far and the report's name."""

    running: bool = False
    step: str | None = None
    done: int = 0
    total: int = 0
    share: float = 0.0
    left_s: float | None = None
    answer: str | None = None
    final: bool = False
    report: str | None = None
    failed: str | None = None


class StudyView(_StudyBody):
    """The form as it is offered, and the study that was asked for last."""

    form: StudyForm
    tariffs: tuple[str, ...]
    progress: StudyProgress


class StudyFaults(_StudyBody):
    """What is wrong with a form, by its fields, each in a sentence; empty where nothing is."""

    error: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class StudyReport:
    """A page that holds its own script and style, and those two again, which alone may run in it."""

    html: str
    script: str
    style: str


class StudyDesk(Protocol):
    """Whoever plays studies, one at a time."""

    def offered(self) -> tuple[StudyForm, tuple[str, ...]]:
        """The form with what is usual, and the tariffs to choose from."""

    def faults(self, form: StudyForm, language: Language) -> Mapping[str, str]:
        """What is wrong with a form, by its fields; empty where a study can begin."""

    def start(self, form: StudyForm, language: Language) -> Mapping[str, str]:
        """Begin a study; where the form cannot be, what is wrong by its fields, and nothing is begun."""

    def progress(self) -> StudyProgress:
        """How far the newest study is."""

    def cancel(self) -> None:
        """End the study that is being played, if one is."""

    def report(self, name: str) -> StudyReport | None:
        """The report of a name; None where there is none."""


def study_routes(source: ApiSource, desk: StudyDesk) -> APIRouter:
    """A study under `/v1/study`; the name of a report is a secret of its own, so that a browser can open it."""
    router = APIRouter(prefix="/v1/study", tags=["study"])

    @router.get("")
    def get_study(request: Request) -> StudyView:
        """The form as it is offered, and how far the newest study is."""
        form, tariffs = desk.offered()
        return StudyView(form=form, tariffs=tariffs, progress=_spoken(desk, spoken(request, source.language)))

    @router.post(
        "",
        status_code=202,
        responses={401: {"model": Problem}, 409: {"model": Problem}, 422: {"model": StudyFaults}},
        dependencies=[Depends(BEARER)],
        response_model=StudyProgress,
    )
    def post_study(request: Request, body: StudyForm) -> StudyProgress | JSONResponse:
        """Begin a study; the token is needed, and one is played at a time."""
        language = spoken(request, source.language)
        if desk.progress().running:
            raise HTTPException(409, _BUSY)
        if faults := desk.start(body, language):
            return JSONResponse(_told(faults, language).model_dump(), status_code=422)
        return _spoken(desk, language)

    @router.post("/check", responses={401: {"model": Problem}}, dependencies=[Depends(BEARER)])
    def post_check(request: Request, body: StudyForm) -> StudyFaults:
        """What is wrong with a form, by its fields; nothing is begun. The token is needed."""
        language = spoken(request, source.language)
        return _told(desk.faults(body, language), language)

    @router.post("/cancel", responses={401: {"model": Problem}}, dependencies=[Depends(BEARER)])
    def post_cancel(request: Request) -> StudyProgress:
        """End the study that is being played; the token is needed."""
        desk.cancel()
        return _spoken(desk, spoken(request, source.language))

    @router.get(STUDY_REPORTS.removeprefix("/v1/study") + "{name}", response_class=Response)
    def get_report(name: str) -> Response:
        """The report of a study, as a page."""
        found = desk.report(name)
        if found is None:
            raise HTTPException(404, "there is no such report: see /v1/study")
        headers = {"content-security-policy": _policy(found), "cache-control": "no-store"}
        return Response(found.html, media_type="text/html; charset=utf-8", headers=headers)

    return router


def _spoken(desk: StudyDesk, language: Language) -> StudyProgress:
    now = desk.progress()
    return now if now.failed is None else now.model_copy(update={"failed": in_language(now.failed, language)})


def _told(faults: Mapping[str, str], language: Language) -> StudyFaults:
    said = {name: _sentence(fault, language) for name, fault in faults.items()}
    return StudyFaults(error="; ".join(said.values()), fields=said)


def _sentence(fault: str, language: Language) -> str:
    said = in_language(fault, language)
    return f"{said[:1].upper()}{said[1:].rstrip('.')}."


def _policy(report: StudyReport) -> str:
    """The report's own script and style may run in it, and nothing else."""
    return (
        f"default-src 'none'; script-src {_digest(report.script)}; style-src {_digest(report.style)}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
