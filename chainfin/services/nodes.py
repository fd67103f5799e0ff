"""The trail of an application: each node starts, ends, and says with what outcome. Rows are added and ended, never
rewritten."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session, col, func, select

from chainfin.services.context import Context
from chainfin.storage.lending_tables import ApplicationNodeRow, ApplicationRow
from chainfin.storage.store import tell


def start(session: Session, ctx: Context, application: ApplicationRow, name: str) -> ApplicationNodeRow:
    """A node begins; it becomes the application's status."""
    last = _begun(session, application.id)
    seq = _last_seq(session, application.id) if last is None else last.seq
    now = ctx.clock.now()
    row = ApplicationNodeRow(application_id=application.id, seq=seq + 1, name=name, started_at=now)
    session.info.setdefault(_BEGUN, {})[application.id] = row
    application.status = name
    application.updated_at = now
    session.add(application)
    session.add(row)
    tell(session, application.id)
    return row


_BEGUN = "nodes_begun"


def _begun(session: Session, application_id: str) -> ApplicationNodeRow | None:
    """The last node that this transaction began: one that begins and ends in a transaction is written once.

    The application's row is locked, so nobody else adds a node meanwhile. What a savepoint took back isn't in the
    session any more.
    """
    row: ApplicationNodeRow | None = session.info.get(_BEGUN, {}).get(application_id)
    return row if row is not None and row in session else None


def _last_seq(session: Session, application_id: str) -> int:
    query = select(func.max(ApplicationNodeRow.seq)).where(ApplicationNodeRow.application_id == application_id)
    return session.exec(query).one() or 0


def end(
    session: Session,
    ctx: Context,
    application: ApplicationRow,
    name: str,
    outcome: str = "done",
    detail: Mapping[str, object] | None = None,
) -> None:
    """The open node ``name`` ends; nothing happens if it is not open (a repeated report)."""
    row = _begun(session, application.id)
    if row is None or row.name != name or row.ended_at is not None:
        row = _open(session, application.id, name)
    if row is not None:
        row.ended_at = ctx.clock.now()
        row.outcome = outcome
        row.detail = dict(detail or {})
        session.add(row)
        tell(session, application.id)


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


FINAL = frozenset({"funded", "declined", "expired", "withdrawn", "failed"})
"""States in which an application stays."""
