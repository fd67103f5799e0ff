"""Loans: what was agreed, what happened, what is owed, and how to pay it back."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Body, Query

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.common import Day, Id, quantity
from api.schemas.loans import (
    GoodsMinimumIn,
    InstructionOut,
    LoanDetail,
    LoanOut,
    MarginCallOut,
    MarginCallsOut,
    PayoffOut,
    RepaymentIn,
    ScheduleOut,
    StatementLineOut,
    StatementOut,
    TopUpIn,
)
from api.schemas.parties import ActOut
from api.schemas.persons import ProposalOut
from chainfin.errors import BadInput
from chainfin.services.lending import margin_calls
from chainfin.services.payments import instructions
from chainfin.services.pledges import floating, top_ups
from chainfin.services.reads import queries

router = APIRouter(prefix="/v1/loans", tags=["loans"], route_class=OnceRoute)
_HORIZON = dt.timedelta(days=3660)


@router.get("")
def list_loans(ctx: Ctx, actor: Acting, window: Paged) -> Page[LoanOut]:
    """Loans in which one is borrower or lender."""
    return page(
        window,
        lambda after, limit: queries.loans(ctx, actor, after=after, limit=limit),
        LoanOut.of,
        lambda seen: seen.id,
    )


@router.get("/{loan_id}")
def get_loan(ctx: Ctx, actor: Acting, loan_id: Id) -> LoanDetail:
    """One loan, for its borrower and its lender: its terms, what is owed, what is pledged."""
    return LoanDetail.full(queries.loan(ctx, actor, loan_id))


@router.get("/{loan_id}/schedule")
def get_schedule(ctx: Ctx, actor: Acting, loan_id: Id) -> ScheduleOut:
    """The instalments as they were agreed."""
    return ScheduleOut.of(loan_id, queries.schedule(ctx, actor, loan_id))


@router.get("/{loan_id}/statement")
def get_statement(ctx: Ctx, actor: Acting, loan_id: Id) -> StatementOut:
    """What happened to the loan, in the order of value dates; with what was owed after each."""
    lines = queries.statement(ctx, actor, loan_id)
    return StatementOut(loan_id=loan_id, lines=[StatementLineOut.of(line) for line in lines])


@router.get("/{loan_id}/margin-calls")
def get_margin_calls(ctx: Ctx, actor: Acting, loan_id: Id) -> MarginCallsOut:
    """What was called since the collateral shrank (补仓)."""
    found = margin_calls.of_loan(ctx, actor, loan_id)
    calls = [MarginCallOut.of(call) for call in found.calls]
    return MarginCallsOut(loan_id=loan_id, calls=calls, unchecked=found.unchecked)


@router.post("/{loan_id}/top-ups", status_code=202)
def top_up(ctx: Ctx, actor: Acting, loan_id: Id, body: TopUpIn) -> ActOut:
    """The borrower pledges more goods for the loan. Its grant is to be signed; registry, lender and chain follow, and
    the pledge (``subject``) is among the loan's."""
    amount = quantity(body.quantity, "/quantity")
    return ActOut.of(top_ups.pledge_more(ctx, actor, loan_id, receipt_id=body.warehouse_receipt_id, quantity=amount))


@router.post("/{loan_id}/minimum", status_code=202)
def propose_minimum(ctx: Ctx, actor: Acting, loan_id: Id, body: GoodsMinimumIn) -> ProposalOut:
    """A person of the lender proposes the least value of a loan's goods.

    Once a second one approves, they move: the pledgor may take out what is above it without repaying."""
    return ProposalOut.of(
        floating.propose(ctx, actor, loan_id, body.amount.money("/amount/amount"), reason=body.reason)
    )


@router.get("/{loan_id}/payoff", responses={409: {}})
def get_payoff(ctx: Ctx, actor: Acting, loan_id: Id, on: Annotated[Day | None, Query()] = None) -> PayoffOut:
    """What settles the loan on a day (today, if none is named)."""
    today = ctx.clock.today()
    day = today if on is None else on
    if day > today + _HORIZON:
        raise BadInput("date_too_far", "a payoff is reckoned for ten years at most", where="query:on")
    return PayoffOut.of(loan_id, queries.payoff(ctx, actor, loan_id, day))


@router.post("/{loan_id}/repayments")
def repay(
    ctx: Ctx, actor: Acting, loan_id: Id, body: RepaymentIn = Body(default_factory=RepaymentIn)
) -> InstructionOut:
    """How a loan is repaid: account and reference for one's bank. It moves nothing by itself."""
    amount = None if body.amount is None else body.amount.money("/amount/amount")
    return InstructionOut.of(instructions.for_loan(ctx, actor, loan_id, amount))
