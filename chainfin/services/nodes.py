"""The trail of an application: each node starts, ends, and says with what outcome. Rows are added and ended, never
rewritten."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session, col, select

from chainfin.services.context import Context
from chainfin.storage.lending_tables import ApplicationNodeRow, ApplicationRow
from chainfin.storage.store import tell


def start(session: Session, ctx: Context, application: ApplicationRow, name: str) -> ApplicationNodeRow:
    """A node begins; it becomes the application's status."""
    last = session.exec(
        select(ApplicationNodeRow.seq)
        .where(ApplicationNodeRow.application_id == application.id)
        .order_by(col(ApplicationNodeRow.seq).desc())
        .limit(1)
    ).first()
    now = ctx.clock.now()
    row = ApplicationNodeRow(application_id=application.id, seq=(last or 0) + 1, name=name, started_at=now)
    application.status = name
    application.updated_at = now
    session.add(application)
    session.add(row)
    session.flush()
    tell(session, application.id)
    return row


def end(
    session: Session,
    ctx: Context,
    application: ApplicationRow,
    name: str,
    outcome: str = "done",
    detail: Mapping[str, object] | None = None,
) -> None:
    """The open node ``name`` ends; nothing happens if it is not open (a repeated report)."""
    row = session.exec(
        select(ApplicationNodeRow)
        .where(
            ApplicationNodeRow.application_id == application.id,
            ApplicationNodeRow.name == name,
            col(ApplicationNodeRow.ended_at).is_(None),
        )
        .order_by(col(ApplicationNodeRow.seq).desc())
    ).first()
    if row is not None:
        row.ended_at = ctx.clock.now()
        row.outcome = outcome
        row.detail = dict(detail or {})
        session.add(row)
        session.flush()
        tell(session, application.id)


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
