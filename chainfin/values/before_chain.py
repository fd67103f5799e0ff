"""Where the row of an order, receivable or warehouse receipt stands that no final event has confirmed.

From its final event on it has the states of its rule (`rules.order`, `rules.receivable`, `rules.inventory`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class BeforeChain(StrEnum):
    POSTING = "posting"
    """The act that posts an order is on its way."""
    ISSUING = "issuing"
    """The act that issues a receivable or a warehouse receipt is on its way."""
    REFUSED = "refused"
    """That act came to nothing: the same may be posted or issued again."""


NOT_ISSUED: Final = (BeforeChain.ISSUING.value, BeforeChain.REFUSED.value)
"""As they are stored: of a receivable or warehouse receipt that the chain doesn't know."""
