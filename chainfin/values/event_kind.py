"""What a party can be told of by a call to its own address (webhooks)."""

from __future__ import annotations

from enum import StrEnum


class EventKind(StrEnum):
    """Each tells which thing moved and where it stands; what it is now is asked of the API."""

    ACT = "act.due"
    """An act waits for the party's signature."""
    APPLICATION = "application.changed"
    """An application is in another state: for its borrower and lender."""
    LOAN = "loan.changed"
    """A loan is in another state: for its borrower and lender."""
    RECEIVABLE = "receivable.changed"
    """A receivable is in another state: for its seller, holder and debtor."""
    PLEDGE = "pledge.changed"
    """A pledge is in another state: for its pledgor and lender."""
    LATE = "pledge.late"
    """The loan behind pledged goods is late, or a margin call on it wasn't met: for whoever undertook to buy the goods,
    and their keeper."""
    LIMIT = "limit.changed"
    """A lender has set a limit of its own: for that lender."""
