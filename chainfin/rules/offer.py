"""Where an offer to a borrower stands."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from chainfin.errors import Conflict


class OfferState(StrEnum):
    OPEN = "open"
    """It may be accepted until it expires."""
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """By its borrower, by a newer offer in its place, or because its mandate is revoked."""


class OfferEvent(StrEnum):
    ACCEPT = "accept"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"


TRANSITIONS: Final[Mapping[tuple[OfferState, OfferEvent], OfferState]] = MappingProxyType(
    {
        (OfferState.OPEN, OfferEvent.ACCEPT): OfferState.ACCEPTED,
        (OfferState.OPEN, OfferEvent.EXPIRE): OfferState.EXPIRED,
        (OfferState.OPEN, OfferEvent.WITHDRAW): OfferState.WITHDRAWN,
    }
)
"""The one transition table of an offer."""


def transition(state: OfferState, event: OfferEvent) -> OfferState:
    """The state after ``event``. Raises Conflict offer_transition_refused for what isn't in the table."""
    if (state, event) not in TRANSITIONS:
        raise Conflict("offer_transition_refused", f"an offer that is {state} can't {event}")
    return TRANSITIONS[state, event]
