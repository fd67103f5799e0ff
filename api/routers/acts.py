"""Acts: what a party has to sign, and what became of it on chain."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.common import Id
from api.schemas.parties import ActOut, ActStatus, SignatureIn
from chainfin.services.kernel import acts
from chainfin.services.reactions import signing

router = APIRouter(prefix="/v1/acts", tags=["acts"], route_class=OnceRoute)


@router.get("")
def list_acts(
    ctx: Ctx, actor: Acting, window: Paged, status: Annotated[ActStatus | None, Query()] = None
) -> Page[ActOut]:
    """One's own acts, in the order of making."""
    return page(
        window,
        lambda after, limit: acts.list_(ctx, actor, status, after=after, limit=limit),
        ActOut.of,
        lambda seen: seen.id,
    )


@router.get("/{act_id}")
def get_act(ctx: Ctx, actor: Acting, act_id: Id) -> ActOut:
    """One act and its state: what has to be signed, or what became of it on the chain."""
    return ActOut.of(acts.get(ctx, actor, act_id))


@router.post("/{act_id}/signature", status_code=202)
def sign(ctx: Ctx, actor: Acting, act_id: Id, body: SignatureIn) -> ActOut:
    """Bring the party's signature over ``typed_data``; the act goes to the chain."""
    return ActOut.of(signing.sign(ctx, actor, act_id, body.signature))
