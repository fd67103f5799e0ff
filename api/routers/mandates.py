"""Mandates: a lender's signed word under which its money goes out."""

from __future__ import annotations

from fastapi import APIRouter

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.common import Id
from api.schemas.mandates import MandateIn, MandateOut
from api.schemas.parties import SignatureIn
from chainfin.services.lending import mandates

router = APIRouter(prefix="/v1/mandates", tags=["mandates"], route_class=OnceRoute)


@router.post("", status_code=201)
def prepare(ctx: Ctx, actor: Acting, body: MandateIn) -> MandateOut:
    """Prepare a mandate (a lender). Nothing is lent under it until it is signed."""
    made = mandates.prepare(
        ctx,
        actor,
        products=body.products,
        amount=body.amount.money("/amount/amount"),
        grades=body.grades,
        rate_floor=body.rate_floor,
        not_before=body.not_before,
        expires_at=body.expires_at,
    )
    return MandateOut.of(mandates.get(ctx, actor, made.id))


@router.get("")
def list_mandates(ctx: Ctx, actor: Acting, window: Paged) -> Page[MandateOut]:
    """A lender's own mandates, in the order of making."""
    return page(
        window,
        lambda after, limit: mandates.list_(ctx, actor, after=after, limit=limit),
        MandateOut.of,
        lambda standing: standing.row.id,
    )


@router.get("/{mandate_id}")
def get_mandate(ctx: Ctx, actor: Acting, mandate_id: Id) -> MandateOut:
    """One mandate, with what is held and used of it."""
    return MandateOut.of(mandates.get(ctx, actor, mandate_id))


@router.post("/{mandate_id}/signature", status_code=200)
def sign(ctx: Ctx, actor: Acting, mandate_id: Id, body: SignatureIn) -> MandateOut:
    """Bring the lender's signature over ``typed_data``: from now on the mandate holds."""
    mandates.sign(ctx, actor, mandate_id, body.signature)
    return MandateOut.of(mandates.get(ctx, actor, mandate_id))


@router.post("/{mandate_id}/revoke", status_code=200)
def revoke(ctx: Ctx, actor: Acting, mandate_id: Id) -> MandateOut:
    """Nothing new goes out under it, accepted offers that aren't paid out included. What was lent stands."""
    mandates.revoke(ctx, actor, mandate_id)
    return MandateOut.of(mandates.get(ctx, actor, mandate_id))
