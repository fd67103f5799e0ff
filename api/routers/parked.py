"""What was put aside because it could not be understood or applied: seen, tried again, resolved (operator)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.common import Id
from api.schemas.parked import ParkedOut, ResolveIn
from chainfin.services.oversight import parked

router = APIRouter(prefix="/v1/parked", tags=["parked"], route_class=OnceRoute)

Status = Annotated[Literal["open", "retried", "resolved"] | None, Query(description="only those of this status")]


@router.get("")
def list_parked(ctx: Ctx, actor: Acting, window: Paged, status: Status = None) -> Page[ParkedOut]:
    """Parked items, the oldest first."""
    return page(
        window,
        lambda after, limit: parked.list_(ctx, actor, status=status, after=after, limit=limit),
        ParkedOut.of,
        lambda row: row.id,
    )


@router.post("/{parked_id}/retry", status_code=200)
def retry_parked(request: Request, ctx: Ctx, actor: Acting, parked_id: Id) -> ParkedOut:
    """Take it in again. If it still can't be, it stays open and says why."""
    return ParkedOut.of(parked.retry(ctx, actor, parked_id, request.app.state.retries))


@router.post("/{parked_id}/resolve", status_code=200)
def resolve_parked(ctx: Ctx, actor: Acting, parked_id: Id, body: ResolveIn) -> ParkedOut:
    """Close it, with what was done about it elsewhere; nothing is taken in."""
    return ParkedOut.of(parked.resolve(ctx, actor, parked_id, body.reason))
