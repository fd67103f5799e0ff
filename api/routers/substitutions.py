"""Pledged goods that are sold, and the receivable of their sale in their place."""

from __future__ import annotations

from fastapi import APIRouter, Body
from starlette.responses import Response

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.common import Id, quantity
from api.schemas.lending import AcceptIn
from api.schemas.pledges import SubstitutionIn, SubstitutionOut
from chainfin.services.pledges import substitution

router = APIRouter(prefix="/v1/substitutions", tags=["substitutions"], route_class=OnceRoute)


@router.post("", status_code=202)
def offer(ctx: Ctx, actor: Acting, body: SubstitutionIn, response: Response) -> SubstitutionOut:
    """The lender would take the receivable of a sale for goods pledged to it; its pledgor has to grant it."""
    made = substitution.offer(
        ctx,
        actor,
        sold_id=body.sold_pledge_id,
        quantity=quantity(body.quantity, "/quantity"),
        receivable_id=body.receivable_id,
        amount=body.amount.money("/amount/amount"),
    )
    response.headers["Location"] = f"/v1/substitutions/{made.pledge_id}"
    return SubstitutionOut.of(made)


@router.get("")
def list_substitutions(ctx: Ctx, actor: Acting, window: Paged) -> Page[SubstitutionOut]:
    """Substitutions of which one is lender or pledgor."""
    return page(
        window,
        lambda after, limit: substitution.list_(ctx, actor, after=after, limit=limit),
        SubstitutionOut.of,
        lambda seen: seen.pledge_id,
    )


@router.get("/{substitution_id}")
def get_substitution(ctx: Ctx, actor: Acting, substitution_id: Id) -> SubstitutionOut:
    """How far a substitution is; the pledgor finds in ``act`` what it has to sign."""
    return SubstitutionOut.of(substitution.get(ctx, actor, substitution_id))


@router.post("/{substitution_id}/accept", status_code=202)
def accept(
    ctx: Ctx, actor: Acting, substitution_id: Id, body: AcceptIn = Body(default_factory=AcceptIn)
) -> SubstitutionOut:
    """The pledgor grants the new pledge with its EIP-712 signature; registry, lender and chain follow."""
    return SubstitutionOut.of(substitution.accept(ctx, actor, substitution_id, body.signature))


@router.post("/{substitution_id}/withdrawal")
def withdraw(ctx: Ctx, actor: Acting, substitution_id: Id) -> SubstitutionOut:
    """The lender takes its offer back, or the pledgor declines it."""
    return SubstitutionOut.of(substitution.withdraw(ctx, actor, substitution_id))
