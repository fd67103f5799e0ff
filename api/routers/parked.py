"""What was put aside because it could not be understood or applied: seen, tried again, resolved (operator)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.common import Id
from api.schemas.parked import AllocationIn, OutcomeIn, ParkedOut, ParkedStatus, PassedOnIn, PayeeIn, ResolveIn
from api.schemas.persons import ProposalOut
from chainfin.services.oversight import parked
from chainfin.services.payments import between_lenders, pay_again, reversed_claims, unmatched
from chainfin.services.reactions import partner_results

router = APIRouter(prefix="/v1/parked", tags=["parked"], route_class=OnceRoute)

Status = Annotated[ParkedStatus | None, Query(description="only those of this status")]


@router.get("")
def list_parked(ctx: Ctx, actor: Acting, window: Paged, status: Status = None) -> Page[ParkedOut]:
    """Parked items, the oldest first."""
    return page(
        window,
        lambda after, limit: parked.list_(ctx, actor, status=status, after=after, limit=limit),
        ParkedOut.of,
        lambda seen: seen.id,
    )


@router.post("/{parked_id}/retry", status_code=200)
def retry_parked(request: Request, ctx: Ctx, actor: Acting, parked_id: Id) -> ParkedOut:
    """Take it in again. If it still can't be, it stays open and says why."""
    return ParkedOut.of(parked.retry(ctx, actor, parked_id, request.app.state.retries))


@router.post("/{parked_id}/resolve", status_code=200)
def resolve_parked(ctx: Ctx, actor: Acting, parked_id: Id, body: ResolveIn) -> ParkedOut:
    """Close it, with what was done about it elsewhere; nothing is taken in."""
    return ParkedOut.of(parked.resolve(ctx, actor, parked_id, body.reason))


@router.post("/{parked_id}/allocation", status_code=202)
def allocate_parked(ctx: Ctx, actor: Acting, parked_id: Id, body: AllocationIn) -> ProposalOut:
    """Say for which claim an unmatched payment is. Another person approves (`/v1/proposals/{id}/approve`)."""
    return ProposalOut.of(unmatched.propose(ctx, actor, parked_id, kind=body.kind, target=body.id, reason=body.reason))


@router.post("/{parked_id}/outcome", status_code=202)
def say_outcome(ctx: Ctx, actor: Acting, parked_id: Id, body: OutcomeIn) -> ProposalOut:
    """Say what became of a parked command to a partner. Another person approves (`/v1/proposals/{id}/approve`)."""
    return ProposalOut.of(
        partner_results.propose(
            ctx, actor, parked_id, became=body.became, at=body.at, reference=body.reference, reason=body.reason
        )
    )


@router.post("/{parked_id}/payee", status_code=202)
def say_payee(ctx: Ctx, actor: Acting, parked_id: Id, body: PayeeIn) -> ProposalOut:
    """Say to which account a refund goes that the bank refused. Another person approves
    (`/v1/proposals/{id}/approve`). `…/retry` orders it again to where it was to go."""
    return ProposalOut.of(
        pay_again.propose(ctx, actor, parked_id, account=body.account, name=body.name, reason=body.reason)
    )


@router.post("/{parked_id}/passed-on", status_code=202)
def say_passed_on(ctx: Ctx, actor: Acting, parked_id: Id, body: PassedOnIn) -> ProposalOut:
    """Say that a lender's share was passed on to it: one that came on another's account. Another person approves
    (`/v1/proposals/{id}/approve`)."""
    made = between_lenders.propose(ctx, actor, parked_id, reference=body.reference, reason=body.reason)
    return ProposalOut.of(made)


@router.post("/{parked_id}/settlement", status_code=202)
def say_settled(ctx: Ctx, actor: Acting, parked_id: Id, body: ResolveIn) -> ProposalOut:
    """Say how a claim was settled on who was paid too much.

    By money that the bank took back. Another person approves (`/v1/proposals/{id}/approve`)."""
    return ProposalOut.of(reversed_claims.propose(ctx, actor, parked_id, reason=body.reason))


@router.post("/{parked_id}/return", status_code=200)
def return_parked(ctx: Ctx, actor: Acting, parked_id: Id, body: ResolveIn) -> ParkedOut:
    """Send an unmatched payment back to the account that it came from."""
    return ParkedOut.of(unmatched.send_back(ctx, actor, parked_id, body.reason))
