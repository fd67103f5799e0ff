"""A line of the bank's that is parked although it pays a claim: to the holder of a claim that is pledged in part, or to
an account of before or of the lender's own. Two persons say which claim; how much of it is paid, and to whom, the
rules say that allocate every payment.
"""

from __future__ import annotations

from sqlmodel import Session, col, func, select

from chainfin.errors import Conflict, Refused, unless_refused
from chainfin.rules import payment as rules
from chainfin.rules.payment import State
from chainfin.services.kernel.context import Context
from chainfin.services.payments import (
    allocation,
    bank_entry,
    booked_line,
    direct,
    incoming,
    instructions,
    payouts,
    whose,
)
from chainfin.services.payments.allocation import Arrival, Payment
from chainfin.services.payments.remittance import Purpose
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.lending_tables import IncomingRow, LoanRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.store import count
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.storage.types import storable


def is_one(item: ParkedItemRow) -> bool:
    """Whether the item is a line of the bank's that could be read as a payment."""
    return item.arrival is not None


def arrival_of(item: ParkedItemRow) -> Arrival:
    """Raises Conflict parked_item_no_payment: it can't be read as a payment."""
    arrival = None if item.arrival is None else booked_line.again(item.arrival).content
    if not isinstance(arrival, Arrival):
        raise Conflict("parked_item_no_payment", "this can't be read as a payment")
    return arrival


def unless_other(session: Session, ctx: Context, arrival: Arrival, purpose: Purpose) -> str | None:
    """That the payment can really be one of this claim: in its currency, by its debtor, to an account of who is to be
    paid. None: it reached the holder itself; else the lender whose account it reached.

    Raises Refused amount_not_positive, currency_mismatch, payer_not_debtor, payee_account_foreign,
    parked_item_no_payment (only loans and receivables are paid so), bank_reference_reused (the bank's entry is a
    payment already).
    """
    debtor, currency = _owed_by(session, purpose)
    unless_refused(
        rules.may_pay(
            arrival.amount, currency, payer_account=arrival.payer_account, accounts_of_debtor=_accounts(debtor)
        )
    )
    if bank_entry.known(session, arrival):
        raise Refused("bank_reference_reused", "this entry of the bank's is a payment already")
    if purpose.kind == "receivable":
        asset = session.get_one(ReceivableRow, purpose.target)
        holder = session.get_one(PartyRow, asset.holder_id)
        if arrival.payee_account in _accounts(holder) and allocation.taken_under(session, asset) is None:
            return None
    for lender_id in sorted(whose.lenders(session, ctx, purpose, arrival.received_on)):
        if arrival.payee_account in _accounts(session.get_one(PartyRow, lender_id)):
            return lender_id
    raise Refused("payee_account_foreign", "the account was never one of who is to be paid")


def take(session: Session, ctx: Context, item: ParkedItemRow, purpose: Purpose, proposal: ProposalRow) -> None:
    """A second person approved: the line is taken in, and placed on the claim that was named.

    Raises as `unless_other`, and Refused payment_on_hold, payment_not_placed (the claim takes nothing of it).
    """
    arrival = arrival_of(item)
    incoming.lock_claim(session, purpose)
    lender_id = unless_other(session, ctx, arrival, purpose)
    row = _row(session, ctx, arrival, purpose, lender_id, proposal)
    count(session, row, incoming.RECEIVED, row.currency, row.amount)
    if lender_id is None:
        _unless_on_hold(direct.hold_reason(session, purpose.target))
        asset = session.get_one(ReceivableRow, purpose.target, with_for_update=True)
        direct.settle(session, ctx, row, asset, beside=True)
        return
    _unless_on_hold(incoming.hold_reason(session, ctx, purpose))
    left, why = incoming.PLACES[purpose.kind](session, ctx, Payment.of(row), purpose.target)
    if left.minor == row.amount:
        raise Refused("payment_not_placed", f"the claim takes nothing of it: {why}", reason=why)
    if left.minor:
        payouts.refund(session, ctx, row, left, why)


def _row(
    session: Session, ctx: Context, arrival: Arrival, purpose: Purpose, lender_id: str | None, proposal: ProposalRow
) -> IncomingRow:
    """The payment. What reached a lender stands on its account for this payer, under which its money is accounted."""
    debtor, _ = _owed_by(session, purpose)
    account = arrival.payee_account
    if lender_id is not None:
        account = instructions.virtual(session, ctx, lender_id, debtor.id)
    same = select(func.count()).select_from(IncomingRow).where(col(IncomingRow.bank_ref) == storable(arrival.bank_ref))
    row = IncomingRow(
        id=proposal.subject,
        bank_ref=storable(arrival.bank_ref),
        repeat=session.exec(same).one(),
        book_ref=proposal.subject,
        sequence=arrival.sequence,
        account=storable(account),
        direct=lender_id is None,
        receivable_id=purpose.target if purpose.kind == "receivable" else None,
        payer_account=storable(arrival.payer_account),
        currency=arrival.amount.currency,
        amount=arrival.amount.minor,
        remittance=storable(arrival.remittance),
        received_on=arrival.received_on,
        status=State.APPLIED.value,
        allocated_by=proposal.id,
        evidence=dict(arrival.evidence),
        created_at=ctx.clock.now(),
    )
    session.add(row)
    session.flush()
    return row


def _owed_by(session: Session, purpose: Purpose) -> tuple[PartyRow, str]:
    """Who owes on the claim, and in which currency."""
    match purpose.kind:
        case "loan":
            loan = session.get_one(LoanRow, purpose.target)
            return session.get_one(PartyRow, loan.borrower_id), loan.currency
        case "receivable":
            asset = session.get_one(ReceivableRow, purpose.target)
            return session.get_one(PartyRow, asset.debtor_id), asset.currency
        case _:
            raise Refused("parked_item_no_payment", "a parked line can be for a loan or a receivable")


def _accounts(party: PartyRow) -> frozenset[str]:
    """The party's account, and those that it had before."""
    earlier = party.profile.get("earlier_accounts")
    before = [str(each["account"]) for each in earlier] if isinstance(earlier, list) else []
    return frozenset((party.account, *before))


def _unless_on_hold(waits_for: str | None) -> None:
    if waits_for is not None:
        raise Refused("payment_on_hold", f"it isn't known yet who is to be paid: {waits_for}", reason=waits_for)
