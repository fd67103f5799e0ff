"""Calls from before they had states of their own: what was met is cured after the upgrade, what wasn't is open."""

from __future__ import annotations

from alembic import command
from sqlalchemy import text

from chainfin.storage.store import Store
from tests.storage.test_persons_migrated import PARTY
from tests.storage.test_references_migrated import INCOMING

_DAY = "'2026-11-0{} 00:00:00+00:00'"


def loan_of_before(number: int, status: str) -> list[str]:
    return [
        "INSERT INTO application (id, cell, product, borrower_id, lender_id, currency, requested, days, consent,"
        f" status, refusals, created_at, updated_at) VALUES ('app_{number}', 'c0', 'inventory_pledge', 'pty_1',"
        f" 'pty_1', 'CNY', 9, 9, '{{}}', 'funded', '[]', {_DAY.format(1)}, {_DAY.format(1)})",
        "INSERT INTO loan (id, cell, application_id, borrower_id, lender_id, product, currency, principal, terms,"
        f" maturity, status, reference, created_at) VALUES ('loan_{number}', 'c0', 'app_{number}', 'pty_1', 'pty_1',"
        f" 'inventory_pledge', 'CNY', 9, '{{}}', '2027-01-01', '{status}', 'RF{number}', {_DAY.format(1)})",
    ]


def _call(name: str, loan: int, status: str, day: int) -> str:
    return (
        "INSERT INTO margin_call (id, loan_id, asset_id, cause, currency, amount, status, created_at) VALUES"
        f" ('{name}', 'loan_{loan}', '0x1', '{name}', 'CNY', 5, '{status}', {_DAY.format(day)})"
    )


REPAYMENT = (
    "INSERT INTO repayment (id, loan_id, source, incoming_id, currency, amount, allocation, received_on, created_at)"
    f" VALUES ('rep_1', 'loan_1', 'borrower', 'inc_1', 'CNY', 5, '{{}}', '2026-11-03', {_DAY.format(3)})"
)


def test_upgrade__calls_from_before__say_how_they_ended(database_url: str) -> None:
    store = Store(database_url)
    command.upgrade(store._alembic(), "0018")
    calls = [
        _call("paid", 1, "open", 2),
        _call("unpaid", 1, "open", 4),
        _call("covered", 1, "covered", 2),
        _call("replaced", 1, "replaced", 2),
        _call("over", 2, "open", 2),
    ]
    with store.begin() as session:
        for each in (PARTY, INCOMING, *loan_of_before(1, "active"), *loan_of_before(2, "repaid"), REPAYMENT, *calls):
            session.connection().execute(text(each))
    store.upgrade()
    with store.read() as session:
        rows = session.connection().execute(text("SELECT id, status, due_on FROM margin_call ORDER BY id")).all()
    command.downgrade(store._alembic(), "0018")
    store.close()
    assert [tuple(row) for row in rows] == [
        ("covered", "cured", None),
        ("over", "cured", None),
        ("paid", "cured", None),
        ("replaced", "replaced", None),
        ("unpaid", "open", None),
    ]
