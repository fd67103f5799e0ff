"""A payment's state moves here and nowhere else: by an event that the rule's table knows."""

from __future__ import annotations

from sqlmodel import Session

from chainfin.rules import payment as rules
from chainfin.rules.payment import Event, State
from chainfin.storage.lending_tables import IncomingRow


def of(row: IncomingRow) -> State:
    return State(row.status)


def move(session: Session, row: IncomingRow, event: Event, reason: str | None) -> None:
    """``event`` happened to the payment (locked by the caller), for ``reason``.

    Raises Conflict payment_transition_refused.
    """
    row.status = rules.transition(State(row.status), event).value
    row.reason = reason
    session.add(row)


def allows(row: IncomingRow, event: Event) -> bool:
    """Whether ``event`` can happen to the payment now: a report that comes twice can't the second time."""
    return rules.allows(State(row.status), event)
