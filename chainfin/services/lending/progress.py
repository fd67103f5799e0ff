"""The trail of an application: each node starts, ends, and says with what outcome. Rows are added and ended, never
rewritten.

It is told to who watches and steers nothing: what may happen next follows from the state (`application_state`)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import String, bindparam
from sqlmodel import Session, col, select

from chainfin.services.kernel.context import Context
from chainfin.storage.lending_tables import ApplicationNodeRow, ApplicationRow
from chainfin.storage.store import tell


def start(session: Session, ctx: Context, application: ApplicationRow, name: str) -> ApplicationNodeRow:
    """A node begins."""
    last = _last(session, application.id)
    now = ctx.clock.now()
    row = ApplicationNodeRow(
        application_id=application.id, seq=1 if last is None else last.seq + 1, name=name, started_at=now
    )
    session.info[_LAST][application.id] = row
    session.add(row)
    tell(session, application.id)
    return row


_LAST = "nodes_last"


def _last(session: Session, application_id: str) -> ApplicationNodeRow | None:
    """The application's last node, asked for once in a transaction: one that begins and ends in it is written once.

    The application's row is locked, so nobody else adds a node meanwhile. What a savepoint took back isn't in the
    session any more.
    """
    known: dict[str, ApplicationNodeRow] = session.info.setdefault(_LAST, {})
    row = known.get(application_id)
    if row is None or row not in session:
        with session.no_autoflush:  # what this transaction began would be known
            row = session.exec(_LAST_OF, params={"application": application_id}).first()
        if row is not None:
            known[application_id] = row
    return row


_LAST_OF = (
    select(ApplicationNodeRow)
    .where(ApplicationNodeRow.application_id == bindparam("application", type_=String()))
    .order_by(col(ApplicationNodeRow.seq).desc())
    .limit(1)
)
"""Made once: to make it costs more than to run it."""


def end(
    session: Session,
    ctx: Context,
    application: ApplicationRow,
    name: str,
    outcome: str = "done",
    detail: Mapping[str, object] | None = None,
) -> None:
    """The open node ``name`` ends; nothing happens if it is not open (a repeated report)."""
    row = _last(session, application.id)
    if row is None or row.name != name or row.ended_at is not None:
        row = _open(session, application.id, name)
    if row is not None:
        row.ended_at = ctx.clock.now()
        row.outcome = outcome
        row.detail = dict(detail or {})
        session.add(row)
        tell(session, application.id)


def end_open(
    session: Session,
    ctx: Context,
    application: ApplicationRow,
    outcome: str,
    detail: Mapping[str, object] | None = None,
) -> None:
    """The last node ends, whichever it is, if it is open."""
    row = _last(session, application.id)
    if row is not None and row.ended_at is None:
        end(session, ctx, application, row.name, outcome, detail)


def _open(session: Session, application_id: str, name: str) -> ApplicationNodeRow | None:
    return session.exec(
        select(ApplicationNodeRow)
        .where(
            ApplicationNodeRow.application_id == application_id,
            ApplicationNodeRow.name == name,
            col(ApplicationNodeRow.ended_at).is_(None),
        )
        .order_by(col(ApplicationNodeRow.seq).desc())
    ).first()


def at_once(
    session: Session,
    ctx: Context,
    application: ApplicationRow,
    name: str,
    outcome: str = "done",
    detail: Mapping[str, object] | None = None,
) -> None:
    """A node that begins and ends here (the last ones: funded, declined, failed …)."""
    start(session, ctx, application, name)
    end(session, ctx, application, name, outcome, detail)
