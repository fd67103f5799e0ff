"""Claims on who was paid by money that the bank took back: open until two persons said how each was settled."""

from __future__ import annotations

from sqlmodel import Session

from chainfin.errors import Conflict, NotFound, Refused
from chainfin.rules.parked_item import ParkedState
from chainfin.services.books import journals
from chainfin.services.kernel import approvals, parking
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.payments.reversed import SOURCE
from chainfin.services.views.acts import ProposalView
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.oversight_tables import ParkedItemRow

SETTLED = "claim_settled"
"""The kind of proposal that says how a claim was settled."""


def propose(ctx: Context, actor: Actor, parked_id: str, *, reason: str) -> ProposalView:
    """One person of the operator says how a parked claim was settled; a second one has to approve.

    Raises Forbidden operator_only, person_missing, person_not_active, person_not_confirmed; NotFound
    parked_item_unknown; Conflict parked_item_not_open, parked_item_no_claim, settlement_proposed.
    """
    actor.require_operator()
    with ctx.store.begin() as session:
        item = session.get(ParkedItemRow, parked_id, with_for_update=True)
        if item is None:
            raise NotFound("parked_item_unknown", f"there is no parked item {parked_id}")
        if item.status != ParkedState.OPEN:
            raise Conflict("parked_item_not_open", f"this item is {item.status}")
        if item.source != SOURCE:
            raise Conflict("parked_item_no_claim", "this is no claim on who was paid by money that the bank took back")
        if approvals.waiting(session, SETTLED, item.id) is not None:
            raise Conflict("settlement_proposed", "a proposal for this claim waits for a decision")
        made = approvals.propose(session, ctx, actor, kind=SETTLED, subject=item.id, payload={}, reason=reason)
        return ProposalView.of(made)


def settled(session: Session, ctx: Context, proposal: ProposalRow) -> None:
    """A second person approved. Raises Refused parked_item_not_open."""
    journals.lock(session)  # nobody who has it waits for a proposal
    item = session.get_one(ParkedItemRow, proposal.subject, with_for_update=True)
    if item.status != ParkedState.OPEN:
        raise Refused("parked_item_not_open", f"this item is {item.status}")
    parking.resolve(session, item, str(proposal.decided_by), f"{proposal.reason}: {proposal.id}")
