"""Closing a month's books."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from api.auth import Acting, Ctx
from api.route import OnceRoute
from api.schemas.common import Moment
from chainfin.services.books import periods
from chainfin.storage.ledger_tables import PeriodRow

router = APIRouter(prefix="/v1/periods", tags=["books"], route_class=OnceRoute)


class PeriodOut(BaseModel):
    """A month in which nothing is booked any more."""

    period: str
    last_day: dt.date
    closed_by: str
    closed_at: Moment

    @classmethod
    def of(cls, row: PeriodRow) -> PeriodOut:
        return cls.model_validate(row.model_dump())


class PeriodsOut(BaseModel):
    periods: list[PeriodOut]


@router.get("")
def list_periods(ctx: Ctx, actor: Acting) -> PeriodsOut:
    """The closed periods, oldest first."""
    return PeriodsOut(periods=[PeriodOut.of(row) for row in periods.closed(ctx)])


@router.post("/{period}/close", responses={409: {}})
def close_period(
    ctx: Ctx, actor: Acting, period: Annotated[str, Path(max_length=7, description="YYYY-MM")]
) -> PeriodOut:
    """Close a month (operator): what comes later keeps its value date and is booked on the first open day."""
    return PeriodOut.of(periods.close(ctx, actor, period))
