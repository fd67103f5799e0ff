"""What takes two persons: proposed by one (where the thing itself is asked for), decided here by another."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.common import Id
from api.schemas.persons import DecisionIn, ProposalOut, ProposalStatus
from chainfin.connectors import bank_by_hand
from chainfin.services.kernel import approvals
from chainfin.services.reactions import approved

router = APIRouter(prefix="/v1/proposals", tags=["persons"], route_class=OnceRoute)


@router.get("")
def list_proposals(
    ctx: Ctx, actor: Acting, window: Paged, status: Annotated[ProposalStatus | None, Query()] = None
) -> Page[ProposalOut]:
    """One's own party's proposals."""
    return page(
        window,
        lambda after, limit: approvals.list_(ctx, actor, status=status, after=after, limit=limit),
        ProposalOut.of,
        lambda seen: seen.id,
    )


@router.get("/{proposal_id}")
def get_proposal(ctx: Ctx, actor: Acting, proposal_id: Id) -> ProposalOut:
    """What one person of the party proposed, and who decided on it."""
    return ProposalOut.of(approvals.get(ctx, actor, proposal_id))


@router.post("/{proposal_id}/approve")
def approve(ctx: Ctx, actor: Acting, proposal_id: Id, body: DecisionIn) -> ProposalOut:
    """The second person's yes: what was proposed happens with it."""
    return ProposalOut.of(approved.approve(ctx, actor, proposal_id, body.reason, bank_by_hand.EFFECTS))


@router.post("/{proposal_id}/reject")
def reject(ctx: Ctx, actor: Acting, proposal_id: Id, body: DecisionIn) -> ProposalOut:
    """A no, by any person of the party."""
    return ProposalOut.of(approved.reject(ctx, actor, proposal_id, body.reason))
