"""Where a command in the outbox stands, from when it is given until its driver, or a person, says what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from chainfin.errors import Conflict


class CommandState(StrEnum):
    DUE = "due"
    """Given, or to be tried again: nothing of it has left."""
    CLAIMED = "claimed"
    """A driver carries it out."""
    UNKNOWN = "unknown"
    """It was sent, and nobody knows what became of it: the driver asks, it never repeats blindly."""
    PARKED = "parked"
    """The answers can't be taken in: it waits for a person."""
    DONE = "done"
    REFUSED = "refused"
    """The other side said no; or a payment that it had made came back."""
    REPLACED = "replaced"
    """It was refused, and another command was given in its place."""


class CommandEvent(StrEnum):
    CLAIM = "claim"
    TRY_LATER = "try_later"
    ASK_LATER = "ask_later"
    PARK = "park"
    DO = "do"
    REFUSE = "refuse"
    GIVE_BACK = "give_back"
    """The bank paid, and then gave the money back."""
    REPLACE = "replace"


_S, _E = CommandState, CommandEvent

UNDER_WAY: Final = (_S.DUE.value, _S.CLAIMED.value, _S.UNKNOWN.value)
"""States, as they are stored, of a command that a driver still sees through."""
OPEN: Final = (*UNDER_WAY, _S.PARKED.value)
"""States, as they are stored, of a command of which nobody knows yet what became of it."""

TRANSITIONS: Final[Mapping[tuple[CommandState, CommandEvent], CommandState]] = MappingProxyType(
    {
        (_S.DUE, _E.CLAIM): _S.CLAIMED,
        (_S.UNKNOWN, _E.CLAIM): _S.CLAIMED,
        # The driver that had claimed it is gone: its lease has run out.
        (_S.CLAIMED, _E.CLAIM): _S.CLAIMED,
        (_S.DUE, _E.TRY_LATER): _S.DUE,
        (_S.CLAIMED, _E.TRY_LATER): _S.DUE,
        (_S.UNKNOWN, _E.TRY_LATER): _S.DUE,
        (_S.CLAIMED, _E.ASK_LATER): _S.UNKNOWN,
        (_S.UNKNOWN, _E.ASK_LATER): _S.UNKNOWN,
        (_S.PARKED, _E.ASK_LATER): _S.UNKNOWN,
        (_S.CLAIMED, _E.PARK): _S.PARKED,
        # What was sent may be carried out while it is due or unknown again, and a person may say so of a parked one.
        **{(_S(state), _E.DO): _S.DONE for state in OPEN},
        **{(_S(state), _E.REFUSE): _S.REFUSED for state in OPEN},
        (_S.DONE, _E.GIVE_BACK): _S.REFUSED,
        (_S.REFUSED, _E.REPLACE): _S.REPLACED,
    }
)
"""The one transition table of a command."""


def transition(state: CommandState, event: CommandEvent) -> CommandState:
    """The state after ``event``. Raises Conflict command_transition_refused for what isn't in the table."""
    if (state, event) not in TRANSITIONS:
        raise Conflict("command_transition_refused", f"a command that is {state} can't {event}")
    return TRANSITIONS[state, event]
