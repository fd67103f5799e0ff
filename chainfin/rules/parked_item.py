"""Where an item stands that was put aside because it couldn't be understood or applied."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from chainfin.errors import Conflict


class ParkedState(StrEnum):
    OPEN = "open"
    """It waits for a person."""
    RETRIED = "retried"
    """It was taken in after all."""
    RESOLVED = "resolved"
    """A person dealt with it, or what came later did; how stands beside it."""


class ParkedEvent(StrEnum):
    TAKE_IN = "take_in"
    RESOLVE = "resolve"


TRANSITIONS: Final[Mapping[tuple[ParkedState, ParkedEvent], ParkedState]] = MappingProxyType(
    {
        (ParkedState.OPEN, ParkedEvent.TAKE_IN): ParkedState.RETRIED,
        (ParkedState.OPEN, ParkedEvent.RESOLVE): ParkedState.RESOLVED,
    }
)
"""The one transition table of a parked item."""


def transition(state: ParkedState, event: ParkedEvent) -> ParkedState:
    """The state after ``event``. Raises Conflict parked_item_not_open for what isn't in the table."""
    if (state, event) not in TRANSITIONS:
        raise Conflict("parked_item_not_open", f"this item is {state}")
    return TRANSITIONS[state, event]
