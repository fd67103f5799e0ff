"""What the projections of all things share: how an event is read, and what a handler is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from sqlmodel import Session, select

from chainfin.eth.bindings.base import Event
from chainfin.services.kernel.context import Context
from chainfin.services.pledges import assets
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ReceivableRow, WarehouseReceiptRow

E = TypeVar("E", bound=Event)

Follow = Callable[[Session, Context, E, ChainEvent], None]
"""What follows from an event: what it says, and where on the chain it says so."""
Handler = Callable[[Session, Context, ChainEvent], None]
Handlers = Mapping[type[Event], Handler]


def on(kind: type[E], follow: Follow[E]) -> tuple[type[Event], Handler]:
    """One line of the tables: ``follow`` is called with the event as the dataclass ``kind``."""

    def handle(session: Session, ctx: Context, event: ChainEvent) -> None:
        follow(session, ctx, kind.from_args(event.args), event)

    return kind, handle


def party(session: Session, chain_party: int) -> PartyRow | None:
    """The participant of this number; None for one that was never admitted by this service."""
    return session.exec(select(PartyRow).where(PartyRow.chain_party == chain_party)).one_or_none()


def fit_reserved(asset: ReceivableRow | WarehouseReceiptRow) -> None:
    """A promise of ours yields to what happened on chain: the pledge that it was for will be refused there."""
    asset.reserved = max(0, min(asset.reserved, asset.reserved + assets.free_of(asset)))
