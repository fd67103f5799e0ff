"""Floating pledge (最低价值控制): goods move in and out while what stays is worth what their lender set.

Two persons of the lender set the least value. Above it the pledgor takes goods out without repaying: the lender is
asked for the same release as ever, checked again as it is signed; owner and keeper hand out what is free by it. Goods
come in as a top-up. The minimum is the service's: on chain a release carries what has to stay.
"""

from __future__ import annotations

from typing import Final

from sqlmodel import Session

from chainfin.errors import Forbidden, NotFound, Refused, unless_refused
from chainfin.rules.loan.state import ACCRUING
from chainfin.services.kernel import approvals, in_flight
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.pledges import assets, release
from chainfin.services.views.acts import ActView, ProposalView
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.goods_tables import GoodsMinimumRow
from chainfin.storage.lending_tables import LoanRow
from chainfin.values.money import Money
from chainfin.values.product import Product

MINIMUM: Final = "goods_minimum"


def propose(ctx: Context, actor: Actor, loan_id: str, amount: Money, *, reason: str) -> ProposalView:
    """A person of the lender proposes what the goods pledged for a loan are worth at least while they move; a second
    one approves it.

    Raises NotFound loan_unknown; Forbidden person_missing, person_not_active; Refused loan_not_on_goods,
    loan_not_running, currency_mismatch.
    """
    with ctx.store.begin() as session:
        row = session.get(LoanRow, loan_id)
        if row is None or row.lender_id != actor.require():
            raise NotFound("loan_unknown", f"there is no loan {loan_id}")
        _unless_running(row)
        if amount.currency != row.currency:
            raise Refused("currency_mismatch", f"the loan is in {row.currency}, not {amount.currency}")
        said = {"loan": row.id, "amount": str(amount), "currency": amount.currency}
        made = approvals.propose(session, ctx, actor, kind=MINIMUM, subject=row.id, payload=said, reason=reason)
        return ProposalView.of(made)


def set_minimum(session: Session, ctx: Context, proposal: ProposalRow) -> None:
    """A second person approved it: it counts in the place of the one before. Raises Refused loan_not_running."""
    row = session.get_one(LoanRow, proposal.subject)
    _unless_running(row)
    amount = Money.parse(str(proposal.payload["amount"]), row.currency)
    minimum = GoodsMinimumRow(
        loan_id=row.id, currency=row.currency, amount=amount.minor, proposal_id=proposal.id, set_at=ctx.clock.now()
    )
    session.merge(minimum)


def take_out(ctx: Context, actor: Actor, pledge_id: str, quantity: str) -> ActView:
    """The pledgor takes out ``quantity`` (a decimal in the receipt's unit) of what is pledged, though nothing is
    repaid. Returns the release that its lender is asked for.

    Raises NotFound pledge_unknown; BadInput quantity_…; Forbidden not_pledgor; Refused minimum_missing, below_minimum,
    pledge_state_wrong, exceeds_pledged, loan_not_running, margin_call_open, count_under_way, inspection_overdue,
    insurance_ends, price_missing, price_stale, price_not_positive.
    """
    with ctx.store.begin() as session:
        pledge = assets.for_party(session, actor, pledge_id)
        if actor.party_id != pledge.pledgor_id:
            raise Forbidden("not_pledgor", "whose goods they are takes them out, nobody else")
        part = assets.asset_of(session, pledge).measured(quantity)
        there = pledge.left - in_flight.leaving(session, pledge)
        valuation = unless_refused(release.within(session, ctx, pledge, part, there))
        return ActView.of(release.ask_within(session, ctx, pledge, part, pledge.left - there, valuation))


def _unless_running(row: LoanRow) -> None:
    if row.product != Product.INVENTORY_PLEDGE:
        raise Refused("loan_not_on_goods", "only goods move under a pledge", loan=row.id)
    if row.status not in ACCRUING:
        raise Refused("loan_not_running", f"the loan is {row.status}", loan=row.id)
