"""An application's state moves here and nowhere else: by an event that the rule's table knows."""

from __future__ import annotations

from sqlmodel import Session

from chainfin.rules import application as rules
from chainfin.rules.application import Event, State
from chainfin.services.kernel.context import Context
from chainfin.storage.lending_tables import ApplicationRow
from chainfin.storage.store import moves, tell


def of(row: ApplicationRow) -> State:
    return State(row.status)


def move(session: Session, ctx: Context, row: ApplicationRow, event: Event) -> None:
    """``event`` happened to the application (locked by the caller); who watches it is told.

    Raises Conflict application_transition_refused.
    """
    moves(session, row, row.status)
    row.status = rules.transition(State(row.status), event).value
    row.updated_at = ctx.clock.now()
    session.add(row)
    tell(session, row.id)
