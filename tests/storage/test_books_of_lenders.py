"""Each lender's book by itself: numbers without gaps, a hash chain of its own, one root a day over all of them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from chainfin.errors import Unavailable
from chainfin.rules import daily_root as rules
from chainfin.rules import ledger
from chainfin.rules.daily_root import Head
from chainfin.rules.ledger import Journal
from chainfin.services.books import daily_root, journals
from chainfin.services.kernel.context import OPERATOR, Actor, Clock, Context
from chainfin.storage.ledger_tables import EntryRow, JournalRow
from chainfin.storage.store import Store
from chainfin.storage.vault import Vault
from chainfin.values.money import Money

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DAY = date(2026, 11, 21)
BOOKS = ("", "lender_a", "lender_b", "lender_c", "lender_d")


def journal(key: str, book: str) -> Journal:
    amount = Money(100_00, "CNY")
    entries = (ledger.debit(ledger.LOANS, amount, "loan"), ledger.credit(ledger.CASH, amount, "loan"))
    return Journal(key, DAY, "test", "loan", entries, book=book)


def posted(store: Store, rounds: int = 3) -> None:
    """Journals of all books in turn."""
    for number in range(rounds):
        with store.begin() as session:
            for book in BOOKS:
                journals.post(session, journal(f"{book}-{number}", book), now=NOW)


def numbers(store: Store, book: str) -> list[int]:
    with store.read() as session:
        query = select(JournalRow.number).where(JournalRow.book == book).order_by(col(JournalRow.number))
        return list(session.exec(query).all())


def test_post__some_rolled_back__numbers_of_each_book_without_gaps(store: Store) -> None:
    posted(store, 1)
    with suppress(RuntimeError), store.begin() as session:
        journals.post(session, journal("lost", "lender_a"), now=NOW)
        raise RuntimeError("the transaction ends badly")
    with store.begin() as session:
        with suppress(RuntimeError), session.begin_nested():
            journals.post(session, journal("lost too", "lender_a"), now=NOW)
            raise RuntimeError("a part of it does")
        journals.post(session, journal("kept", "lender_a"), now=NOW)
    posted(store, 2)
    assert {book: numbers(store, book) for book in BOOKS} == {
        book: [1, 2, 3] if book == "lender_a" else [1, 2] for book in BOOKS
    }
    with store.read() as session:
        assert journals.check_chain(session) == 11


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM {entries} WHERE journal_id IN (SELECT id FROM {journals} WHERE key = 'lender_a-2'); "
        "DELETE FROM {journals} WHERE key = 'lender_a-2'",
        "DELETE FROM {entries} WHERE journal_id IN (SELECT id FROM {journals} WHERE key = 'lender_a-0'); "
        "DELETE FROM {journals} WHERE key = 'lender_a-0'",
        "UPDATE {journals} SET number = 9 WHERE key = 'lender_a-2'",
        "UPDATE {journals} SET number = 0 WHERE key = '-0'",
        "UPDATE {journals} SET book = 'lender_e' WHERE book = 'lender_a'",
        "UPDATE {journals} SET book = 'lender_a', number = 4 WHERE key = 'lender_b-2'",
        "DELETE FROM journal_head WHERE book = 'lender_a'",
    ],
    ids=["last gone", "first gone", "gap", "first counted as none", "another's book", "moved over", "end unknown"],
)
def test_check_chain__a_book_changed_behind_our_back__ledger_tampered(store: Store, change: str) -> None:
    posted(store)
    tables = {"entries": EntryRow.__tablename__, "journals": JournalRow.__tablename__}
    with store.begin() as session:
        for statement in change.format(**tables).split("; "):
            session.connection().execute(text(statement))
    with store.read() as session, pytest.raises(Unavailable) as caught:
        journals.check_chain(session)
    assert caught.value.code == "ledger_tampered"


def context(store: Store) -> Context:
    return Context(
        store=store,
        vault=Vault(bytes(32)),
        clock=Clock(store),
        cell="c0",
        chain_id=1,
        contracts={},
        operator_address="",
        registrar_address="",
    )


def sealed(store: Store) -> Context:
    """Two days with a root each."""
    ctx = context(store)
    for day in (21, 22):
        posted(store, day - 20)
        with store.begin() as session:
            daily_root.seal(session, ctx, date(2026, 11, day))
    return ctx


def test_daily_root__each_lender__its_own_head_leads_to_the_root(store: Store) -> None:
    ctx = sealed(store)
    day = date(2026, 11, 22)
    whole = daily_root.shown(ctx, OPERATOR, day)
    assert [book.head.book for book in whole.books] == list(BOOKS)
    assert whole.previous == daily_root.shown(ctx, OPERATOR, DAY).root
    for book in BOOKS[1:]:
        (own,) = daily_root.shown(ctx, Actor("party", book), day).books
        assert (own.head.book, own.head.number) == (book, 2)
        assert rules.proved(day, whole.previous, own.head, own.path) == whole.root
        other = Head(book, 2, "0" * 64)
        assert rules.proved(day, whole.previous, other, own.path) != whole.root
    assert daily_root.shown(ctx, Actor("party", "a supplier"), day).books == ()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE daily_root SET root = 'another' WHERE day = '2026-11-22'",
        """UPDATE daily_root SET heads = '{"lender_a": [1, "0"]}' WHERE day = '2026-11-22'""",
        "UPDATE daily_root SET previous = 'another' WHERE day = '2026-11-22'",
        "DELETE FROM daily_root WHERE day = '2026-11-21'",
        "UPDATE journal SET hash = 'another' WHERE key = 'lender_a-1'",
    ],
    ids=["another root", "other heads", "after another", "a day gone", "a journal of it changed"],
)
def test_daily_root__changed_behind_our_back__ledger_tampered(store: Store, change: str) -> None:
    sealed(store)
    with store.read() as session:
        assert daily_root.check(session) == 2
    with store.begin() as session:
        done = session.connection().execute(text(change))
        assert done.rowcount > 0
    with store.read() as session, pytest.raises(Unavailable) as caught:
        daily_root.check(session)
    assert caught.value.code == "ledger_tampered"
