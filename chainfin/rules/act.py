"""Where an act of a party stands, from its preparation until it is in a final block or has come to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from chainfin.errors import Conflict


class ActState(StrEnum):
    AWAITING_SIGNATURE = "awaiting_signature"
    """Prepared here, and not signed by the party yet."""
    SIGNED = "signed"
    """On its way to the chain; or, where it rides in another's act, ready for it."""
    FINAL = "final"
    """In a final block."""
    REFUSED = "refused"
    """By the chain, or by a rule that holds no more: nothing of it happened."""
    EXPIRED = "expired"
    """Nobody signed it in time, or what it was for has ended."""


class ActEvent(StrEnum):
    SIGN = "sign"
    FINISH = "finish"
    REFUSE = "refuse"
    EXPIRE = "expire"


TRANSITIONS: Final[Mapping[tuple[ActState, ActEvent], ActState]] = MappingProxyType(
    {
        (ActState.AWAITING_SIGNATURE, ActEvent.SIGN): ActState.SIGNED,
        (ActState.AWAITING_SIGNATURE, ActEvent.REFUSE): ActState.REFUSED,
        (ActState.AWAITING_SIGNATURE, ActEvent.EXPIRE): ActState.EXPIRED,
        (ActState.SIGNED, ActEvent.FINISH): ActState.FINAL,
        (ActState.SIGNED, ActEvent.REFUSE): ActState.REFUSED,
        (ActState.SIGNED, ActEvent.EXPIRE): ActState.EXPIRED,
    }
)
"""The one transition table of an act."""

UNDER_WAY: Final = (ActState.AWAITING_SIGNATURE.value, ActState.SIGNED.value)
"""States, as they are stored, in which an act may still come about."""
CAME_TO_NOTHING: Final = (ActState.REFUSED.value, ActState.EXPIRED.value)
"""States, as they are stored, in which nothing of it will happen any more."""
COUNTED: Final = (ActState.SIGNED.value, ActState.FINAL.value)
"""States, as they are stored, in which the party has said so and the chain has not refused it."""


def transition(state: ActState, event: ActEvent) -> ActState:
    """The state after ``event``. Raises Conflict act_transition_refused for what isn't in the table."""
    if (state, event) not in TRANSITIONS:
        raise Conflict("act_transition_refused", f"an act that is {state} can't {event}")
    return TRANSITIONS[state, event]
