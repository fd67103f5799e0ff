"""What a bank has said of an order to pay that it was sent as a file, and what became of an entry of its statement."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from chainfin.errors import Conflict


class Standing(StrEnum):
    """What the bank's word means for the money."""

    IN_FLIGHT = "in_flight"
    """It has the order, or nothing was heard of it yet."""
    UNKNOWN = "unknown"
    """It said something that nobody understands: a person has to look."""
    PAID = "paid"
    REFUSED = "refused"
    """It won't be paid, or its money came back before anybody took notice that it had gone."""


class Word(StrEnum):
    """What the bank says."""

    HAS_IT = "has_it"
    SAYS_OTHERWISE = "says_otherwise"
    """Something that nobody understands."""
    PAID = "paid"
    REFUSES = "refuses"
    GAVE_BACK = "gave_back"


_S = Standing

MEANT: Final[Mapping[Standing, Word]] = MappingProxyType(
    {_S.IN_FLIGHT: Word.HAS_IT, _S.UNKNOWN: Word.SAYS_OTHERWISE, _S.PAID: Word.PAID, _S.REFUSED: Word.REFUSES}
)
"""The word by which an order comes to stand so."""
FINAL: Final = (_S.PAID.value, _S.REFUSED.value)
"""As they are stored: no later status of the bank's changes them. Only its giving the money back does."""

TRANSITIONS: Final[Mapping[tuple[Standing, Word], Standing]] = MappingProxyType(
    {
        **{(before, word): after for before in (_S.IN_FLIGHT, _S.UNKNOWN) for after, word in MEANT.items()},
        **{(before, Word.GAVE_BACK): _S.REFUSED for before in Standing},
    }
)
"""The one transition table of an order that went to a bank as a file."""


class EntryState(StrEnum):
    """What became of one payment of a statement's entry. It is said once, when the statement is taken in."""

    TAKEN = "taken"
    """A credit: an incoming payment now."""
    PAID = "paid"
    """A debit: an order of ours was carried out."""
    RETURNED = "returned"
    """An order of ours whose money the bank gave back."""
    REVERSED = "reversed"
    """A credit of before that the bank took back."""
    ODD = "odd"
    """Parked: a person asks the bank."""


def transition(standing: Standing, word: Word) -> Standing:
    """How the order stands after the bank's ``word``. Raises Conflict bank_order_transition_refused for what isn't in
    the table."""
    if (standing, word) not in TRANSITIONS:
        raise Conflict("bank_order_transition_refused", f"an order that is {standing}: the bank can't say {word}")
    return TRANSITIONS[standing, word]
