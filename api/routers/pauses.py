"""Kinds of acts that the operator pauses: new business stops, exits have no kind and go on."""

from __future__ import annotations

from fastapi import APIRouter

from api.auth import Acting, Ctx
from api.route import OnceRoute
from api.schemas.parties import ActOut
from api.schemas.standing import PausesIn, PausesOut
from chainfin.services.parties import suspension

router = APIRouter(prefix="/v1/pauses", tags=["pauses"], route_class=OnceRoute)


@router.get("")
def get_pauses(ctx: Ctx, actor: Acting) -> PausesOut:
    """What is paused, by name. Every participant may know."""
    return PausesOut.of(suspension.pauses(ctx, actor))


@router.post("", status_code=202)
def change_pauses(ctx: Ctx, actor: Acting, body: PausesIn) -> ActOut:
    """The operator pauses kinds of acts, and lets paused ones go on."""
    pause, resume = body.kinds()
    return ActOut.of(suspension.change_pauses(ctx, actor, pause=pause, resume=resume, reason=body.reason))
