"""Receipts from before lots: of two whose numbers differ in spelling alone the older one has the number to itself."""

from __future__ import annotations

from alembic import command
from sqlalchemy import text

from chainfin.storage.store import Store
from tests.storage.test_persons_migrated import PARTY


def _receipt(name: str, number: str, day: int, status: str = "issued", parent: str = "NULL") -> str:
    return (
        "INSERT INTO warehouse_receipt (id, cell, number, keeper_id, owner_id, parent_id, good, goods, document_root,"
        " unit, issued, pledged, released, liquidated, missing, reserved, status, created_at) VALUES"
        f" ('{name}', 'c0', '{number}', 'pty_1', 'pty_1', {parent}, 'copper', '{{}}', '0x1', 'KGM', 5, 0, 0, 0, 0, 0,"
        f" '{status}', '2026-11-0{day} 00:00:00+00:00')"
    )


def test_upgrade__numbers_in_two_spellings__the_older_one_has_it(database_url: str) -> None:
    store = Store(database_url)
    command.upgrade(store._alembic(), "0022")
    rows = [
        _receipt("a", "DUP-1", 2),
        _receipt("b", "dup 1", 1),
        _receipt("c", "other", 3),
        _receipt("d", "refused", 3, "refused"),
        _receipt("e", "other", 4, parent="'c'"),
    ]
    with store.begin() as session:
        for each in (PARTY, *rows):
            session.connection().execute(text(each))
    store.upgrade()
    query = "SELECT id, number_folded, lot, lot_place FROM warehouse_receipt ORDER BY id"
    with store.read() as session:
        found = [tuple(row)[:2] for row in session.connection().execute(text(query)).all()]
    command.downgrade(store._alembic(), "0022")
    store.close()
    assert found == [("a", None), ("b", "DUP1"), ("c", "OTHER"), ("d", None), ("e", None)]
