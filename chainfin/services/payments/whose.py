"""Whose money a payment is: the account on which it came says so. A reference to a claim of another lender's doesn't
take it: one lender's loan would be paid with what another's bank holds."""

from __future__ import annotations

from datetime import date

from sqlmodel import Session, col, select

from chainfin.errors import Refusal
from chainfin.rules import payment as payments
from chainfin.rules import pledge as pledges
from chainfin.rules.loan import LoanState
from chainfin.services.kernel import pledge_rows
from chainfin.services.kernel.context import Context
from chainfin.services.payments import allocation
from chainfin.services.payments.remittance import Purpose
from chainfin.services.trade import claim_family
from chainfin.storage.bank_tables import VirtualAccountRow
from chainfin.storage.lending_tables import IncomingRow, LoanRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ReceivableRow

SECURED = (pledges.State.PENDING.value, *pledge_rows.LIVE_STATUS)
"""Of pledges that are there, or are being made."""


def unless_anothers(session: Session, ctx: Context, payment: IncomingRow, purpose: Purpose) -> Refusal | None:
    """Why what came on a lender's account isn't for this claim. None: it is that lender's, or one that no lender has
    anything in (then it is passed on to its holder); or it came on the account of before, which was nobody's alone.

    Refusal: account_of_another_lender.
    """
    account = session.get(VirtualAccountRow, payment.account)
    if account is None:
        return None
    served = lenders(session, ctx, purpose, payment.received_on)
    if not served or account.lender_id in served:
        return None
    return Refusal(
        "account_of_another_lender",
        f"it came on an account of {account.lender_id}, and names a claim of {', '.join(sorted(served))}",
        {"account": payment.account, "lender": account.lender_id, "claim": purpose.target},
    )


def unless_before_payout(session: Session, payment: IncomingRow, purpose: Purpose) -> Refusal | None:
    """Why the payment can't be on a loan that it would serve: the loan wasn't paid out yet on its day. Refusal:
    payment_before_payout."""
    if purpose.kind == "loan":
        started = session.get_one(LoanRow, purpose.target).start_date
        return payments.unless_before_payout(payment.received_on, started)
    if purpose.kind != "receivable":
        return None
    serves = (
        select(LoanRow)
        .join(PledgeRow, col(PledgeRow.loan_id) == col(LoanRow.id))
        .where(col(PledgeRow.asset_id).in_(claim_family.ids(session, purpose.target)))
        .where(col(PledgeRow.status).in_(pledge_rows.LIVE_STATUS), LoanRow.status != LoanState.REPAID.value)
    )
    for loan in session.exec(serves):
        early = payments.unless_before_payout(payment.received_on, loan.start_date)
        if early is not None:
            return early
    return None


def lenders(session: Session, ctx: Context, purpose: Purpose, on: date) -> set[str]:
    """The lenders whom a payment of the claim, made on that day, serves."""
    match purpose.kind:
        case "loan":
            return {session.get_one(LoanRow, purpose.target).lender_id}
        case "buy_back":
            return {session.get_one(PledgeRow, purpose.target).lender_id}
        case "funding":
            return {purpose.target}
        case "receivable":
            return _of_receivable(session, ctx, purpose.target, on)


def _of_receivable(session: Session, ctx: Context, receivable_id: str, on: date) -> set[str]:
    """Who has it, or a part of it, in pledge, had it on that day and is owed on it still, or took it."""
    family = claim_family.ids(session, receivable_id)
    pledged = select(PledgeRow.lender_id).where(col(PledgeRow.asset_id).in_(family), col(PledgeRow.status).in_(SECURED))
    found = set(session.exec(pledged).all())
    for part_id in family:
        part = session.get_one(ReceivableRow, part_id)
        for pledge in (allocation.taken_under(session, part), allocation.released_since(session, ctx, part, on)):
            if pledge is not None:
                found.add(pledge.lender_id)
    return found
