"""The outbox: commands committed with the state they belong to, claimed and carried out by drivers.

A claim is a lease. A driver that dies leaves its rows to the next one after ``lease``; what it may have sent is
then found out by asking (idempotent keys), not by guessing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, ColumnElement, Integer, String, bindparam
from sqlmodel import Session, col, or_, select

from chainfin.storage import locks
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.store import tell
from chainfin.storage.types import UtcDateTime
from chainfin.values.command_state import CommandEvent, CommandState, transition


def put(
    session: Session,
    topic: str,
    key: str,
    payload: dict[str, object],
    *,
    subject: str = "",
    correlation: str = "",
    now: datetime,
    cell: str = "c0",
) -> OutboxRow:
    """Add a command. The same ``key`` again returns the row that exists: a command is given once."""
    # of two transactions that give the same command the second waits here, and then finds the first one's
    locks.named(session, f"outbox:{key}")
    existing = session.exec(_BY_KEY, params={"key": key}).one_or_none()
    if existing is not None:
        return existing
    row = OutboxRow(
        cell=cell,
        topic=topic,
        key=key,
        subject=subject,
        correlation=correlation,
        payload=payload,
        not_before=now,
        created_at=now,
    )
    session.add(row)
    session.flush()
    tell(session, topic)
    return row


def claim(
    session: Session,
    topics: Sequence[str],
    *,
    worker: str,
    now: datetime,
    lease: timedelta = timedelta(seconds=60),
    limit: int = 100,
) -> list[OutboxRow]:
    """Take up to ``limit`` due (or abandoned) rows in order of making, for ``lease``."""
    due = session.exec(_CLAIM, params={"topics": list(topics), "now": now, "limit": limit}).all()
    for row in due:
        _move(row, CommandEvent.CLAIM)
        row.claimed_by = worker
        row.claimed_until = now + lease
        row.attempts += 1
        session.add(row)
    session.flush()
    return list(due)


def take_back(session: Session, topics: Sequence[str], *, now: datetime) -> int:
    """What a driver that is gone had claimed is to be asked about at once, not after its lease. Returns how many.

    Only for a driver that knows to be alone on this database.
    """
    claimed = session.exec(
        select(OutboxRow)
        .where(col(OutboxRow.topic).in_(topics), OutboxRow.status == CommandState.CLAIMED.value)
        .with_for_update()
    ).all()
    for row in claimed:
        assert row.id is not None, "a stored row has an id"
        later(session, row.id, at=now, error="the driver that had claimed it is gone", unknown=True)
    return len(claimed)


def any_due(session: Session, topics: Sequence[str], *, now: datetime) -> bool:
    """Whether `claim` would find anything: for a driver to look before it takes the writer's lock."""
    return session.exec(_ANY_DUE, params={"topics": list(topics), "now": now}).first() is not None


_WAITING = (CommandState.DUE.value, CommandState.UNKNOWN.value)


def _due(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return or_(
        (col(OutboxRow.status).in_((CommandState.DUE.value, CommandState.UNKNOWN.value)))
        & (col(OutboxRow.not_before) <= now),
        (col(OutboxRow.status) == CommandState.CLAIMED.value) & (col(OutboxRow.claimed_until) < now),
    )


_DUE = (
    col(OutboxRow.topic).in_(bindparam("topics", expanding=True)),
    _due(bindparam("now", type_=UtcDateTime())),
)
_ANY_DUE = select(OutboxRow.id).where(*_DUE).limit(1)
_CLAIM = (
    select(OutboxRow)
    .where(*_DUE)
    .order_by(col(OutboxRow.id))
    .limit(bindparam("limit", type_=Integer()))
    .with_for_update(skip_locked=True)
)
"""Made once: drivers ask these at every wake, and making a statement costs more than running it."""


def rows(session: Session, ids: Sequence[int | None]) -> dict[int | None, OutboxRow]:
    """The rows of these ids (None is nobody's), by id."""
    wanted = [row_id for row_id in ids if row_id is not None]
    return {row.id: row for row in session.exec(_BY_IDS, params={"ids": wanted}).all()} if wanted else {}


_BY_IDS = select(OutboxRow).where(col(OutboxRow.id).in_(bindparam("ids", expanding=True)))
_BY_KEY = select(OutboxRow).where(OutboxRow.key == bindparam("key", type_=String()))


def done(session: Session, row_id: int, result: dict[str, object]) -> None:
    """It was carried out, with this result."""
    _end(session, row_id, CommandEvent.DO, result, None)


def refused(session: Session, row_id: int, code: str, message: str) -> None:
    """The other side said no, for good."""
    _end(session, row_id, CommandEvent.REFUSE, {"code": code, "message": message}, code)


def refused_unsent(session: Session, row: OutboxRow, code: str) -> None:
    """It can't be sent to anybody: it is refused as it is given."""
    _move(row, CommandEvent.REFUSE)
    row.error = code
    session.add(row)


def given_back(session: Session, row: OutboxRow, error: str) -> None:
    """A payment that was made, and whose money the bank gave back."""
    _move(row, CommandEvent.GIVE_BACK)
    row.error = error
    session.add(row)


def replaced(session: Session, row: OutboxRow) -> None:
    """It was refused, and another command was given in its place."""
    _move(row, CommandEvent.REPLACE)
    session.add(row)


def later(session: Session, row_id: int, *, at: datetime, error: str, unknown: bool = False) -> None:
    """Try (or, if ``unknown``, ask) again at ``at``."""
    row = session.get_one(OutboxRow, row_id)
    _move(row, CommandEvent.ASK_LATER if unknown else CommandEvent.TRY_LATER)
    row.not_before = at
    row.claimed_by = None
    row.claimed_until = None
    row.error = error
    session.add(row)
    tell(session, row.topic)


def park(session: Session, row: OutboxRow, error: str) -> None:
    """Its answers can't be taken in: it waits for a person."""
    _move(row, CommandEvent.PARK)
    row.claimed_by = None
    row.claimed_until = None
    row.error = error
    session.add(row)


def ask_again(session: Session, row: OutboxRow, *, now: datetime) -> None:
    """A person has a parked command asked about once more."""
    assert row.id is not None, "a stored row has an id"
    later(session, row.id, at=now, error=row.error or "", unknown=True)


def _end(session: Session, row_id: int, event: CommandEvent, result: dict[str, object], error: str | None) -> None:
    row = session.get_one(OutboxRow, row_id)
    _move(row, event)
    row.result = result
    row.error = error
    row.claimed_until = None
    session.add(row)


def _move(row: OutboxRow, event: CommandEvent) -> None:
    row.status = transition(CommandState(row.status), event).value
