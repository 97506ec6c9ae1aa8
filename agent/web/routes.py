"""What can be asked of the service under `/v1`: its state, its plan and its past, and a decision now."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from agent.views.schemas import (
    ActingChange,
    DecisionLine,
    Health,
    PlanView,
    Problem,
    SensorReport,
    SimilarDays,
    Status,
    Today,
    Why,
    Wished,
)
from agent.views.service_state import ActingWish
from agent.views.status import NewestPlan, health, next_allowed, sensors, similar_days, status
from agent.views.today import TodayView
from agent.web.access import BEARER
from agent.web.decision_log import DecisionLog
from agent.web.metrics import Figures
from agent.web.source import ApiSource
from agent.web.spoken import spoken
from agent.web.streaming import NDJSON

_LOOK_EVERY_S = 0.5
_BEAT_EVERY = 30
_LISTENERS = 64


def state_routes(source: ApiSource) -> APIRouter:
    """Reading what is now and what is planned: from memory alone."""
    router = APIRouter(prefix="/v1", tags=["state"], responses={503: {"model": Problem}})
    plan_view, figures = NewestPlan(), Figures(source.shared_state)

    @router.get("/status")
    async def get_status(request: Request) -> Status:
        """The house and its advisor now."""
        wished = source.shared_state.decision_wished
        return status(source.shown(), decision_wished=wished, language=spoken(request, source.language))

    @router.get("/snapshot")
    async def get_snapshot(request: Request) -> SensorReport:
        """Every sensor's newest reading, with its age and what is wrong with it."""
        return sensors(source.shown(), spoken(request, source.language))

    @router.get("/plan", responses={404: {"model": Problem}})
    async def get_plan() -> PlanView:
        """What is expected slot by slot if the schedule in force is followed."""
        plan = plan_view.of(source.shown())
        if plan is None:
            raise HTTPException(404, "there is no plan: the newest decision gave no command; see /v1/status")
        return plan

    @router.get("/days")
    async def get_days(request: Request) -> SimilarDays:
        """The similar days that the plan rests on."""
        return similar_days(source.shown(), spoken(request, source.language))

    @router.get("/health", responses={503: {"model": Health}})
    async def get_health(request: Request, response: Response) -> Health:
        """200 where decisions and commands come, else 503 and why."""
        checked = health(source.shared_state.shown, spoken(request, source.language))
        response.status_code = 200 if checked.ok else 503
        return checked

    @router.get("/metrics", response_class=Response)
    async def get_metrics() -> Response:
        """Figures for Prometheus."""
        return Response(figures.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


def past_routes(source: ApiSource, log: DecisionLog) -> APIRouter:
    """Reading what was measured and decided: from the journal."""
    router = APIRouter(prefix="/v1", tags=["past"], responses={503: {"model": Problem}})

    view = TodayView()

    @router.get("/today")
    def get_today() -> Today:
        """The local day so far: finished slots, and the bill beside plain self-consumption and the bound."""
        so_far = view.of(source.shown(), lambda since: log.lines(since=since, until=None, limit=400))
        if so_far is None:
            raise HTTPException(503, "no readings from the house yet: its day is not known")
        return so_far

    @router.get("/decisions")
    def get_decisions(
        request: Request,
        since: AwareDatetime | None = None,
        until: AwareDatetime | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 96,
    ) -> list[DecisionLine]:
        """Decisions, newest first."""
        source.shown()
        return log.lines(since=since, until=until, limit=limit, language=spoken(request, source.language))

    @router.get("/decisions/{decision_id}", responses={404: {"model": Problem}})
    def get_decision(request: Request, decision_id: str) -> Why:
        """All that led to one decision."""
        why = log.why(decision_id, spoken(request, source.language))
        if why is None:
            raise HTTPException(404, f"there is no decision {decision_id[:64]!r}: see /v1/decisions")
        return why

    return router


def live_routes(source: ApiSource) -> APIRouter:
    """Following the service."""
    router = APIRouter(prefix="/v1", tags=["live"], responses={503: {"model": Problem}})
    listeners = 0

    async def changes(request: Request) -> AsyncIterator[bytes]:
        nonlocal listeners
        listeners += 1
        try:
            seen, quiet = None, 0
            while not await request.is_disconnected():
                shown = source.shared_state.shown
                if shown is not None and (shown is not seen or quiet >= _BEAT_EVERY):
                    seen, quiet = shown, 0
                    wished = source.shared_state.decision_wished
                    now = status(shown, decision_wished=wished, language=spoken(request, source.language))
                    yield orjson.dumps(now.model_dump(mode="json")) + b"\n"
                quiet += 1
                await asyncio.sleep(_LOOK_EVERY_S)
        finally:
            listeners -= 1

    @router.get("/live", response_class=StreamingResponse, responses={200: {"content": {NDJSON: {}}}})
    async def get_live(request: Request) -> StreamingResponse:
        """The status, one JSON object a line, whenever it changes; at least every quarter of a minute."""
        source.shown()
        if listeners >= _LISTENERS:
            raise HTTPException(503, f"{_LISTENERS} others are listening: close a page or ask /v1/status")
        return StreamingResponse(changes(request), media_type=NDJSON)

    return router


def change_routes(source: ApiSource) -> APIRouter:
    """Asking the service to decide, and to act or not."""
    router = APIRouter(prefix="/v1", tags=["live"], responses={503: {"model": Problem}})

    @router.post("/decide", status_code=202, responses={401: {"model": Problem}}, dependencies=[Depends(BEARER)])
    async def post_decide() -> Wished:
        """Decide as soon as the pause between commands allows; the token is needed."""
        shown = source.shown()
        source.shared_state.wish_decision()
        return Wished(not_before=next_allowed(shown, source.pause))

    @router.post("/acting", status_code=202, responses={401: {"model": Problem}}, dependencies=[Depends(BEARER)])
    async def post_acting(body: ActingChange) -> Wished:
        """Send commands, only advise, or stay off, for some hours or until it is changed; the token is needed."""
        shown = source.shown()
        if shown.now is None:
            raise HTTPException(503, "no readings from the house yet: its clock, which notes go by, is not known")
        source.shared_state.wish_acting(ActingWish(body.acting, body.hours))
        return Wished(not_before=next_allowed(shown, source.pause))

    return router
