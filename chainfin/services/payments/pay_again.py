"""What the bank didn't pay is ordered again: to where it was to go, or, of a refund, to another account by two
persons.
"""

from __future__ import annotations

from sqlmodel import Session

from chainfin.errors import BadInput, Conflict, NotFound, Refused
from chainfin.rules.parked_item import ParkedState
from chainfin.services.books import journals
from chainfin.services.kernel import approvals, commands, parking
from chainfin.services.kernel.commands import PayHolder, Refund
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.payments import payouts, unpaid
from chainfin.services.views.acts import ProposalView
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.values.command_state import CommandState

PAYEE = "refund_payee"
"""The kind of a proposal to give a payment back to another account than it came from."""


def order(session: Session, ctx: Context, payload: str) -> None:
    """Order the parked money again: a party's share to the account that it has, a refund to where it was to go.

    Raises Refused payout_not_refused (it was ordered again already).
    """
    journals.lock(session)
    row = _refused(session, payload)
    match commands.of(row):
        case Refund():
            payouts.give_back_again(session, ctx, row)
        case PayHolder():
            payouts.pay_again(session, ctx, row)


def propose(ctx: Context, actor: Actor, parked_id: str, *, account: str, name: str, reason: str) -> ProposalView:
    """One person of the operator says to which account a payment goes that can't go back to where it came from; a
    second one has to approve.

    Raises Forbidden operator_only, person_missing, person_not_active; NotFound parked_item_unknown; Conflict
    parked_item_not_open, parked_item_no_refund, payee_proposed; BadInput payee_missing.
    """
    actor.require_operator()
    if not account.strip() or not name.strip():
        raise BadInput("payee_missing", "say which account, and in whose name it stands", where="/account")
    with ctx.store.begin() as session:
        journals.lock(session)  # before any row: who orders again locks the order before its item
        item = session.get(ParkedItemRow, parked_id, with_for_update=True)
        if item is None:
            raise NotFound("parked_item_unknown", f"there is no parked item {parked_id}")
        if item.status != ParkedState.OPEN:
            raise Conflict("parked_item_not_open", f"this item is {item.status}")
        refund = commands.of(unpaid.order_of(session, item.payload)) if item.source == unpaid.SOURCE else None
        if not isinstance(refund, Refund):
            raise Conflict("parked_item_no_refund", "this is no payment that goes back")
        if approvals.waiting(session, PAYEE, item.id) is not None:
            raise Conflict("payee_proposed", "another account for this payment waits for a decision")
        payload = {
            "account": account.strip(),
            "name": name.strip(),
            "payment": refund.incoming_id,
            "amount": str(refund.amount),
            "currency": refund.amount.currency,
        }
        made = approvals.propose(session, ctx, actor, kind=PAYEE, subject=item.id, payload=payload, reason=reason)
        return ProposalView.of(made)


def to_another(session: Session, ctx: Context, proposal: ProposalRow) -> None:
    """A second person approved: the payment goes to that account. Raises Refused payout_not_refused (ordered again
    meanwhile)."""
    journals.lock(session)  # nobody who has it waits for a proposal
    item = session.get_one(ParkedItemRow, proposal.subject, with_for_update=True)
    row = _refused(session, item.payload)
    payee = proposal.payload
    payouts.give_back_again(session, ctx, row, (str(payee["account"]), str(payee["name"])))
    parking.resolve(session, item, str(proposal.decided_by), f"ordered to another account by {proposal.id}")


def _refused(session: Session, payload: str) -> OutboxRow:
    row = unpaid.order_of(session, payload)
    if row.status != CommandState.REFUSED:
        raise Refused("payout_not_refused", f"this order is {row.status}")
    return row
