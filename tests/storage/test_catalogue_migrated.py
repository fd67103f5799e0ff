"""Receipts and prices from before the catalogue: spellings of one good are one good, and what was written stays."""

from __future__ import annotations

import json

from alembic import command
from sqlalchemy import text

from chainfin.storage.store import Store
from tests.storage.test_persons_migrated import PARTY

_AT = "'2026-11-01 00:00:00+00:00'"


def _receipt(name: str, commodity: str) -> str:
    goods = json.dumps({"commodity": commodity, "commodity_class": "standard"}).replace(":", "\\:")
    return (
        "INSERT INTO warehouse_receipt (id, cell, number, keeper_id, owner_id, goods, document_root, unit, issued,"
        " pledged, released, liquidated, missing, reserved, status, created_at) VALUES"
        f" ('{name}', 'c0', '{name}', 'pty_1', 'pty_1', '{goods}', '0x1', 'KGM', 5, 0, 0, 0, 0, 0, 'issued', {_AT})"
    )


def _price(good: str) -> str:
    return (
        "INSERT INTO price (good, unit, currency, minor_per_unit, source, as_of, created_at, counts_from)"
        f" VALUES ('{good}', 'KGM', 'CNY', 7000, 's', '2026-11-01', {_AT}, {_AT})"
    )


def test_upgrade__spellings_of_one_good__one_code_and_the_words_kept(database_url: str) -> None:
    store = Store(database_url)
    command.upgrade(store._alembic(), "0021")
    said = {"a": "Copper cathode", "b": "copper  CATHODE ", "c": "ｃopper", "d": "scrap from Wuxi"}
    with store.begin() as session:
        for each in (PARTY, *(_receipt(*pair) for pair in said.items()), *map(_price, said.values())):
            session.connection().execute(text(each))
    store.upgrade()
    with store.read() as session:
        rows = session.connection().execute(text("SELECT good, goods FROM warehouse_receipt ORDER BY id")).all()
        prices = session.connection().execute(text("SELECT good FROM price ORDER BY id")).scalars().all()
    command.downgrade(store._alembic(), "0021")
    store.close()
    codes = ["copper-cathode", "copper-cathode", "copper", "scrap-from-wuxi"]
    assert [row[0] for row in rows] == codes
    assert prices == codes
    kept = [json.loads(row[1]) if isinstance(row[1], str) else row[1] for row in rows]
    assert [goods["commodity"] for goods in kept] == list(said.values())
