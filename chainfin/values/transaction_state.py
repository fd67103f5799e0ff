"""Where a transaction of a relayer's key stands on the chain."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from chainfin.errors import Conflict


class TransactionState(StrEnum):
    STORED = "stored"
    """Signed, and sent or to be sent: the same bytes again are safe."""
    MINED = "mined"
    """In a final block, carried out."""
    REVERTED = "reverted"
    """In a final block, refused by the contract."""
    DISPLACED = "displaced"
    """Another transaction of the key has finally taken its nonce: it never will be mined."""


class TransactionEvent(StrEnum):
    MINE = "mine"
    REVERT = "revert"
    DISPLACE = "displace"


TRANSITIONS: Final[Mapping[tuple[TransactionState, TransactionEvent], TransactionState]] = MappingProxyType(
    {
        (TransactionState.STORED, TransactionEvent.MINE): TransactionState.MINED,
        (TransactionState.STORED, TransactionEvent.REVERT): TransactionState.REVERTED,
        (TransactionState.STORED, TransactionEvent.DISPLACE): TransactionState.DISPLACED,
    }
)
"""The one transition table of a transaction."""


def transition(state: TransactionState, event: TransactionEvent) -> TransactionState:
    """The state after ``event``. Raises Conflict transaction_transition_refused for what isn't in the table."""
    if (state, event) not in TRANSITIONS:
        raise Conflict("transaction_transition_refused", f"a transaction that is {state} can't {event}")
    return TRANSITIONS[state, event]
