"""Payments that name no claim, several, or one of another lender than whose account they came on: in suspense until a
person says where they belong, or sends them back.

Where they belong is said by one person of the operator and approved by another; sending back takes one, since the
money goes to the account that it came from and nowhere else.
"""

from __future__ import annotations

import json

from sqlmodel import Session, col, select

from chainfin.errors import BadInput, Conflict, NotFound, Refused, unless_refused
from chainfin.rules.approval import ProposalState
from chainfin.rules.parked_item import ParkedState
from chainfin.rules.payment import State
from chainfin.services.books import journals
from chainfin.services.kernel import approvals, parking
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.payments import (
    buy_back,
    incoming,
    parked_lines,
    payment_state,
    payouts,
    realised,
    remittance,
    whose,
)
from chainfin.services.payments.allocation import Payment
from chainfin.services.payments.remittance import Purpose
from chainfin.services.views.acts import ProposalView
from chainfin.services.views.oversight import ParkedView
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.types import new_id
from chainfin.values.money import Money
from chainfin.values.payment_reference import Kind

ALLOCATION = "payment_allocation"
"""The kind of a proposal to allocate a payment by hand."""


def propose(ctx: Context, actor: Actor, parked_id: str, *, kind: Kind, target: str, reason: str) -> ProposalView:
    """One person of the operator says for which claim a parked payment is; a second one has to approve.

    Raises Forbidden operator_only, person_missing, person_not_active; NotFound parked_item_unknown, claim_unknown;
    Conflict parked_item_not_open, parked_item_no_payment, allocation_proposed; of a parked line what
    `parked_lines.unless_other` refuses.
    """
    actor.require_operator()
    with ctx.store.begin() as session:
        journals.lock(session)  # before any row: who posts locks the payment before its item
        item, claim = _open(session, parked_id), Purpose(kind, target)
        row = None if parked_lines.is_one(item) else _payment(session, item)
        if not remittance.exists(session, claim):
            raise NotFound("claim_unknown", f"there is no {kind} {target}", where="/id")
        waiting = select(ProposalRow.id).where(
            ProposalRow.kind == ALLOCATION,
            col(ProposalRow.payload)["item"].as_string() == parked_id,
            ProposalRow.status == ProposalState.OPEN.value,
        )
        if session.exec(waiting).first() is not None:
            raise Conflict("allocation_proposed", "a proposal for this payment waits for a decision")
        if row is None:  # it is no payment yet: it becomes one by the approval, under this id
            arrival = parked_lines.arrival_of(item)
            parked_lines.unless_other(session, ctx, arrival, claim)
            payment_id, amount = new_id("inc"), arrival.amount
        else:
            payment_id, amount = row.id, Money(row.amount, row.currency)
        said = {"kind": kind, "target": target, "amount": str(amount), "currency": amount.currency, "item": parked_id}
        made = approvals.propose(session, ctx, actor, kind=ALLOCATION, subject=payment_id, payload=said, reason=reason)
        return ProposalView.of(made)


def allocate(session: Session, ctx: Context, proposal: ProposalRow) -> None:
    """A second person approved: the payment is placed as if its payer had named the claim.

    Raises Refused payment_not_unmatched (placed or sent back meanwhile), payment_on_hold, account_of_another_lender
    (two persons of the operator may say what a payer meant, not whose money it is), payment_not_placed (the claim takes
    nothing of it), and of a parked line what `parked_lines.take` refuses: then the proposal stays open.
    """
    journals.lock(session)  # nobody who has it waits for a proposal
    purpose = Purpose(proposal.payload["kind"], str(proposal.payload["target"]))  # type: ignore[arg-type]  # as proposed
    row = session.get(IncomingRow, proposal.subject, with_for_update=True)
    if row is None:
        item = session.get_one(ParkedItemRow, str(proposal.payload["item"]), with_for_update=True)
        if item.status != ParkedState.OPEN:
            raise Refused("parked_item_not_open", f"this item is {item.status}")
        parked_lines.take(session, ctx, item, purpose, proposal)
        _close(session, item.id, str(proposal.decided_by), f"allocated by {proposal.id}")
        return
    if payment_state.of(row) is not State.UNMATCHED:
        raise Refused("payment_not_unmatched", f"the payment is {row.status}")
    incoming.lock_claim(session, purpose)
    waiting = incoming.hold_reason(session, ctx, purpose)
    if waiting is not None:
        raise Refused("payment_on_hold", f"it isn't known yet who is to be paid: {waiting}", reason=waiting)
    unless_refused(whose.unless_anothers(session, ctx, row, purpose))
    incoming.out_of_suspense(session, ctx, row, "matched")
    row.allocated_by = proposal.id
    if purpose.kind == "buy_back" and not realised.is_taken(session, purpose.target):
        refusal = buy_back.attest(session, ctx, Payment.of(row), purpose.target)
        left, why = (Money(row.amount, row.currency), refusal.code) if refusal else (Money.zero(row.currency), "")
        incoming.wait(session, ctx, row, buy_back.BUY_UNDER_WAY)
    else:
        left, why = incoming.PLACES[purpose.kind](session, ctx, Payment.of(row), purpose.target)
    if left.minor == row.amount:
        raise Refused("payment_not_placed", f"the claim takes nothing of it: {why}", reason=why)
    if left.minor:
        payouts.refund(session, ctx, row, left, why)
    _close(session, str(proposal.payload["item"]), str(proposal.decided_by), f"allocated by {proposal.id}")


def send_back(ctx: Context, actor: Actor, parked_id: str, reason: str) -> ParkedView:
    """A person sends a parked payment back to who paid it.

    Raises Forbidden operator_only, person_missing; BadInput reason_missing; NotFound parked_item_unknown; Conflict
    parked_item_not_open, parked_item_no_payment.
    """
    actor.require_operator()
    person_id = actor.require_person()
    if not reason.strip():
        raise BadInput("reason_missing", "say why it goes back", where="/reason")
    with ctx.store.begin() as session:
        journals.lock(session)
        item = _open(session, parked_id)
        row = _payment(session, item)
        payouts.send_back(session, ctx, row)
        return ParkedView.of(_close(session, item.id, person_id, f"sent back: {reason.strip()}"))


def place_again(session: Session, ctx: Context, incoming_id: str) -> None:
    """Try once more to find the claim that the payer named: it may have come to be since.

    Raises Refused with the reason why it is still unmatched.
    """
    journals.lock(session)
    row = session.get_one(IncomingRow, incoming_id, with_for_update=True)
    if payment_state.of(row) is not State.UNMATCHED:
        return
    incoming.place_unmatched(session, ctx, row)


def _open(session: Session, parked_id: str) -> ParkedItemRow:
    item = session.get(ParkedItemRow, parked_id, with_for_update=True)
    if item is None:
        raise NotFound("parked_item_unknown", f"there is no parked item {parked_id}")
    if item.status != ParkedState.OPEN:
        raise Conflict("parked_item_not_open", f"this item is {item.status}")
    return item


def _payment(session: Session, item: ParkedItemRow) -> IncomingRow:
    if item.source != incoming.UNMATCHED:
        raise Conflict(
            "parked_item_no_payment", f"what comes from {item.source} is no payment that waits to be allocated"
        )
    query = select(IncomingRow).where(col(IncomingRow.id) == json.loads(item.payload)).with_for_update()
    return session.exec(query).one()


def _close(session: Session, parked_id: str, who: str, resolution: str) -> ParkedItemRow:
    item = session.get_one(ParkedItemRow, parked_id, with_for_update=True)
    parking.resolve(session, item, who, resolution)
    return item
