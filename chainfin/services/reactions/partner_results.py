"""Answers of partners that can't be taken in: their commands wait for a person, and the others go on.

The partner may have done what was asked. Nothing is guessed: a person has it asked about again (`ask_again`), or one of
the operator says what became of it and another one approves (`propose`, `take`): then it is taken in as if the partner
had said so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from sqlmodel import Session

from chainfin.errors import BadInput, Conflict, NotFound, Refused
from chainfin.rules.parked_item import ParkedState
from chainfin.services.books import journals
from chainfin.services.kernel import approvals, commands, parking
from chainfin.services.kernel.commands import PayHolder, PayLoan, Refund
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.reactions import partner_outcomes
from chainfin.services.views.acts import ProposalView
from chainfin.storage import outbox
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.values.command_state import CommandState

SOURCE = "partner_results"
"""The source of these parked items."""
OUTCOME = "partner_outcome"
"""The kind of a proposal that says what became of a command."""
PAYMENTS = (PayLoan, PayHolder, Refund)
"""What a person can know from the bank's statement; of all else only that it wasn't done."""

Became = Literal["done", "refused"]


def park(
    session: Session, ctx: Context, row: OutboxRow, code: str, detail: str, reply: Mapping[str, object] | None
) -> None:
    """The command (parked in the outbox already) is shown to the operator. ``reply``: the partner's answer, where it
    could be read."""
    body = {"command": row.id, "topic": row.topic, "attempts": row.attempts, "answer": reply}
    item = parking.Item(SOURCE, row.topic, row.subject, parking.as_payload(body), code, detail)
    parking.park(session, item, now=ctx.clock.now())


def ask_again(session: Session, ctx: Context, payload: str) -> None:
    """Have the partner asked once more; another answer that can't be taken in is parked at once, as another item."""
    row = _command(session, payload)
    if row.status == CommandState.PARKED:
        outbox.ask_again(session, row, now=ctx.clock.now())


def propose(
    ctx: Context,
    actor: Actor,
    parked_id: str,
    *,
    became: Became,
    at: datetime | None,
    reference: str | None,
    reason: str,
) -> ProposalView:
    """One person of the operator says what became of a parked command; a second one has to approve. ``at`` and
    ``reference``: of a payment that was made, when and by which number of the bank's.

    Raises Forbidden operator_only, person_missing, person_not_active; NotFound parked_item_unknown; Conflict
    parked_item_not_open, parked_item_no_command, outcome_proposed; BadInput outcome_incomplete (a payment without its
    time or number), outcome_not_by_hand (no payment: the partner alone can say that), partner_time_implausible.
    """
    actor.require_operator()
    with ctx.store.begin() as session:
        item = session.get(ParkedItemRow, parked_id, with_for_update=True)
        if item is None:
            raise NotFound("parked_item_unknown", f"there is no parked item {parked_id}")
        if item.status != ParkedState.OPEN:
            raise Conflict("parked_item_not_open", f"this item is {item.status}")
        if item.source != SOURCE:
            raise Conflict("parked_item_no_command", f"what comes from {item.source} is no command to a partner")
        row = _command(session, item.payload)
        if became == "done":
            _unless_complete(ctx, row, at, reference)
        if approvals.waiting(session, OUTCOME, str(row.id)) is not None:
            raise Conflict("outcome_proposed", "a proposal for this command waits for a decision")
        payload = {
            "item": parked_id,
            "topic": row.topic,
            "became": became,
            "at": None if at is None else at.isoformat(),
            "reference": reference,
        }
        return ProposalView.of(
            approvals.propose(session, ctx, actor, kind=OUTCOME, subject=str(row.id), payload=payload, reason=reason)
        )


def take(session: Session, ctx: Context, proposal: ProposalRow) -> None:
    """A second person approved: what they say became of the command is taken in.

    Raises Refused command_not_parked (asked about again, or ended, meanwhile), and what follows from it refuses.
    """
    journals.lock(session)  # nobody who has it waits for a proposal
    proposed = proposal.payload
    item = session.get_one(ParkedItemRow, str(proposed["item"]), with_for_update=True)
    row = _command(session, item.payload)
    if row.status != CommandState.PARKED or item.status != ParkedState.OPEN:
        raise Refused("command_not_parked", f"the command is {row.status}, its item {item.status}")
    assert row.id is not None, "a stored row has an id"
    if proposed["became"] == "done":
        answer = json.loads(item.payload)["answer"] or {}
        value = answer | {"bank_reference": proposed["reference"], "said_by": proposal.id}
        value |= {"refunded_at" if isinstance(commands.of(row), Refund) else "paid_at": proposed["at"]}
        partner_outcomes.done(session, ctx, row, value)
        outbox.done(session, row.id, value)
    else:
        why = f"two persons of the operator say so: {proposal.id}"
        partner_outcomes.refused(session, ctx, row, "not_done_by_partner", why)
        outbox.refused(session, row.id, "not_done_by_partner", why)
    parking.resolve(session, item, str(proposal.decided_by), f"{proposed['became']}, by {proposal.id}")


def _unless_complete(ctx: Context, row: OutboxRow, at: datetime | None, reference: str | None) -> None:
    if not isinstance(commands.of(row), PAYMENTS):
        raise BadInput("outcome_not_by_hand", f"only the partner can say what came of {row.topic}", where="/became")
    if at is None or not reference:
        raise BadInput("outcome_incomplete", "say when the bank paid, and under which number", where="/at")
    partner_outcomes.unless_time_implausible(ctx, row, at.isoformat())


def _command(session: Session, payload: str) -> OutboxRow:
    return session.get_one(OutboxRow, json.loads(payload)["command"], with_for_update=True)
