"""Migrations are the only way that tables come to be, and what they make is what the models say – on both databases."""

from __future__ import annotations

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from chainfin.errors import BadInput, Unavailable
from chainfin.storage.store import Store
from chainfin.storage.tables import metadata


def test_upgrade__from_nothing__equals_the_models(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        difference = compare_metadata(context, metadata())
        checks = {
            table: {str(check["name"]) for check in inspect(connection).get_check_constraints(table)}
            for table in (
                "entry",
                "credit_limit",
                "receivable",
                "warehouse_receipt",
                "purchase_order",
                "funding_account",
            )
        }
    assert difference == []
    assert checks == {
        "entry": {"one_side"},
        "credit_limit": {"within"},
        "receivable": {"conserved"},
        "warehouse_receipt": {"conserved"},
        "purchase_order": {"match"},
        "funding_account": {"covered"},
    }
    store.check_schema()


def test_upgrade__run_again__changes_nothing(store: Store) -> None:
    before = inspect(store.engine).get_table_names()
    store.upgrade()
    assert inspect(store.engine).get_table_names() == before
    store.check_schema()


def test_check_schema__empty_database__outdated(database_url: str) -> None:
    store = Store(database_url)
    assert store.is_empty()
    with pytest.raises(Unavailable, match="chainfin db upgrade") as refused:
        store.check_schema()
    assert refused.value.code == "schema_outdated"
    store.close()


def test_check_schema__older_revision__outdated(database_url: str) -> None:
    store = Store(database_url)
    store.upgrade()
    with store.begin() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(Unavailable) as refused:
        store.check_schema()
    assert refused.value.code == "schema_outdated"
    assert "0000" in refused.value.message
    store.close()


def test_store__nobody_listens__database_unreachable(tmp_path: object) -> None:
    store = Store(f"postgresql+psycopg://x@/x?host={tmp_path}")
    for ask in (store.check_schema, store.is_empty, store.upgrade):
        with pytest.raises(Unavailable) as refused:
            ask()
        assert refused.value.code == "database_unreachable"
        assert "\n" not in refused.value.message
    with pytest.raises(Unavailable) as refused, store.installing():
        pass
    assert refused.value.code == "database_unreachable"


@pytest.mark.parametrize("url", ["", "oracle://x", "mysql://x", "postgresql+nothing://x", "not an address"])
def test_store__not_a_database_address__setting_invalid(url: str) -> None:
    with pytest.raises(BadInput) as refused:
        Store(url)
    assert refused.value.code == "setting_invalid"
    assert refused.value.where == "CHAINFIN_DATABASE_URL"


def test_installing__four_at_once__tables_made_once(database_url: str) -> None:
    made: list[bool] = []
    failed: list[BaseException] = []

    def install() -> None:
        store = Store(database_url)
        try:
            with store.installing():
                empty = store.is_empty()
                if empty:
                    store.upgrade()
                made.append(empty)
            store.check_schema()
        except BaseException as error:
            failed.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=install) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(made) == [False, False, False, True]
