"""What was held or refused before can be dealt with after the upgrade; an order that went as a file was written."""

from __future__ import annotations

import json

from alembic import command
from sqlalchemy import text
from sqlmodel import select

from chainfin.services.kernel import commands
from chainfin.services.kernel.commands import Refund
from chainfin.storage.bank_tables import BankPaymentRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.store import Store
from chainfin.values.money import Money

AT = "2026-11-01 00:00:00+00:00"
HELD = (
    "INSERT INTO incoming_payment (id, bank_ref, repeat, book_ref, sequence, account, direct, payer_account, currency,"
    " amount, unapplied, remittance, received_on, status, reason, evidence, created_at) VALUES ('inc_2', 'B', 1,"
    " 'inc_2', 2, 'chainfin-collection', FALSE, 'A', 'CNY', 500, 500, '', '2026-11-01', 'suspense',"
    f" 'bank_reference_reused', '{{}}', '{AT}')"
)
ITEM = (
    "INSERT INTO parked_item (id, source, subject, kind, payload, digest, reason, detail, first_seen_at, last_tried_at,"
    " attempts, status) VALUES ('park_1', 'reused_references', 'B', 'bank_line', '1', 'd', 'bank_reference_reused', '',"
    f" '{AT}', '{AT}', 1, 'open')"
)
PAYLOAD = {
    "incoming_id": "inc_2",
    "instruction_id": "refund-1",
    "bank_reference": "B",
    "amount": "5.00",
    "currency": "CNY",
    "reason": "r",
}
REFUND = (
    "INSERT INTO outbox (cell, topic, key, subject, correlation, payload, status, attempts, in_vain, not_before, error,"
    f" created_at) VALUES ('c0', 'payment.refund', 'refund:inc_2', 'inc_2', 'inc_2', '{json.dumps(PAYLOAD)}',"
    f" 'refused', 1, 0, '{AT}', 'AC04', '{AT}')"
)
ORDER = (
    "INSERT INTO bank_payment (instruction_id, standing, bank_ref, amount, currency, evidence, said_at) VALUES"
    f" ('refund-1', 'refused', '', 500, 'CNY', '{{}}', '{AT}')"
)


def test_upgrade__held_and_refused_money_from_before__waits_for_a_person(database_url: str) -> None:
    store = Store(database_url)
    command.upgrade(store._alembic(), "0026")
    with store.begin() as session:
        for statement in (HELD, ITEM, REFUND, ORDER):
            session.connection().execute(text(statement.replace(":inc_2", "\\:inc_2").replace('": ', '"\\: ')))
    store.upgrade()
    with store.read() as session:
        row = session.get_one(IncomingRow, "inc_2")
        items = {item.source: item for item in session.exec(select(ParkedItemRow)).all()}
        order = session.exec(select(OutboxRow)).one()
        written = session.get_one(BankPaymentRow, "refund-1")
    store.close()
    assert (row.status, row.reason) == ("unmatched", "bank_reference_reused")
    assert {source: item.status for source, item in items.items()} == {
        "reused_references": "resolved",
        "unmatched_payments": "open",
        "unpaid_money": "open",
    }
    assert json.loads(items["unmatched_payments"].payload) == "inc_2"
    assert json.loads(items["unpaid_money"].payload) == {"command": "refund:inc_2"}
    assert commands.of(order) == Refund("inc_2", "refund-1", "B", Money(5_00, "CNY"), "r")
    assert (written.written_at is not None, written.paid_on, written.written_again) == (True, None, [])
