"""Who had clients before persons came to be keeps them: they belong to its first person."""

from __future__ import annotations

from alembic import command
from sqlalchemy import text

from chainfin.storage.store import Store

PARTY = (
    "INSERT INTO party (id, cell, name, legal_scheme, legal_value, commitment, commitment_salt, roles, address,"
    " account, profile, status, created_at) VALUES ('pty_1', 'c0', 'Invented', 'LEI', '1', '1', '', 8, '0x1', 'A',"
    " '{}', 'active', '2026-11-01 00:00:00+00:00')"
)
CLIENTS = (
    "INSERT INTO api_client (client_id, party_id, secret_hash, created_at) VALUES"
    " ('cli_1', 'pty_1', 'h', '2026-11-01 00:00:00+00:00'), ('cli_2', NULL, 'h', '2026-11-01 00:00:00+00:00')"
)
PRICE = (
    "INSERT INTO price (good, unit, currency, minor_per_unit, source, as_of, created_at) VALUES"
    " ('copper', 'KGM', 'CNY', 7000, 's', '2026-11-01', '2026-11-01 00:00:00+00:00')"
)


def test_upgrade__clients_and_prices_from_before__belong_to_first_persons_and_count_no_more(database_url: str) -> None:
    store = Store(database_url)
    command.upgrade(store._alembic(), "0008")
    with store.begin() as session:
        for statement in (PARTY, CLIENTS, PRICE):
            session.connection().execute(text(statement))
    store.upgrade()
    with store.read() as session:
        read = session.connection().execute
        persons = read(text("SELECT id, party_id, administrator, status FROM person ORDER BY id")).all()
        clients = read(text("SELECT client_id, person_id FROM api_client ORDER BY client_id")).all()
        prices = read(text("SELECT owner_id, counts_from FROM price")).all()
    store.close()
    assert [tuple(row) for row in persons] == [
        ("per_operator", None, True, "active"),
        ("per_pty_1", "pty_1", True, "active"),
    ]
    assert [tuple(row) for row in clients] == [("cli_1", "per_pty_1"), ("cli_2", "per_operator")]
    assert [tuple(row) for row in prices] == [(None, None)]


def test_upgrade__persons_from_before__are_confirmed_where_nobody_made_them(database_url: str) -> None:
    store = Store(database_url)
    command.upgrade(store._alembic(), "0028")
    made = (
        "INSERT INTO person (id, party_id, name, administrator, status, made_by, created_at) VALUES"
        " ('per_x', NULL, 's', :no, 'active', 'per_operator', '2026-11-01 00:00:00+00:00')"
    )
    clients = (
        "INSERT INTO api_client (client_id, party_id, person_id, secret_hash, created_at) VALUES"
        " ('cli_1', NULL, 'per_operator', 'h', '2026-11-01 00:00:00+00:00'),"
        " ('cli_2', NULL, 'per_x', 'h', '2026-11-01 00:00:00+00:00')"
    )
    with store.begin() as session:
        session.connection().execute(text(made), {"no": False})
        session.connection().execute(text(clients))
    store.upgrade()
    with store.read() as session:
        read = session.connection().execute
        persons = read(text("SELECT id, confirmed FROM person ORDER BY id")).all()
        kept = read(text("SELECT client_id, confirmed FROM api_client ORDER BY client_id")).all()
    command.downgrade(store._alembic(), "0028")
    store.close()
    assert [(row[0], bool(row[1])) for row in persons] == [("per_operator", True), ("per_x", False)]
    assert [(row[0], bool(row[1])) for row in kept] == [("cli_1", True), ("cli_2", False)]
