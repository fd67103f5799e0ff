"""Who lent before funding accounts came to be gets one that says what the book says, and lends nothing new on it."""

from __future__ import annotations

from alembic import command
from sqlalchemy import text
from sqlmodel import Session, select

from chainfin.errors import Refusal
from chainfin.rules.funding import commit
from chainfin.services.books import funding_accounts
from chainfin.storage.funding_tables import FundingAccountRow, FundingHoldRow
from chainfin.storage.store import Store
from chainfin.values.money import Money

AT = "'2026-11-01 00:00:00+00:00'"


def _party(name: str) -> str:
    return (
        "INSERT INTO party (id, cell, name, legal_scheme, legal_value, commitment, commitment_salt, roles, address,"
        f" account, profile, status, created_at) VALUES ('{name}', 'c0', 'Invented', 'LEI', '{name}', '{name}', '', 8,"
        f" '0x{name}', 'A', '{{}}', 'active', {AT})"
    )


def _loan(session: Session, number: int, lender: str, principal: int, loan: str, application: str) -> None:
    run = session.connection().execute
    run(
        text(
            "INSERT INTO application (id, cell, product, borrower_id, lender_id, currency, requested, days, consent,"
            f" status, refusals, created_at, updated_at) VALUES ('app_{number}', 'c0', 'general_310', 'shop',"
            f" '{lender}', 'CNY', {principal}, 30, '{{}}', '{application}', '[]', {AT}, {AT})"
        )
    )
    run(
        text(
            "INSERT INTO loan (id, cell, application_id, borrower_id, lender_id, product, currency, principal, terms,"
            f" maturity, status, created_at) VALUES ('loan_{number}', 'c0', 'app_{number}', 'shop', '{lender}',"
            f" 'general_310', 'CNY', {principal}, '{{}}', '2026-12-01', '{loan}', {AT})"
        )
    )


def _booked(session: Session, number: int, account: str, party: str, debit: int, credit: int) -> None:
    run = session.connection().execute
    run(
        text(
            "INSERT INTO journal (id, key, kind, ref, business_date, previous_hash, hash, created_at) VALUES"
            f" ({number}, 'k{number}', 'disbursement', 'l', '2026-11-01', 'p', 'h{number}', {AT})"
        )
    )
    run(
        text(
            "INSERT INTO entry (journal_id, account, ref, party, currency, debit, credit) VALUES"
            f" ({number}, '{account}', 'l', '{party}', 'CNY', {debit}, {credit})"
        )
    )


def test_upgrade__lenders_of_before__have_what_the_book_says_and_lend_no_more(database_url: str) -> None:
    store = Store(database_url)
    command.upgrade(store._alembic(), "0010")
    with store.begin() as session:
        for name in ("poor", "rich", "idle", "shop"):
            session.connection().execute(text(_party(name)))
        session.flush()
        _loan(session, 1, "poor", 600, "active", "funded")
        _loan(session, 2, "poor", 50, "approved", "disbursing")
        _loan(session, 3, "poor", 70, "approved", "pledging")
        _loan(session, 4, "rich", 100, "repaid", "funded")
        for number, (account, party, debit, credit) in enumerate(
            [
                ("1002", "poor", 0, 600),
                ("1002", "rich", 0, 100),
                ("1002", "rich", 130, 0),
                ("2241.01", "rich", 0, 10),  # of which it owes on as a holder
                ("1002", "shop", 40, 0),
            ],
            1,
        ):
            _booked(session, number, account, party, debit, credit)
    store.upgrade()
    with store.read() as session:
        rows = {row.lender_id: row for row in session.exec(select(FundingAccountRow))}
        holds = session.exec(select(FundingHoldRow)).all()
    store.close()
    assert {name: (row.balance, row.committed, row.overdrawn) for name, row in rows.items()} == {
        "poor": (-600, 50, 650),
        "rich": (20, 0, 0),
    }
    assert [(hold.loan_id, hold.account_id, hold.amount, hold.state) for hold in holds] == [
        ("loan_2", rows["poor"].id, 50, "held")
    ]
    refusal = commit(funding_accounts.value(rows["poor"]), Money(1, "CNY"))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "funding_short"
