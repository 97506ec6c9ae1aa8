"""The bill of a month under `/v1`, line by line, in the reader's language."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request

from agent.language.answers.bill_words import line_detail, line_label, remarks
from agent.language.text import Language
from agent.queries import HouseholdBill, billed_months, monthly_bill
from agent.views.schemas import MonthBillLine, MonthBillView, Problem
from agent.web.source import ApiSource
from agent.web.spoken import spoken
from energy.billing.lines import BillLine


def bill_routes(source: ApiSource) -> APIRouter:
    """Reading bills from what the journal holds of the meter."""
    router = APIRouter(prefix="/v1", tags=["past"], responses={503: {"model": Problem}})

    @router.get("/bill", responses={404: {"model": Problem}})
    def get_bill(
        request: Request, month: Annotated[str | None, Query(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")] = None
    ) -> MonthBillView | None:
        """The bill of a billing month, named by the month it begins in (2026-03); by default the newest that there is.

        Null where nothing was metered yet. Words are in the language of `Accept-Language`.
        """
        sources = source.asker.sources
        now = source.shown().now or datetime.now(UTC)
        periods = {f"{period.first:%Y-%m}": period for period in billed_months(sources, now)}
        wanted = month or next(iter(periods), None)
        if wanted is None:
            return None
        found = monthly_bill(sources, periods[wanted], now) if wanted in periods else None
        if found is None:
            raise HTTPException(
                404,
                f"nothing was metered in {wanted}: there are bills of {', '.join(periods) or 'no month'}",
            )
        return _shown(found, tuple(periods), spoken(request, source.language))

    return router


def _shown(found: HouseholdBill, months: tuple[str, ...], language: Language) -> MonthBillView:
    bill = found.rounded
    return MonthBillView(
        month=f"{bill.period.first:%Y-%m}",
        first=bill.period.first,
        last=bill.period.last,
        tariff=found.tariff,
        currency=found.currency,
        complete=bill.complete,
        days_billed=bill.days_billed,
        days=bill.period.days,
        import_kwh=round(bill.import_kwh, 3),
        export_kwh=round(bill.export_kwh, 3),
        lines=tuple(_line(line, language, found.decimals) for line in bill.lines),
        total=round(bill.total, 2),
        remarks=tuple(remarks(found, language)),
        months=months,
    )


def _line(line: BillLine, language: Language, decimals: int) -> MonthBillLine:
    return MonthBillLine(
        kind=line.kind,
        name=line.name,
        period=line.period,
        label=line_label(line.kind, line.name, line.period, language),
        detail=line_detail(line, language, decimals),
        amount=line.amount,
        quantity=line.quantity,
        unit=line.unit,
        per_unit=line.per_unit,
    )
