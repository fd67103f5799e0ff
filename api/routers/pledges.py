"""Pledges: given by borrowers, held by lenders; given up, enforced or ended."""

from __future__ import annotations

from fastapi import APIRouter, Body

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.common import Id
from api.schemas.parties import ActOut
from api.schemas.persons import ProposalOut
from api.schemas.pledges import (
    LatePledgeOut,
    PledgeOut,
    ReleaseOfPledgeIn,
    TakenReturnIn,
    TakenReturnOut,
    TakenReturnsOut,
    TakenSaleIn,
    TakenSaleOut,
    TakenSalesOut,
    UndertakingIn,
    UndertakingOut,
    UndertakingsOut,
    WithdrawalOfGoodsIn,
)
from chainfin.services.payments import buy_back, instructions
from chainfin.services.pledges import enforcement, floating, realisation, returns, undertakings
from chainfin.services.pledges import release as release_service
from chainfin.services.reads import late_pledges, queries
from chainfin.services.views.pledges import TakenSaleView

router = APIRouter(prefix="/v1/pledges", tags=["pledges"], route_class=OnceRoute)


@router.get("")
def list_pledges(ctx: Ctx, actor: Acting, window: Paged) -> Page[PledgeOut]:
    """Pledges that one has given or taken."""
    return page(
        window,
        lambda after, limit: queries.pledges(ctx, actor, after=after, limit=limit),
        PledgeOut.of,
        lambda seen: seen.id,
    )


@router.get("/late")
def list_late(ctx: Ctx, actor: Acting, window: Paged) -> Page[LatePledgeOut]:
    """Pledged goods whose loan is late, or whose margin call wasn't met.

    For their keeper and whoever undertook to buy them: until when it can be called."""
    return page(
        window,
        lambda after, limit: late_pledges.list_(ctx, actor, after=after, limit=limit),
        LatePledgeOut.of,
        lambda seen: seen.id,
    )


@router.get("/{pledge_id}")
def get_pledge(ctx: Ctx, actor: Acting, pledge_id: Id) -> PledgeOut:
    """One pledge, for its pledgor and its lender: what is still locked."""
    return PledgeOut.of(queries.pledge(ctx, actor, pledge_id))


@router.post("/{pledge_id}/releases", status_code=202)
def release(
    ctx: Ctx, actor: Acting, pledge_id: Id, body: ReleaseOfPledgeIn = Body(default_factory=ReleaseOfPledgeIn)
) -> ActOut:
    """The lender gives up a part, or all (解押)."""
    return ActOut.of(release_service.release_by_lender(ctx, actor, pledge_id, body.amount))


@router.post("/{pledge_id}/withdrawals", status_code=202)
def take_out(ctx: Ctx, actor: Acting, pledge_id: Id, body: WithdrawalOfGoodsIn) -> ActOut:
    """The pledgor takes out goods above the lender's minimum, though nothing is repaid: its
    lender is asked for their release."""
    return ActOut.of(floating.take_out(ctx, actor, pledge_id, body.quantity))


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
    """Undertake to buy back what is pledged: a core enterprise goods (保兑仓), any party what the debtor of a pledged
    receivable doesn't pay (有追索权)."""
    price = None if body.price is None else body.price.money("/price/amount")
    made = undertakings.undertake(ctx, actor, pledge_id, body.amount, body.until, body.wording, price=price)
    return ActOut.of(made)


@router.post("/{pledge_id}/undertakings/{buyer_id}/agreement", status_code=202)
def agree(ctx: Ctx, actor: Acting, pledge_id: Id, buyer_id: Id) -> ActOut:
    """The pledgor lets its goods be bought by the undertaking's terms: also while its loan isn't late."""
    return ActOut.of(undertakings.agree(ctx, actor, pledge_id, buyer_id))


@router.get("/{pledge_id}/undertakings")
def list_undertakings(ctx: Ctx, actor: Acting, pledge_id: Id) -> UndertakingsOut:
    """Who undertook to buy how much, how it pays, and what became of what it paid."""
    made = undertakings.of_pledge(ctx, actor, pledge_id)
    shown = [
        UndertakingOut.of(
            each,
            *instructions.for_buy_back(ctx, each.pledge_id, each.buyer_id),
            buy_back.payments(ctx, each.pledge_id, each.buyer_id),
        )
        for each in made
    ]
    return UndertakingsOut(pledge_id=pledge_id, undertakings=shown)


@router.post("/{pledge_id}/sales", status_code=201)
def sell(ctx: Ctx, actor: Acting, pledge_id: Id, body: TakenSaleIn) -> TakenSaleOut:
    """The lender has found a buyer for goods that it took on default (变现)."""
    amount = body.amount.money("/amount/amount")
    made = realisation.sell(ctx, actor, pledge_id, body.quantity, amount, body.payer_account, body.wording)
    return _sale(ctx, made)


@router.get("/{pledge_id}/sales")
def list_sales(ctx: Ctx, actor: Acting, pledge_id: Id) -> TakenSalesOut:
    """What of the taken goods is to be sold, or was, and for how much."""
    sales = realisation.of_pledge(ctx, actor, pledge_id)
    return TakenSalesOut(pledge_id=pledge_id, sales=[_sale(ctx, each) for each in sales])


@router.post("/sales/{sale_id}/agreement", status_code=202)
def agree_to_sale(ctx: Ctx, actor: Acting, sale_id: Id) -> ActOut:
    """The pledgor agrees to a sale that brings less than it would have to."""
    return ActOut.of(realisation.agree(ctx, actor, sale_id))


@router.post("/sales/{sale_id}/withdrawal")
def withdraw_sale(ctx: Ctx, actor: Acting, sale_id: Id) -> TakenSaleOut:
    """The lender gives up a sale that isn't paid."""
    return _sale(ctx, realisation.withdraw(ctx, actor, sale_id))


@router.post("/{pledge_id}/returns", status_code=202)
def propose_return(ctx: Ctx, actor: Acting, pledge_id: Id, body: TakenReturnIn) -> ProposalOut:
    """Lender or pledgor asks that taken goods which the loan doesn't need go back; a person of the operator decides, by
    the valuation in the proposal."""
    return ProposalOut.of(returns.propose(ctx, actor, pledge_id, body.quantity, reason=body.reason))


@router.get("/{pledge_id}/returns")
def list_returns(ctx: Ctx, actor: Acting, pledge_id: Id) -> TakenReturnsOut:
    """What of the taken goods goes back to the pledgor.

    With the valuation by which it does."""
    back = [TakenReturnOut.of(each) for each in returns.of_pledge(ctx, actor, pledge_id)]
    return TakenReturnsOut(pledge_id=pledge_id, returns=back)


def _sale(ctx: Ctx, seen: TakenSaleView) -> TakenSaleOut:
    return TakenSaleOut.of(seen, *instructions.for_sale(ctx, seen.pledge_id))
