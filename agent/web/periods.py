"""Weeks, months and years over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from agent.views.schemas import PeriodView, Problem
from agent.web.period_figures import Grain, Periods
from agent.web.source import ApiSource

Day = Annotated[date, Query(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]


def period_routes(source: ApiSource) -> APIRouter:
    """What a longer time brought and cost: from memory and journal."""
    router = APIRouter(prefix="/v1", tags=["past"], responses={503: {"model": Problem}})
    periods = Periods(source.asker.sources)

    @router.get("/periods/{grain}")
    def get_period(grain: Grain, day: Day | None = None) -> PeriodView | None:
        """The week, month or year that a day (else today) is in, or `all` that is known; null before the first day."""
        now = source.shown().now
        return periods.of(grain, day, now) if now is not None else None

    return router
