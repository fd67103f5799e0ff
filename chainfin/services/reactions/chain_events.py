"""What follows from a final chain event. Called by the indexer in the transaction that stores the event.

Rows of orders, receivables, receipts and pledges are what the chain says; an event about a thing that has no
document here (made by others on the same contracts) changes nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlmodel import Session, select

from chainfin.eth.bindings import orders_events, participants_events
from chainfin.eth.bindings.registry import EVENTS
from chainfin.services.kernel.context import Context
from chainfin.services.parties import gate
from chainfin.services.reactions import act_outcomes, asset_events, pledge_events
from chainfin.services.reactions.event_reading import Handlers, on, party
from chainfin.services.trade import order_state
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import OrderRow
from chainfin.values.party import PartyState


def apply(session: Session, ctx: Context, event: ChainEvent) -> None:
    """Bring the projection up to ``event`` (final). Events come in chain order, each once. The act is final before what
    follows from the event is reckoned: what it did isn't on its way any more."""
    act_outcomes.final(session, ctx, event)
    kind = EVENTS.get((event.contract, event.name))
    handler = None if kind is None else _HANDLERS.get(kind)
    if handler is not None:
        handler(session, ctx, event)


# Participants


def _admitted(session: Session, ctx: Context, detail: participants_events.Admitted, event: ChainEvent) -> None:
    row = session.exec(select(PartyRow).where(PartyRow.commitment == detail.commitment)).one_or_none()
    if row is not None:
        row.chain_party = detail.party
        row.status = PartyState.ACTIVE.value
        session.add(row)


class _OfParty(Protocol):
    @property
    def party(self) -> int: ...


P = TypeVar("P", bound=_OfParty)


def _party(change: Callable[[PartyRow, P], None]) -> Callable[[Session, Context, P, ChainEvent], None]:
    def follow(session: Session, ctx: Context, detail: P, event: ChainEvent) -> None:
        row = party(session, detail.party)
        if row is not None:
            change(row, detail)
            session.add(row)

    return follow


def _suspended(row: PartyRow, detail: participants_events.Suspended) -> None:
    row.status = PartyState.SUSPENDED.value


def _resumed(row: PartyRow, detail: participants_events.Resumed) -> None:
    row.status = PartyState.ACTIVE.value


def _paused(session: Session, ctx: Context, detail: participants_events.Paused, event: ChainEvent) -> None:
    gate.project(session, detail.kinds)


def _roles_set(row: PartyRow, detail: participants_events.RolesSet) -> None:
    row.roles = detail.roles


def _key_changed(row: PartyRow, detail: participants_events.KeyRotated | participants_events.KeyRecovered) -> None:
    row.address = detail.new_key


# Orders


class _OfOrder(Protocol):
    @property
    def order_id(self) -> str: ...


D = TypeVar("D", bound=_OfOrder)


def _order(change: Callable[[OrderRow, D], None]) -> Callable[[Session, Context, D, ChainEvent], None]:
    def follow(session: Session, ctx: Context, detail: D, event: ChainEvent) -> None:
        order = session.get(OrderRow, detail.order_id)
        if order is not None:
            change(order, detail)
            order.status = order_state.by_events(session, order).value
            session.add(order)

    return follow


def _ordered(order: OrderRow, detail: orders_events.Posted | orders_events.Amended) -> None:
    order.ordered = detail.amount


def _status_alone(order: OrderRow, detail: orders_events.Acknowledged | orders_events.OrderCancelled) -> None:
    """No amount of the order changes."""


def _despatched(order: OrderRow, detail: orders_events.Despatched) -> None:
    order.despatched = detail.despatched


def _received(order: OrderRow, detail: orders_events.GoodsReceived) -> None:
    order.received = detail.received


_HANDLERS: Handlers = dict(
    [
        on(participants_events.Admitted, _admitted),
        on(participants_events.Suspended, _party(_suspended)),
        on(participants_events.Resumed, _party(_resumed)),
        on(participants_events.Paused, _paused),
        on(participants_events.RolesSet, _party(_roles_set)),
        on(participants_events.KeyRotated, _party(_key_changed)),
        on(participants_events.KeyRecovered, _party(_key_changed)),
        on(orders_events.Posted, _order(_ordered)),
        on(orders_events.Acknowledged, _order(_status_alone)),
        on(orders_events.Amended, _order(_ordered)),
        on(orders_events.OrderCancelled, _order(_status_alone)),
        on(orders_events.Despatched, _order(_despatched)),
        on(orders_events.GoodsReceived, _order(_received)),
        *asset_events.HANDLERS.items(),
        *pledge_events.HANDLERS.items(),
    ]
)
