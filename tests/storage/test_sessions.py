"""What a write transaction reads twice, what it writes when, and what is true at its commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError, NoResultFound

from chainfin.storage.lending_tables import ApplicationNodeRow, ApplicationRow
from chainfin.storage.party_tables import FactRow
from chainfin.storage.store import Store
from tests.storage.test_values import party

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement.split(maxsplit=1)[0])

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


def fact(store: Store, name: str, value: int = 0) -> None:
    with store.begin() as session:
        session.add(FactRow(name=name, value={"n": value}))


def orphan(store: Store) -> None:
    """A node of no application, with something that goes with it."""
    with store.begin() as session:
        session.add(FactRow(name="gone", value={}))
        session.add(ApplicationNodeRow(application_id="nobody's", seq=1, name="received", started_at=NOW))


def application() -> ApplicationRow:
    return ApplicationRow(
        id="app",
        cell="c0",
        product="general_310",
        borrower_id="p",
        lender_id="p",
        currency="CNY",
        requested=1,
        days=1,
        created_at=NOW,
        updated_at=NOW,
    )


def test_row__asked_for_again_with_a_lock__is_read_again_only_where_it_may_have_changed(store: Store) -> None:
    fact(store, "a")
    with statements(store) as seen, store.begin() as session:
        session.get_one(FactRow, "a", with_for_update=True)
        session.get_one(FactRow, "a", with_for_update=True)
    assert seen == (["SELECT"] if store.is_sqlite else ["SELECT", "SELECT"])


def test_row__changed_by_somebody_between_two_locked_reads__is_seen_on_postgresql(store: Store) -> None:
    if store.is_sqlite:
        pytest.skip("nobody can write in between there")
    fact(store, "a")
    with store.begin() as session:
        assert session.get_one(FactRow, "a").value == {"n": 0}
        with store.begin() as other:
            other.get_one(FactRow, "a").value = {"n": 1}
        assert session.get_one(FactRow, "a", with_for_update=True).value == {"n": 1}


def test_row__made_and_not_written_yet__is_found_by_its_key(store: Store) -> None:
    with store.begin() as session:
        session.add(FactRow(name="new", value={"n": 3}))
        assert session.get_one(FactRow, "new").value == {"n": 3}
        assert session.get(FactRow, "none") is None
        with pytest.raises(NoResultFound):
            session.get_one(FactRow, "none")


def test_row__taken_back_by_a_savepoint__is_what_it_was(store: Store) -> None:
    fact(store, "a", 1)
    with store.begin() as session:
        row = session.get_one(FactRow, "a", with_for_update=True)
        inner = session.begin_nested()
        row.value = {"n": 2}
        session.get(FactRow, "b")
        inner.rollback()
        assert session.get_one(FactRow, "a", with_for_update=True).value == {"n": 1}


def test_changes__with_reads_by_key_between_them__are_written_once_where_nobody_waits_for_them(store: Store) -> None:
    for name in "abc":
        fact(store, name)
    with statements(store) as seen, store.begin() as session:
        row = session.get_one(FactRow, "a")
        for number, other in enumerate("bc", start=1):
            row.value = {"n": number}
            session.add(row)
            session.get_one(FactRow, other)
    assert seen.count("UPDATE") == (1 if store.is_sqlite else 2)
    with store.read() as session:
        assert session.get_one(FactRow, "a").value == {"n": 2}


def test_rows__that_refer_to_one_made_later__stand_if_it_is_there_at_the_commit(store: Store) -> None:
    with store.begin() as session:
        session.add(party())
    if not store.is_sqlite:
        pytest.skip("PostgreSQL checks at once: services write in order")
    with store.begin() as session:
        session.add(ApplicationNodeRow(application_id="app", seq=1, name="received", started_at=NOW))
        session.flush()
        session.add(application())
    with pytest.raises(IntegrityError):
        orphan(store)
    with store.begin() as session:
        assert session.get(ApplicationRow, "app") is not None
        assert session.get(FactRow, "gone") is None


def test_file__of_a_new_database__for_nobody_elses_eyes(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'home' / 'chainfin.db'}")
    store.upgrade()
    assert (tmp_path / "home" / "chainfin.db").stat().st_mode & 0o077 == 0
    store.close()
