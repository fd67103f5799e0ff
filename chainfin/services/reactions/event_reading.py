"""What the projections of all things share: how an event is read, and what a handler is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from sqlmodel import Session, select

from chainfin.errors import ChainfinError, Refusal
from chainfin.eth.bindings.base import Event
from chainfin.services.kernel.context import Context
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.party_tables import PartyRow

T = TypeVar("T")
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


class ChainDisagrees(ChainfinError):
    """What a final event says can't follow from what the rows say: nothing more is taken in until somebody has found
    out why. The chain is right; a row was lost, or changed by hand."""


def follows(event: ChainEvent, result: T | Refusal) -> T:
    """What a rule makes of a final event, taken on the chain's word.

    Raises ChainDisagrees chain_disagrees where even so the transition isn't in its table, or an amount would be lost.
    """
    if isinstance(result, Refusal):
        what = f"{event.contract}.{event.name} in block {event.block_number}"
        raise ChainDisagrees(
            "chain_disagrees",
            f"{what} can't follow: {result.code} ({result.message})",
            refusal=result.code,
            proof=dict(result.proof),
        )
    return result


def agree(event: ChainEvent, told: object, known: object) -> None:
    """An event tells what came of it; so does the rule. Raises ChainDisagrees chain_disagrees where they differ."""
    if told != known:
        what = f"{event.contract}.{event.name} in block {event.block_number}"
        raise ChainDisagrees("chain_disagrees", f"{what} tells {told}, and the rule {known}")
