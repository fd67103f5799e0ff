"""Credit limits of a lender."""

from __future__ import annotations

from fastapi import APIRouter

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.lending import LimitIn, LimitOut
from chainfin.services.lending import limits
from chainfin.services.reads import queries

router = APIRouter(prefix="/v1/limits", tags=["limits"], route_class=OnceRoute)


@router.post("", status_code=200)
def set_limit(ctx: Ctx, actor: Acting, body: LimitIn) -> LimitOut:
    """Set one's own limit (a lender). Lowered below what is outstanding or promised it lets nothing
    new out until that has shrunk. Raised by a lender of two persons it waits for the second one (`proposal_id`)."""
    amount = body.amount.money("/amount/amount")
    return LimitOut.of(limits.set_(ctx, actor, kind=body.kind, key=body.key, amount=amount, grade=body.grade))


@router.get("")
def list_limits(ctx: Ctx, actor: Acting, window: Paged) -> Page[LimitOut]:
    """A lender's own limits, and those that are about oneself."""
    return page(
        window,
        lambda after, limit: queries.credit_limits(ctx, actor, after=after, limit=limit),
        LimitOut.of,
        lambda seen: seen.id,
    )
