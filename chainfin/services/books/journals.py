"""Posting journals to the book and reading balances from it. Nothing here, or anywhere, edits a balance.

Every journal carries its number in its book (a lender's, or the collection account's) and the hash of the one before it
there, so that each book can be checked as a whole, and by itself. Both are given under the lock that the transaction
holds until it commits: what is rolled back leaves no gap, and the numbers are in the order of the commits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime

import rfc8785
from sqlalchemy import func, insert
from sqlmodel import Session, SQLModel, col, select

from chainfin.errors import BadInput, Unavailable
from chainfin.rules.ledger import CHART, Account, Entry, Journal, Side, TrialLine, booked
from chainfin.services.books import periods
from chainfin.storage import locks
from chainfin.storage.ledger_tables import EntryRow, JournalHeadRow, JournalRow
from chainfin.values.money import Money

GENESIS = "0" * 64


def lock(session: Session) -> None:
    """Have the book until the transaction ends. A transaction that will post takes it before it locks any row, so that
    no two wait for each other in a circle."""
    locks.named(session, locks.BOOK)


def post(session: Session, journal: Journal, *, now: datetime, payment: str | None = None) -> JournalRow:
    """Add a journal; its ``key`` posts once, a second time gives the row that stands. Of one whose value date lies in a
    closed period the booking date is the first open day. ``payment``: the id of the incoming payment for which it is
    posted, if it is for one."""
    lock(session)
    existing = session.exec(select(JournalRow).where(JournalRow.key == journal.key)).one_or_none()
    if existing is not None:
        return existing
    journal = booked(journal, periods.closed_through(session))
    head = locks.row(session, JournalHeadRow, {"book": journal.book}, {"number": 0, "hash": GENESIS})
    previous, number = head.hash, head.number + 1
    digest = journal_hash(previous, number, journal)
    row = JournalRow(
        key=journal.key,
        kind=journal.kind,
        ref=journal.ref,
        business_date=journal.business_date,
        value_date=journal.valued_on,
        book=journal.book,
        number=number,
        reverses=journal.reverses,
        previous_hash=previous,
        hash=digest,
        payment=payment,
        created_at=now,
    )
    session.add(row)
    session.flush()
    session.connection().execute(_ADD_ENTRIES, [_entry(row, entry) for entry in journal.entries])
    head.number, head.hash = number, digest
    session.add(head)
    session.flush()
    return row


_ADD_ENTRIES = insert(SQLModel.metadata.tables["entry"])
"""Many at once and past the rows: nobody asks for the numbers that they get."""


def _entry(journal: JournalRow, entry: Entry) -> dict[str, object]:
    debit = entry.amount.minor if entry.side is Side.DEBIT else 0
    return {
        "journal_id": journal.id,
        "account": entry.account,
        "ref": entry.ref,
        "party": entry.party,
        "currency": entry.amount.currency,
        "debit": debit,
        "credit": entry.amount.minor - debit,
    }


def post_all(session: Session, journals: Iterable[Journal], *, now: datetime, payment: str | None = None) -> int:
    """Post each, as `post` does. Returns how many were given."""
    count = 0
    for journal in journals:
        post(session, journal, now=now, payment=payment)
        count += 1
    return count


def journal_hash(previous: str, number: int, journal: Journal) -> str:
    """SHA-256 over the RFC 8785 form of the journal and the hash of the one before it in its book; in a lender's book
    its number is covered too (the other one has journals of before there were numbers)."""
    body: dict[str, object] = {
        "previous": previous,
        "key": journal.key,
        "kind": journal.kind,
        "ref": journal.ref,
        "date": journal.business_date.isoformat(),
        "reverses": journal.reverses or "",
        "entries": [
            [e.account, e.side.value, str(e.amount.minor), e.amount.currency, e.ref, e.party] for e in journal.entries
        ],
    }
    if journal.value_date is not None:
        body["value_date"] = journal.value_date.isoformat()
    if journal.book:
        body |= {"book": journal.book, "number": str(number)}
    return hashlib.sha256(rfc8785.dumps(body)).hexdigest()  # type: ignore[arg-type]


def balance(
    session: Session, account: Account, currency: str, *, ref: str | None = None, party: str | None = None
) -> Money:
    """The balance on the account's normal side, of one sub-ledger or party if named."""
    query = select(
        func.coalesce(func.sum(col(EntryRow.debit)), 0), func.coalesce(func.sum(col(EntryRow.credit)), 0)
    ).where(EntryRow.account == account.code, EntryRow.currency == currency)
    if ref is not None:
        query = query.where(EntryRow.ref == ref)
    if party is not None:
        query = query.where(EntryRow.party == party)
    debit, credit = session.exec(query).one()
    net = int(debit) - int(credit)
    return Money(net if account.normal is Side.DEBIT else -net, currency)


def trial_balance(
    session: Session, *, on: date | None = None, book: str | None = None, by_value: bool = False
) -> list[TrialLine]:
    """Turnovers per account and currency, up to the end of business date ``on`` if given (``by_value``: of that value
    date), of one ``book`` if named."""
    query = (
        select(EntryRow.account, EntryRow.currency, func.sum(col(EntryRow.debit)), func.sum(col(EntryRow.credit)))
        .join(JournalRow, col(JournalRow.id) == col(EntryRow.journal_id))
        .group_by(col(EntryRow.account), col(EntryRow.currency))
        .order_by(col(EntryRow.account), col(EntryRow.currency))
    )
    if on is not None:
        query = query.where((JournalRow.value_date if by_value else JournalRow.business_date) <= on)
    if book is not None:
        query = query.where(JournalRow.book == book)
    return [
        TrialLine(CHART[account], Money(int(debit), currency), Money(int(credit), currency))
        for account, currency, debit, credit in session.exec(query)
    ]


def journals(session: Session, ref: str) -> list[Journal]:
    """The journals of a loan, as values, in order of posting."""
    rows = session.exec(select(JournalRow).where(JournalRow.ref == ref).order_by(col(JournalRow.id))).all()
    return [_journal(session, row) for row in rows]


def check_chain(session: Session) -> int:
    """Recompute every hash of every book, and count its numbers. Returns the number of journals; raises Unavailable
    ledger_tampered at the first break or gap."""
    count = 0
    ends = {head.book: (head.number, head.hash) for head in session.exec(select(JournalHeadRow)).all()}
    for book in sorted({*ends, *session.exec(select(JournalRow.book).distinct()).all()}):
        previous, number = GENESIS, 0
        for row in session.exec(select(JournalRow).where(JournalRow.book == book).order_by(col(JournalRow.number))):
            if row.number != number + 1 or not _is_whole(session, row, previous):
                raise Unavailable("ledger_tampered", f"journal {row.key} is not what was posted", where=row.key)
            previous, number = row.hash, row.number
        if ends.get(book) != (number, previous):
            raise Unavailable("ledger_tampered", f"the last journals of the book {book!r} are gone", where=book)
        count += number
    return count


def _is_whole(session: Session, row: JournalRow, previous: str) -> bool:
    """Whether the journal is linked to ``previous`` and is what was posted."""
    try:
        return row.previous_hash == previous and row.hash == journal_hash(previous, row.number, _journal(session, row))
    except BadInput:
        return False  # changed so that it doesn't even make a journal any more


def _journal(session: Session, row: JournalRow) -> Journal:
    lines = session.exec(select(EntryRow).where(EntryRow.journal_id == row.id).order_by(col(EntryRow.id))).all()
    entries = tuple(
        Entry(
            line.account,
            Side.DEBIT if line.debit else Side.CREDIT,
            Money(line.debit or line.credit, line.currency),
            line.ref,
            line.party,
        )
        for line in lines
    )
    value_date = None if row.value_date == row.business_date else row.value_date
    return Journal(row.key, row.business_date, row.kind, row.ref, entries, row.reverses, row.book, value_date)
