"""The daily root over all books: made by the end of day, checked by the reconciliation, shown with a lender's path."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from chainfin.errors import NotFound, Unavailable
from chainfin.rules import daily_root as rules
from chainfin.rules.daily_root import Head, Step
from chainfin.services.kernel.context import Actor, Context
from chainfin.storage import locks
from chainfin.storage.ledger_tables import DailyRootRow, JournalHeadRow, JournalRow


@dataclass(frozen=True, slots=True)
class BookShown:
    """A book's head on a day, with the path to the day's root."""

    head: Head
    path: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class DailyRoot:
    """The root of a day and the one before it; of the books those that the asker may see."""

    day: date
    root: str
    previous: str
    books: tuple[BookShown, ...]


def seal(session: Session, ctx: Context, day: date) -> None:
    """Keep the root over all books as they stand now, at the end of day ``day``; once a day."""
    locks.named(session, locks.BOOK)
    if session.get(DailyRootRow, day) is not None:
        return
    heads = [Head(row.book, row.number, row.hash) for row in session.exec(select(JournalHeadRow)).all()]
    last = session.exec(select(DailyRootRow).order_by(col(DailyRootRow.day).desc()).limit(1)).first()
    previous = rules.FIRST if last is None else last.root
    kept: dict[str, object] = {head.book: [head.number, head.hash] for head in heads}
    made = rules.root(day, previous, heads)
    session.add(DailyRootRow(day=day, root=made, previous=previous, heads=kept, created_at=ctx.clock.now()))


def shown(ctx: Context, actor: Actor, day: date) -> DailyRoot:
    """The root of ``day``; to a lender with its own book alone. Raises NotFound daily_root_missing;
    Unavailable ledger_tampered: what was kept of the day doesn't lead to its root."""
    with ctx.store.read() as session:
        row = session.get(DailyRootRow, day)
    if row is None:
        raise NotFound("daily_root_missing", f"no end of day of {day} was run")
    heads = _heads(row)
    seen = [head for head in heads if actor.sees_all or head.book == actor.party_id]
    books = tuple(BookShown(head, rules.path(heads, head.book)) for head in seen)
    for book in books:
        if rules.proved(day, row.previous, book.head, book.path) != row.root:
            raise Unavailable("ledger_tampered", f"the books of {day} are not what they were", where=str(day))
    return DailyRoot(day, row.root, row.previous, books)


def check(session: Session) -> int:
    """Recompute every root, and hold its heads against the books. Returns how many; raises Unavailable ledger_tampered
    at the first that doesn't hold."""
    previous, count = rules.FIRST, 0
    for row in session.exec(select(DailyRootRow).order_by(col(DailyRootRow.day))):
        heads = _heads(row)
        if row.previous != previous or row.root != rules.root(row.day, previous, heads) or not _stand(session, heads):
            raise Unavailable("ledger_tampered", f"the books of {row.day} are not what they were", where=str(row.day))
        previous, count = row.root, count + 1
    return count


def _heads(row: DailyRootRow) -> list[Head]:
    heads = []
    for book, head in row.heads.items():
        assert isinstance(head, list), "number and hash"
        heads.append(Head(book, int(head[0]), str(head[1])))
    return heads


def _stand(session: Session, heads: list[Head]) -> bool:
    """Whether the books still have these journals."""
    for head in heads:
        query = select(JournalRow.hash).where(JournalRow.book == head.book, JournalRow.number == head.number)
        if session.exec(query).one_or_none() != head.hash:
            return False
    return True
