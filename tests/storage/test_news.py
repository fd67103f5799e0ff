"""Who is woken by a commit, and the nodes of a trail, written once."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlmodel import Session, col, select

from chainfin.services.kernel.context import Context
from chainfin.services.lending import progress
from chainfin.storage import outbox
from chainfin.storage.lending_tables import ApplicationNodeRow, ApplicationRow
from chainfin.storage.party_tables import FactRow, PartyRow
from chainfin.storage.store import Store, count, tell

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
CTX = cast(Context, SimpleNamespace(clock=SimpleNamespace(now=lambda: NOW)))


class Bell:
    """Counts how often it rings."""

    def __init__(self) -> None:
        self.rings = 0

    def __call__(self) -> None:
        self.rings += 1


def test_on_commit__about_a_subject__only_commits_that_tell_of_it(store: Store) -> None:
    mine, all_ = Bell(), Bell()
    store.on_commit(mine, about=["payment.pay", "registry.register"])
    store.on_commit(all_)
    with store.begin() as session:
        tell(session, "chain.send")
    assert (mine.rings, all_.rings) == (0, 1)
    with store.begin() as session:
        tell(session, "chain.send")
        tell(session, "payment.pay")
    assert (mine.rings, all_.rings) == (1, 2)


def test_on_commit__rolled_back__wakes_nobody_then_or_later(store: Store) -> None:
    mine = Bell()
    store.on_commit(mine, about=["payment.pay"])
    with pytest.raises(ZeroDivisionError), store.begin() as session:  # noqa: PT012 - the whole transaction fails
        tell(session, "payment.pay")
        raise ZeroDivisionError
    with store.begin():
        pass
    assert mine.rings == 0


def test_outbox__put_and_later__tell_of_their_topic(store: Store) -> None:
    mine = Bell()
    store.on_commit(mine, about=["payment.pay"])
    with store.begin() as session:
        row = outbox.put(session, "payment.pay", "pay:1", {}, now=NOW)
    assert mine.rings == 1
    assert row.id is not None
    with store.begin() as session:
        outbox.later(session, row.id, at=NOW, error="again")
    assert mine.rings == 2


def application(session: Session) -> ApplicationRow:
    for name in ("borrower", "lender"):
        given: dict[str, Any] = dict.fromkeys(
            ("id", "name", "legal_value", "commitment", "commitment_salt", "address", "account"), name
        )
        session.add(PartyRow(**given, cell="c0", legal_scheme="USCC", roles=2, created_at=NOW))
    session.flush()
    row = ApplicationRow(
        id="app_1",
        cell="c0",
        product="general_310",
        borrower_id="borrower",
        lender_id="lender",
        currency="CNY",
        requested=100,
        days=30,
        created_at=NOW,
        updated_at=NOW,
    )
    session.add(row)
    session.flush()
    return row


def trail(store: Store) -> list[tuple[int, str, str | None]]:
    with store.read() as session:
        rows = session.exec(select(ApplicationNodeRow).order_by(col(ApplicationNodeRow.seq))).all()
    return [(row.seq, row.name, row.outcome) for row in rows]


def test_nodes__begun_and_ended_over_transactions__numbered_on(store: Store) -> None:
    bell = Bell()
    store.on_commit(bell, about=["app_1"])
    with store.begin() as session:
        row = application(session)
        progress.at_once(session, CTX, row, "received")
        progress.start(session, CTX, row, "data_check")
    with store.begin() as session:
        row = session.get_one(ApplicationRow, "app_1", with_for_update=True)
        progress.end(session, CTX, row, "data_check", "insufficient")
        progress.end(session, CTX, row, "data_check", "a second time")
        progress.at_once(session, CTX, row, "declined", "declined")
    assert trail(store) == [(1, "received", "done"), (2, "data_check", "insufficient"), (3, "declined", "declined")]
    assert bell.rings == 2


def test_nodes__taken_back_by_a_savepoint__neither_written_nor_counted(store: Store) -> None:
    with store.begin() as session:
        row = application(session)
        progress.at_once(session, CTX, row, "received")
        with pytest.raises(ZeroDivisionError), session.begin_nested():  # noqa: PT012 - the whole savepoint fails
            progress.start(session, CTX, row, "data_check")
            raise ZeroDivisionError
        progress.end(session, CTX, row, "data_check")
        progress.start(session, CTX, row, "offered")
    assert trail(store) == [(1, "received", "done"), (2, "offered", None)]


def test_count__committed__told_once_and_not_what_a_savepoint_took_back(store: Store) -> None:
    heard: list[tuple[str, str, int]] = []
    store.on_counted(lambda *counted: heard.append(counted))

    def kept(name: str) -> FactRow:
        row = FactRow(name=name, value={})
        session.add(row)
        session.flush()
        return row

    with store.begin() as session:
        count(session, kept("first"), "received", "CNY", 1)
        with suppress(RuntimeError), session.begin_nested():
            count(session, kept("second"), "received", "CNY", 20)
            raise RuntimeError("taken back")
        assert heard == []
    assert heard == [("received", "CNY", 1)]
    with suppress(RuntimeError), store.begin() as session:
        count(session, kept("third"), "received", "CNY", 300)
        raise RuntimeError("nothing of it")
    assert heard == [("received", "CNY", 1)]
