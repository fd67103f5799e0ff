"""Migration 0011 on a book of before: one chain, numbered in its order, which goes on; lenders' own books begin."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime

import rfc8785
import sqlalchemy as sa
from alembic import command
from sqlmodel import col, select

from chainfin.rules import ledger
from chainfin.rules.ledger import Journal
from chainfin.services.books import journals
from chainfin.storage.ledger_tables import JournalRow
from chainfin.storage.party_tables import FactRow
from chainfin.storage.store import Store
from chainfin.values.money import Money

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = date(2026, 3, 2)


def hashed(previous: str, key: str) -> str:
    """As journals were hashed before they had value dates, books and numbers."""
    entries = [["1002", "debit", "1000", "CNY", "loan_1", ""], ["1303", "credit", "1000", "CNY", "loan_1", ""]]
    body = {"previous": previous, "key": key, "kind": "test", "ref": "loan_1", "date": "2026-03-02", "reverses": ""}
    return hashlib.sha256(rfc8785.dumps({**body, "entries": entries})).hexdigest()


def test_upgrade__book_of_before__goes_on_and_lenders_books_begin(database_url: str) -> None:
    store = Store(database_url)
    command.upgrade(store._alembic(), "0010")
    head = journals.GENESIS
    with store.begin() as session:
        for number, key in enumerate(("j1", "j2"), 1):
            previous, head = head, hashed(head, key)
            values = {"id": number * 5, "key": key, "previous": previous, "hash": head, "day": DAY, "now": NOW}
            add = (
                "INSERT INTO journal (id, key, kind, ref, business_date, previous_hash, hash, created_at)"
                " VALUES (:id, :key, 'test', 'loan_1', :day, :previous, :hash, :now)"
            )
            session.connection().execute(sa.text(add).bindparams(sa.bindparam("day", type_=sa.Date)), values)
            for account, debit, credit in (("1002", 1000, 0), ("1303", 0, 1000)):
                line = (
                    "INSERT INTO entry (journal_id, account, ref, party, currency, debit, credit)"
                    " VALUES (:journal, :account, 'loan_1', '', 'CNY', :debit, :credit)"
                )
                session.connection().execute(
                    sa.text(line), {"journal": number * 5, "account": account, "debit": debit, "credit": credit}
                )
        session.add(FactRow(name="journal_head", value={"hash": head}))
    store.upgrade()
    store.check_schema()
    amount = Money(5_00, "CNY")
    entries = (ledger.debit(ledger.LOANS, amount, "loan_2"), ledger.credit(ledger.CASH, amount, "loan_2"))
    with store.begin() as session:
        assert journals.check_chain(session) == 2
        for book in ("", "lender"):
            journals.post(session, Journal(f"new{book}", DAY, "test", "loan_2", entries, book=book), now=NOW)
        assert journals.check_chain(session) == 4
        rows = session.exec(select(JournalRow).order_by(col(JournalRow.book), col(JournalRow.number))).all()
        assert [(row.book, row.number) for row in rows] == [("", 1), ("", 2), ("", 3), ("lender", 1)]
        assert [row.value_date for row in rows] == [DAY] * 4
        assert rows[2].previous_hash == head
        assert session.get(FactRow, "journal_head") is None
    store.close()
