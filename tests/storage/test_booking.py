"""The book as it is stored: whoever changes it behind our back is found out."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from chainfin.errors import Unavailable
from chainfin.rules import ledger
from chainfin.rules.ledger import Journal
from chainfin.services.books import journals
from chainfin.storage.ledger_tables import EntryRow, JournalRow
from chainfin.storage.store import Store
from chainfin.values.money import Money

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def book(store: Store) -> None:
    """Three journals of a hundred yuan each."""
    amount = Money(100_00, "CNY")
    for number in range(3):
        entries = (ledger.debit(ledger.LOANS, amount, "loan"), ledger.credit(ledger.CASH, amount, "loan"))
        with store.begin() as session:
            journals.post(session, Journal(f"j{number}", date(2026, 11, 21), "test", "loan", entries), now=NOW)


def test_check_chain__honest__counts_the_journals(store: Store) -> None:
    book(store)
    with store.read() as session:
        assert journals.check_chain(session) == 3


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {entries} SET debit = debit + 1 WHERE debit > 0 AND journal_id = (SELECT MIN(id) FROM {journals})",
        "UPDATE {entries} SET party = 'somebody' WHERE journal_id = (SELECT MIN(id) FROM {journals})",
        "UPDATE {journals} SET key = 'another' WHERE key = 'j1'",
        "UPDATE {journals} SET hash = 'another' WHERE key = 'j2'",
        "UPDATE {journals} SET previous_hash = hash WHERE key = 'j0'",
    ],
)
def test_check_chain__changed_behind_our_back__ledger_tampered(store: Store, change: str) -> None:
    book(store)
    tables = {"entries": EntryRow.__tablename__, "journals": JournalRow.__tablename__}
    with store.begin() as session:
        session.connection().execute(text(change.format(**tables)))
    with store.read() as session, pytest.raises(Unavailable) as caught:
        journals.check_chain(session)
    assert caught.value.code == "ledger_tampered"
