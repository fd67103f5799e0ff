"""What was there before creditor references has them after the upgrade, and old payments say where they came in."""

from __future__ import annotations

from alembic import command
from sqlalchemy import text

from chainfin.storage.store import Store
from chainfin.values import payment_reference
from tests.storage.test_persons_migrated import PARTY

PLEDGE = (
    "INSERT INTO pledge (id, cell, asset_kind, asset_id, pledgor_id, lender_id, amount, released, settled, lost,"
    " decision_hash, status, drawn, created_at) VALUES ('0xab', 'c0', 'receivable', '0x1', 'pty_1', 'pty_1', 5, 0, 0,"
    " 0, '', 'active', TRUE, '2026-11-01 00:00:00+00:00')"
)
INCOMING = (
    "INSERT INTO incoming_payment (id, bank_ref, repeat, book_ref, sequence, payer_account, currency, amount,"
    " unapplied, remittance, received_on, status, evidence, created_at) VALUES ('inc_1', 'B', 0, 'inc_1', 1, 'A',"
    " 'CNY', 5, 0, '', '2026-11-01', 'applied', '{}', '2026-11-01 00:00:00+00:00')"
)


def test_upgrade__pledge_and_payment_from_before__have_reference_and_account(database_url: str) -> None:
    store = Store(database_url)
    command.upgrade(store._alembic(), "0012")
    with store.begin() as session:
        for statement in (PARTY, PLEDGE, INCOMING):
            session.connection().execute(text(statement))
    store.upgrade()
    with store.read() as session:
        pledges = session.connection().execute(text("SELECT id, reference FROM pledge")).all()
        payments = (
            session.connection().execute(text("SELECT account, direct, allocated_by FROM incoming_payment")).all()
        )
    command.downgrade(store._alembic(), "0012")
    store.close()
    assert [tuple(row) for row in pledges] == [("0xab", payment_reference.of("buy_back", "0xab"))]
    assert [(row[0], bool(row[1]), row[2]) for row in payments] == [("chainfin-collection", False, None)]
