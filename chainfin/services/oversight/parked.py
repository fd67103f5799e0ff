"""Items that were put aside: the operator sees them, has them tried again, or resolves them with a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import structlog
from sqlmodel import Session, col, select

from chainfin.errors import BadInput, Conflict, NotFound
from chainfin.rules import parked_item
from chainfin.rules.parked_item import ParkedEvent, ParkedState
from chainfin.services.books import journals
from chainfin.services.kernel import parking
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.payments import between_lenders, incoming, reversed, unpaid
from chainfin.services.reactions import partner_results
from chainfin.services.views.oversight import ParkedView
from chainfin.storage.away import is_away
from chainfin.storage.oversight_tables import ParkedItemRow

Retry: TypeAlias = Callable[[Session, str], None]
"""Takes an item's payload in again, in the caller's transaction. Raises ChainfinError with the reason why it can't."""

_log = structlog.get_logger("chainfin.parked")


def list_(ctx: Context, actor: Actor, *, status: str | None, after: str, limit: int) -> list[ParkedView]:
    """Parked items in the order in which they came. Raises Forbidden operator_only."""
    actor.require_operator()
    query = select(ParkedItemRow).where(col(ParkedItemRow.id) > after)
    if status is not None:
        query = query.where(ParkedItemRow.status == status)
    with ctx.store.read() as session:
        return [ParkedView.of(row) for row in session.exec(query.order_by(col(ParkedItemRow.id)).limit(limit))]


def retry(ctx: Context, actor: Actor, parked_id: str, retries: Mapping[str, Retry]) -> ParkedView:
    """Take the item in again, by the way of its source. If that fails again it stays open, with the new reason.

    Raises Forbidden operator_only; NotFound parked_item_unknown; Conflict parked_item_not_open, parked_item_fixed (its
    source takes nothing in again).
    """
    actor.require_operator()
    with ctx.store.begin() as session:
        journals.lock(session)  # before any row: what is taken in again is posted, and who posts closes such items
        row = _open(session, parked_id)
        again = retries.get(row.source)
        if again is None:
            raise Conflict("parked_item_fixed", f"what comes from {row.source} can't be taken in again: resolve it")
        try:
            with session.begin_nested():
                again(session, row.payload)
            row.status = parked_item.transition(ParkedState(row.status), ParkedEvent.TAKE_IN).value
            row.resolved_by = _who(actor)
            row.attempts += 1
            row.last_tried_at = ctx.clock.now()
        except Exception as error:
            if is_away(error):
                raise
            code, detail = parking.reason_of(error)
            parking.note(row, code, detail, now=ctx.clock.now())
            _log.error("parked_item_not_taken_in", parked_id=row.id, source=row.source, code=code, exc_info=error)
        session.add(row)
        return ParkedView.of(row)


def resolve(ctx: Context, actor: Actor, parked_id: str, reason: str) -> ParkedView:
    """A person has dealt with it: it is closed, with who and why; nothing is taken in.

    Raises Forbidden operator_only; BadInput reason_missing; NotFound parked_item_unknown; Conflict
    parked_item_not_open, parked_claim_undecided (two persons say how a claim was settled, see
    `payments.reversed_claims`), parked_payment_undecided (a payment is allocated or sent back, see
    `payments.unmatched`), parked_command_undecided (a partner is asked again, or persons say what became of it, see
    `reactions.partner_results`), parked_payout_undecided (it is ordered again, see `payments.pay_again`, or
    passed on, see `payments.between_lenders`).
    """
    actor.require_operator()
    if not reason.strip():
        raise BadInput("reason_missing", "say what was done with it", where="/reason")
    with ctx.store.begin() as session:
        row = _open(session, parked_id)
        if row.source == incoming.UNMATCHED:
            raise Conflict("parked_payment_undecided", "its money is in suspense: allocate it, or send it back")
        if row.source == partner_results.SOURCE:
            raise Conflict("parked_command_undecided", "its command is open: ask again, or say what became of it")
        if row.source in (unpaid.SOURCE, between_lenders.SOURCE):
            raise Conflict("parked_payout_undecided", "its money is owed: have it paid, or say that it was passed on")
        if row.source == reversed.SOURCE:
            raise Conflict("parked_claim_undecided", "who was paid owes it: two persons say how that was settled")
        parking.resolve(session, row, _who(actor), reason.strip())
        return ParkedView.of(row)


def _open(session: Session, parked_id: str) -> ParkedItemRow:
    row = session.get(ParkedItemRow, parked_id, with_for_update=True)
    if row is None:
        raise NotFound("parked_item_unknown", f"there is no parked item {parked_id}")
    if row.status != ParkedState.OPEN:
        raise Conflict("parked_item_not_open", f"this item is {row.status}")
    return row


def _who(actor: Actor) -> str:
    return actor.party_id or actor.kind
