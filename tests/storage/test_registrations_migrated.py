"""Filings of before: each says by its topic afterwards whether a loan, a substitution or a top-up waits for it."""

from __future__ import annotations

from alembic import command
from sqlalchemy import text
from sqlmodel import col, select

from chainfin.services.kernel.commands import RegisterPledge, RegisterSubstitute, RegisterTopUp
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.store import Store
from tests.storage.test_persons_migrated import PARTY

AT = "2026-11-01 00:00:00+00:00"


def _filed(pledge_id: str) -> str:
    return (
        "INSERT INTO outbox (cell, topic, key, subject, correlation, payload, status, attempts, in_vain, not_before,"
        f" created_at) VALUES ('c0', 'registry.register', 'r{pledge_id}', '{pledge_id}', 'loan_1', '{{}}', 'due', 0, 0,"
        f" '{AT}', '{AT}')"
    )


def _act(name: str, function: str, subject: str, nonce: int) -> str:
    return (
        "INSERT INTO act (id, cell, contract, function, signer, params, extra, auths, typed_data, nonce, deadline,"
        f" subject, status, created_at) VALUES ('{name}', 'c0', 'Pledges', '{function}', '0x1', '{{}}', '{{}}', '[]',"
        f" '{{}}', {nonce}, 0, '{subject}', 'signed', '{AT}')"
    )


SOLD = (
    "INSERT INTO document (id, cell, kind, number, root, secret, canonical, source_sha256, created_at) VALUES"
    f" ('doc_1', 'c0', 'invoice', '1', '0x1', '', '{{}}', '', '{AT}')",
    "INSERT INTO purchase_order (id, cell, number, buyer_id, seller_id, document_id, currency, ordered, despatched,"
    " received, invoiced, confirmed, status, created_at) VALUES ('o1', 'c0', '1', 'pty_1', 'pty_1', 'doc_1', 'CNY', 0,"
    f" 0, 0, 0, 0, 'posted', '{AT}')",
    "INSERT INTO receivable (id, cell, number, order_id, document_id, seller_id, debtor_id, holder_id, currency, face,"
    " due_date, pledged, split_away, settled, diluted, reserved, status, created_at) VALUES ('r1', 'c0', '1', 'o1',"
    f" 'doc_1', 'pty_1', 'pty_1', 'pty_1', 'CNY', 9, '2026-12-01', 0, 0, 0, 0, 0, 'confirmed', '{AT}')",
    "INSERT INTO pledge (id, cell, asset_kind, asset_id, pledgor_id, lender_id, amount, released, settled, lost,"
    " decision_hash, status, drawn, created_at) VALUES ('sold', 'c0', 'receipt', 'g1', 'pty_1', 'pty_1', 9, 0, 0, 0,"
    f" '0x0', 'active', TRUE, '{AT}')",
    "INSERT INTO substitution (pledge_id, cell, sold_id, receivable_id, lender_id, pledgor_id, quantity, amount,"
    f" act_id, status, expires_at, created_at) VALUES ('in_place', 'c0', 'sold', 'r1', 'pty_1', 'pty_1', 9, 9, 'a1',"
    f" 'registering', '{AT}', '{AT}')",
)


def test_upgrade__filings_of_each_kind__say_which_they_are(database_url: str) -> None:
    store = Store(database_url)
    command.upgrade(store._alembic(), "0028")
    acts = (_act("a1", "exchange", "in_place", 1), _act("a2", "grant", "added", 2), _act("a3", "release", "first", 3))
    rows = (PARTY, *acts, *SOLD, _filed("first"), _filed("in_place"), _filed("added"))
    with store.begin() as session:
        for each in rows:
            session.connection().exec_driver_sql(each)
    store.upgrade()
    with store.read() as session:
        query = select(OutboxRow.subject, OutboxRow.topic).order_by(col(OutboxRow.id))
        found = list(session.exec(query).all())
    command.downgrade(store._alembic(), "0028")
    with store.read() as session:
        before = session.connection().execute(text("SELECT DISTINCT topic FROM outbox")).all()
    store.close()
    assert found == [
        ("first", RegisterPledge.TOPIC),
        ("in_place", RegisterSubstitute.TOPIC),
        ("added", RegisterTopUp.TOPIC),
    ]
    assert [tuple(row) for row in before] == [("registry.register",)]
