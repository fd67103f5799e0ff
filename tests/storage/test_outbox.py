"""A command is committed with the state that it belongs to, or not at all; and given once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlmodel import select

from chainfin.storage import outbox
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.party_tables import FactRow
from chainfin.storage.store import Store

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def kept(store: Store) -> tuple[list[str], bool]:
    """The commands that others see, and whether the state they belong to is there."""
    with store.read() as session:
        return list(session.exec(select(OutboxRow.key)).all()), session.get(FactRow, "state") is not None


def test_put__before_the_commit__in_the_same_transaction(store: Store) -> None:
    with store.begin() as session:
        session.add(FactRow(name="state", value={}))
        outbox.put(session, "t", "a", {}, now=NOW)
        assert session.exec(select(OutboxRow.key)).all() == ["a"]
        assert kept(store) == ([], False)
    assert kept(store) == (["a"], True)


def test_put__rolled_back__gone_with_what_it_belongs_to(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.begin() as session:  # noqa: PT012 - the whole transaction fails
        session.add(FactRow(name="state", value={}))
        outbox.put(session, "t", "a", {}, now=NOW)
        raise ZeroDivisionError
    assert kept(store) == ([], False)


def test_put__same_key_again__the_row_that_stands(store: Store) -> None:
    with store.begin() as session:
        first = outbox.put(session, "t", "a", {"amount": "1.00"}, now=NOW)
    with store.begin() as session:
        again = outbox.put(session, "t", "a", {"amount": "2.00"}, now=NOW)
        assert (again.id, again.payload) == (first.id, {"amount": "1.00"})
    assert kept(store)[0] == ["a"]
