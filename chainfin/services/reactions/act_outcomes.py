"""What the sender reports of an act that it relayed, and what is undone when the chain refuses it."""

from __future__ import annotations

import re

from sqlalchemy import bindparam, update
from sqlmodel import Session, SQLModel, col, select

from chainfin.eth.bindings import ACTS, orders_acts, pledges_acts, receivables_acts, warehouse_receipts_acts
from chainfin.services.kernel import acts
from chainfin.services.kernel.context import Context
from chainfin.services.lending import funding
from chainfin.services.pledges import release, substitution
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.trade_tables import ActRow, OrderRow, ReceivableRow, WarehouseReceiptRow


def chain_code(error_name: str) -> str:
    """A contract's custom error as a stable code: ExceedsFree → chain_exceeds_free."""
    return "chain_" + re.sub(r"(?<!^)(?=[A-Z])", "_", error_name).lower()


def sent(session: Session, ctx: Context, act_id: str, tx_hash: str) -> None:
    """The act's transaction is stored and about to be sent."""
    session.connection().execute(_SENT, {"act": act_id, "hash": tx_hash})


_ACTS = SQLModel.metadata.tables["act"]
_SENT = update(_ACTS).where(_ACTS.c.id == bindparam("act")).values(tx_hash=bindparam("hash"))
_FINAL = (
    update(_ACTS)
    .where(_ACTS.c.tx_hash == bindparam("hash"), _ACTS.c.status == "signed")
    .values(status="final", block_number=bindparam("block"), final_at=bindparam("at"))
)
"""Past the rows: an act is large (its typed data), and nothing else of it is needed here."""


def refused(session: Session, ctx: Context, act_id: str, code: str, message: str, *, status: str = "refused") -> None:
    """The chain refuses the act for good (a revert, an expired deadline): undo what waited for it."""
    row = session.get_one(ActRow, act_id)
    if row.status in ("final", "refused", "expired"):
        return
    row.status = status
    row.error_code = code
    row.error_message = message
    row.final_at = ctx.clock.now()
    session.add(row)
    match ACTS.get((row.contract, row.function)):
        case orders_acts.Post:
            _mark(session.get(OrderRow, row.subject), session, "posting")
        case receivables_acts.Issue:
            _mark(session.get(ReceivableRow, row.subject), session, "issuing")
        case warehouse_receipts_acts.Issue:
            _mark(session.get(WarehouseReceiptRow, row.subject), session, "issuing")
        case pledges_acts.Pledge:
            funding.pledge_refused(session, ctx, row.subject, code, message)
        case pledges_acts.Substitute:
            substitution.refused(session, ctx, row.subject, code, message)
        case pledges_acts.Release:
            release.release_failed(session, ctx, row.subject, unsigned=status == "expired")


def expire(ctx: Context, *, limit: int = 100) -> int:
    """Close acts that nobody signed in time; what waited for them may be begun again. Returns how many.

    An offer's act ends with the offer.
    """
    now = int(ctx.clock.now().timestamp())
    with ctx.store.read() as session:
        late = session.exec(
            select(ActRow.id)
            .where(
                ActRow.status == "awaiting_signature",
                ActRow.deadline < now,
                col(ActRow.function).not_in(acts.OFFERED),
            )
            .limit(limit)
        ).all()
    for act_id in late:
        with ctx.store.begin() as session:
            row = session.get_one(ActRow, act_id, with_for_update=True)
            if row.status == "awaiting_signature":
                refused(session, ctx, act_id, "act_expired", "nobody signed it in time", status="expired")
    return len(late)


def _mark(row: OrderRow | ReceivableRow | WarehouseReceiptRow | None, session: Session, waiting: str) -> None:
    """Only what was still waiting for this act: a refused repeat must not touch what stands."""
    if row is not None and row.status == waiting:
        row.status = "refused"
        session.add(row)


def final(session: Session, ctx: Context, event: ChainEvent) -> None:
    """An event of the act's transaction is final: so is the act."""
    session.connection().execute(_FINAL, {"hash": event.tx_hash, "block": event.block_number, "at": ctx.clock.now()})
