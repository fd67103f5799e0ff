"""Put an item from outside aside, whole and with its reason, so that the items after it are taken in.

Nothing here decides what is done with it: an operator sees it, has it tried again or resolves it (oversight.parked).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlmodel import Session, select

from chainfin.errors import ChainfinError
from chainfin.rules import parked_item as rules
from chainfin.rules.parked_item import ParkedEvent, ParkedState
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.types import new_id

MAX_TEXT = 300
"""Characters of a subject or detail that are kept; the payload is kept whole."""

MAX_TRIES = 50
"""Of an item that is tried on and on the newest so many tries are kept; the first stays in its detail."""

_log = structlog.get_logger("chainfin.parked")


@dataclass(frozen=True, slots=True)
class Item:
    """What is parked. ``payload``: the item as it came, as text from `as_payload`. ``receivable_id``: of what it is a
    payment; ``arrival``: the payment, where one could be read, as text from `as_payload`."""

    source: str
    kind: str
    subject: str
    payload: str
    code: str
    detail: str
    receivable_id: str | None = None
    arrival: str | None = None


def as_payload(item: object) -> str:
    """Any JSON value as text that every database keeps: canonical, in ASCII, so that a NUL or half a surrogate pair is
    an escape and not a character."""
    return json.dumps(item, ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=str)


def park(session: Session, item: Item, *, now: datetime) -> ParkedItemRow:
    """Put it aside in this transaction; the same item again is counted on the row that stands. Raises an alarm in the
    log (level error) at the first sight of it."""
    row = _find(session, item)
    if row is not None:
        if row.status == ParkedState.OPEN:
            note(row, item.code, item.detail, now=now)
            session.add(row)
        return row
    row = ParkedItemRow(
        id=new_id("park"),
        source=item.source,
        subject=printable(item.subject),
        kind=item.kind,
        payload=item.payload,
        digest=_digest(item),
        reason=item.code,
        detail=printable(item.detail),
        receivable_id=item.receivable_id,
        arrival=item.arrival,
        first_seen_at=now,
        last_tried_at=now,
    )
    session.add(row)
    session.flush()
    _log.error("item_parked", source=item.source, kind=item.kind, parked_id=row.id, code=item.code)
    return row


def is_parked(session: Session, item: Item) -> bool:
    """Whether the same item was put aside before, whatever a person has made of it since."""
    return _find(session, item) is not None


def note(row: ParkedItemRow, code: str, detail: str, *, now: datetime) -> None:
    """Another try was in vain, for this reason. What the first one said stays beside it."""
    row.attempts += 1
    row.last_tried_at, row.reason = now, code
    tried = {"at": now.isoformat(), "code": code, "detail": printable(detail)}
    row.tries = [*row.tries, tried][-MAX_TRIES:]


def resolve(session: Session, row: ParkedItemRow, by: str, resolution: str) -> None:
    """It is dealt with, ``by`` a person or "system". Raises Conflict parked_item_not_open."""
    row.status = rules.transition(ParkedState(row.status), ParkedEvent.RESOLVE).value
    row.resolved_by, row.resolution = by, resolution
    session.add(row)


def _find(session: Session, item: Item) -> ParkedItemRow | None:
    same = (ParkedItemRow.source == item.source, ParkedItemRow.digest == _digest(item))
    return session.exec(select(ParkedItemRow).where(*same)).first()


def _digest(item: Item) -> str:
    return hashlib.sha256(item.payload.encode("ascii")).hexdigest()


def reason_of(error: Exception) -> tuple[str, str]:
    """Code and sentence of why an item wasn't taken in; an error that nobody foresaw says its kind alone."""
    if isinstance(error, ChainfinError):
        return error.code, error.message
    return "item_not_applied", f"an error that nobody foresaw: {type(error).__name__}"


def printable(text: str) -> str:
    """One line that can be stored and shown: what can't be is escaped, what is too long is cut."""
    shown = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text[:MAX_TEXT])
    return shown[:MAX_TEXT]
