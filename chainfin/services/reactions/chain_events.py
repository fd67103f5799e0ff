"""What follows from a final chain event. Called by the indexer in the transaction that stores the event.

Rows of orders, receivables, receipts and pledges are what the chain says; an event about a thing that has no
document here (made by others on the same contracts) changes nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlmodel import Session, select

from chainfin.services.kernel.context import Context
from chainfin.services.parties import gate
from chainfin.services.reactions import act_outcomes, asset_events, pledge_events
from chainfin.services.reactions.event_reading import Handler, Handlers, number, party, text
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import OrderRow


def apply(session: Session, ctx: Context, event: ChainEvent) -> None:
    """Bring the projection up to ``event`` (final). Events come in chain order, each once."""
    handler = _HANDLERS.get((event.contract, event.name))
    if handler is not None:
        handler(session, ctx, event)
    act_outcomes.final(session, ctx, event)


# Participants


def _admitted(session: Session, ctx: Context, event: ChainEvent) -> None:
    row = session.exec(select(PartyRow).where(PartyRow.commitment == text(event, "commitment"))).one_or_none()
    if row is not None:
        row.chain_party = number(event, "party")
        row.status = "active"
        session.add(row)


def _party(change: Callable[[PartyRow, ChainEvent], None]) -> Handler:
    def handle(session: Session, ctx: Context, event: ChainEvent) -> None:
        row = party(session, number(event, "party"))
        if row is not None:
            change(row, event)
            session.add(row)

    return handle


def _suspended(row: PartyRow, event: ChainEvent) -> None:
    row.status = "suspended"


def _resumed(row: PartyRow, event: ChainEvent) -> None:
    row.status = "active"


def _paused(session: Session, ctx: Context, event: ChainEvent) -> None:
    gate.project(session, number(event, "kinds"))


def _roles_set(row: PartyRow, event: ChainEvent) -> None:
    row.roles = number(event, "roles")


def _key_changed(row: PartyRow, event: ChainEvent) -> None:
    row.address = text(event, "newKey")


# Orders


def _order(change: Callable[[OrderRow, ChainEvent], None]) -> Handler:
    def handle(session: Session, ctx: Context, event: ChainEvent) -> None:
        order = session.get(OrderRow, text(event, "orderId"))
        if order is not None:
            change(order, event)
            session.add(order)

    return handle


def _posted(order: OrderRow, event: ChainEvent) -> None:
    order.status = "posted"
    order.ordered = number(event, "amount")


def _acknowledged(order: OrderRow, event: ChainEvent) -> None:
    order.status = "acknowledged"


def _amended(order: OrderRow, event: ChainEvent) -> None:
    order.ordered = number(event, "amount")
    order.status = "posted"


def _order_cancelled(order: OrderRow, event: ChainEvent) -> None:
    order.status = "cancelled"


def _despatched(order: OrderRow, event: ChainEvent) -> None:
    order.despatched = number(event, "despatched")
    order.status = "despatched"


def _received(order: OrderRow, event: ChainEvent) -> None:
    order.received = number(event, "received")
    order.status = "received"


_HANDLERS: Handlers = {
    ("Participants", "Admitted"): _admitted,
    ("Participants", "Suspended"): _party(_suspended),
    ("Participants", "Resumed"): _party(_resumed),
    ("Participants", "Paused"): _paused,
    ("Participants", "RolesSet"): _party(_roles_set),
    ("Participants", "KeyRotated"): _party(_key_changed),
    ("Participants", "KeyRecovered"): _party(_key_changed),
    ("Orders", "Posted"): _order(_posted),
    ("Orders", "Acknowledged"): _order(_acknowledged),
    ("Orders", "Amended"): _order(_amended),
    ("Orders", "OrderCancelled"): _order(_order_cancelled),
    ("Orders", "Despatched"): _order(_despatched),
    ("Orders", "GoodsReceived"): _order(_received),
    **asset_events.HANDLERS,
    **pledge_events.HANDLERS,
}
