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
    """Prepare a mandate (a lender). Nothing is lent under it until it is signed: with its own key; or by one in
    custody, at once, or once a second person has approved (``proposal_id``) where the lender has several."""
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
    return MandateOut.of(made)


@router.get("")
def list_mandates(ctx: Ctx, actor: Acting, window: Paged) -> Page[MandateOut]:
    """A lender's own mandates, in the order of making."""
    return page(
        window,
        lambda after, limit: mandates.list_(ctx, actor, after=after, limit=limit),
        MandateOut.of,
        lambda seen: seen.id,
    )


@router.get("/{mandate_id}")
def get_mandate(ctx: Ctx, actor: Acting, mandate_id: Id) -> MandateOut:
    """One mandate, with what is held and used of it."""
    return MandateOut.of(mandates.get(ctx, actor, mandate_id))


@router.post("/{mandate_id}/signature", status_code=200)
def sign(ctx: Ctx, actor: Acting, mandate_id: Id, body: SignatureIn) -> MandateOut:
    """Bring the lender's signature over ``typed_data``: from now on the mandate holds."""
    return MandateOut.of(mandates.sign(ctx, actor, mandate_id, body.signature))


@router.post("/{mandate_id}/revoke", status_code=200)
def revoke(ctx: Ctx, actor: Acting, mandate_id: Id) -> MandateOut:
    """Revoke a mandate. Nothing new goes out under it, accepted offers that aren't paid out included; what was lent
    stands. It holds at once; sign ``revocation`` (a key in custody has) so that loans' evidence can show it."""
    return MandateOut.of(mandates.revoke(ctx, actor, mandate_id))


@router.post("/{mandate_id}/revocation/signature", status_code=200)
def sign_revocation(ctx: Ctx, actor: Acting, mandate_id: Id, body: SignatureIn) -> MandateOut:
    """Bring the lender's signature over ``revocation``."""
    return MandateOut.of(mandates.sign_revocation(ctx, actor, mandate_id, body.signature))
