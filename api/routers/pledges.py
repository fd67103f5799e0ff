"""Pledges: given by borrowers, held by lenders; given up, enforced or ended."""

from __future__ import annotations

from fastapi import APIRouter, Body

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.common import Id
from api.schemas.loans import PledgeOut, ReleaseOfPledgeIn, UndertakingIn, UndertakingOut, UndertakingsOut
from api.schemas.parties import ActOut
from chainfin.services.pledges import enforcement, undertakings
from chainfin.services.pledges import release as release_service
from chainfin.services.reads import queries
from chainfin.services.reads.queries import PledgeView

router = APIRouter(prefix="/v1/pledges", tags=["pledges"], route_class=OnceRoute)


@router.get("")
def list_pledges(ctx: Ctx, actor: Acting, window: Paged) -> Page[PledgeOut]:
    """Pledges that one has given or taken."""
    return page(
        window,
        lambda after, limit: queries.pledges(ctx, actor, after=after, limit=limit),
        _out,
        lambda view: view.row.id,
    )


@router.get("/{pledge_id}")
def get_pledge(ctx: Ctx, actor: Acting, pledge_id: Id) -> PledgeOut:
    return _out(queries.pledge(ctx, actor, pledge_id))


@router.post("/{pledge_id}/releases", status_code=202)
def release(
    ctx: Ctx, actor: Acting, pledge_id: Id, body: ReleaseOfPledgeIn = Body(default_factory=ReleaseOfPledgeIn)
) -> ActOut:
    """The lender gives up a part, or all (解押)."""
    return ActOut.of(release_service.release_by_lender(ctx, actor, pledge_id, body.amount))


@router.post("/{pledge_id}/enforcement", status_code=202)
def enforce(ctx: Ctx, actor: Acting, pledge_id: Id) -> ActOut:
    """The lender takes what is pledged for a loan that is overdue (处置); the loan owes on until money came in."""
    return ActOut.of(enforcement.enforce(ctx, actor, pledge_id))


@router.post("/{pledge_id}/expiry", status_code=202)
def expire(ctx: Ctx, actor: Acting, pledge_id: Id) -> ActOut:
    """The pledgor ends a pledge on which nothing was paid out in time."""
    return ActOut.of(enforcement.expire(ctx, actor, pledge_id))


@router.post("/{pledge_id}/undertakings", status_code=202)
def undertake(ctx: Ctx, actor: Acting, pledge_id: Id, body: UndertakingIn) -> ActOut:
    """A core enterprise undertakes to buy pledged goods back (保兑仓), or any party to pay what the debtor of a pledged
    receivable doesn't (有追索权)."""
    return ActOut.of(undertakings.undertake(ctx, actor, pledge_id, body.amount, body.until, body.wording))


@router.get("/{pledge_id}/undertakings")
def list_undertakings(ctx: Ctx, actor: Acting, pledge_id: Id) -> UndertakingsOut:
    """Who undertook to buy how much, and how it pays."""
    made = undertakings.of_pledge(ctx, actor, pledge_id)
    return UndertakingsOut(pledge_id=pledge_id, undertakings=[UndertakingOut.of(each) for each in made])


def _out(view: PledgeView) -> PledgeOut:
    return PledgeOut.of(view.row, view.currency or "")
