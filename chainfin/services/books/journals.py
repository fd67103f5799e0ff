"""Posting journals to the book and reading balances from it. Nothing here, or anywhere, edits a balance.

Every journal carries the hash of the one before it, so that the book can be checked as a whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import func, insert
from sqlmodel import Session, SQLModel, col, select

from chainfin.canon import canonical_bytes
from chainfin.errors import BadInput, Unavailable
from chainfin.rules.ledger import CHART, Account, Entry, Journal, Side, TrialLine
from chainfin.storage import locks
from chainfin.storage.ledger_tables import EntryRow, JournalRow
from chainfin.storage.party_tables import FactRow
from chainfin.values.money import Money

GENESIS = "0" * 64


def lock(session: Session) -> None:
    """Have the book until the transaction ends. A transaction that will post takes it before it locks any row, so that
    no two wait for each other in a circle."""
    locks.named(session, locks.BOOK)


def post(session: Session, journal: Journal, *, now: datetime, payment: str | None = None) -> JournalRow:
    """Add a journal; its ``key`` posts once, a second time gives the row that stands. ``payment``: the id of the
    incoming payment for which it is posted, if it is for one."""
    lock(session)
    existing = session.exec(select(JournalRow).where(JournalRow.key == journal.key)).one_or_none()
    if existing is not None:
        return existing
    head = locks.row(session, FactRow, {"name": "journal_head"}, {"value": {"hash": GENESIS}})
    previous = str(head.value["hash"])
    digest = journal_hash(previous, journal)
    row = JournalRow(
        key=journal.key,
        kind=journal.kind,
        ref=journal.ref,
        business_date=journal.business_date,
        reverses=journal.reverses,
        previous_hash=previous,
        hash=digest,
        payment=payment,
        created_at=now,
    )
    session.add(row)
    session.flush()
    session.connection().execute(_ADD_ENTRIES, [_entry(row, entry) for entry in journal.entries])
    head.value = {"hash": digest}
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


def journal_hash(previous: str, journal: Journal) -> str:
    """SHA-256 over the previous journal's hash and the RFC 8785 form of this one."""
    body = {
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
    return hashlib.sha256(canonical_bytes(body)).hexdigest()


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


def trial_balance(session: Session, *, on: date | None = None) -> list[TrialLine]:
    """Turnovers per account and currency, up to the end of business date ``on`` if given."""
    query = (
        select(EntryRow.account, EntryRow.currency, func.sum(col(EntryRow.debit)), func.sum(col(EntryRow.credit)))
        .join(JournalRow, col(JournalRow.id) == col(EntryRow.journal_id))
        .group_by(col(EntryRow.account), col(EntryRow.currency))
        .order_by(col(EntryRow.account), col(EntryRow.currency))
    )
    if on is not None:
        query = query.where(JournalRow.business_date <= on)
    return [
        TrialLine(CHART[account], Money(int(debit), currency), Money(int(credit), currency))
        for account, currency, debit, credit in session.exec(query)
    ]


def journals(session: Session, ref: str) -> list[Journal]:
    """The journals of a loan, as values, in order of posting."""
    rows = session.exec(select(JournalRow).where(JournalRow.ref == ref).order_by(col(JournalRow.id))).all()
    return [_journal(session, row) for row in rows]


def check_chain(session: Session) -> int:
    """Recompute every hash. Returns the number of journals; raises Unavailable ledger_tampered at the first break."""
    previous, count = GENESIS, 0
    for row in session.exec(select(JournalRow).order_by(col(JournalRow.id))):
        if not _is_whole(session, row, previous):
            raise Unavailable("ledger_tampered", f"journal {row.key} is not what was posted", where=row.key)
        previous = row.hash
        count += 1
    return count


def _is_whole(session: Session, row: JournalRow, previous: str) -> bool:
    """Whether the journal is linked to ``previous`` and is what was posted."""
    try:
        return row.previous_hash == previous and row.hash == journal_hash(previous, _journal(session, row))
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
    return Journal(row.key, row.business_date, row.kind, row.ref, entries, row.reverses)
