"""Loans that were lent before the book followed their impairment: it does from the first day that isn't posted yet."""

from __future__ import annotations

from datetime import date

from alembic import command
from sqlalchemy import text
from sqlmodel import col, select

from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.store import Store
from tests.storage.test_margin_migrated import loan_of_before
from tests.storage.test_persons_migrated import PARTY


def _event(number: int, loan: int, day: str) -> str:
    return (
        'INSERT INTO loan_event (loan_id, seq, kind, "on", amount, payment, holder, whole, created_at) VALUES'
        f" ('loan_{loan}', {number}, 'accrue', '{day}', 0, '', '', FALSE, '2026-11-09 00:00:00+00:00')"
    )


def test_upgrade__a_loan_told_of_until_a_day__is_impaired_from_the_next(database_url: str) -> None:
    store = Store(database_url)
    command.upgrade(store._alembic(), "0040")
    told = [_event(1, 1, "2026-11-30"), _event(2, 1, "2026-11-02")]
    with store.begin() as session:
        for each in (PARTY, *loan_of_before(1, "overdue"), *loan_of_before(2, "approved"), *told):
            session.connection().execute(text(each))
    store.upgrade()
    with store.read() as session:
        rows = session.exec(select(LoanRow).order_by(col(LoanRow.id))).all()
        found = [(row.id, row.impaired_from) for row in rows]
    store.close()
    assert found == [("loan_1", date(2026, 12, 1)), ("loan_2", None)]
