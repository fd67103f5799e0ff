"""What the projections of all things share: how an event is read, and what a handler is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlmodel import Session, select

from chainfin.services.kernel.context import Context
from chainfin.services.pledges import assets
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ReceivableRow, WarehouseReceiptRow

Handler = Callable[[Session, Context, ChainEvent], None]
Handlers = Mapping[tuple[str, str], Handler]
"""(contract, event) → what follows from it."""


def text(event: ChainEvent, name: str) -> str:
    return str(event.args[name])


def number(event: ChainEvent, name: str) -> int:
    return int(str(event.args[name]))


def party(session: Session, chain_party: int) -> PartyRow | None:
    """The participant of this number; None for one that was never admitted by this service."""
    return session.exec(select(PartyRow).where(PartyRow.chain_party == chain_party)).one_or_none()


def fit_reserved(asset: ReceivableRow | WarehouseReceiptRow) -> None:
    """A promise of ours yields to what happened on chain: the pledge that it was for will be refused there."""
    asset.reserved = max(0, min(asset.reserved, asset.reserved + assets.free_of(asset)))
