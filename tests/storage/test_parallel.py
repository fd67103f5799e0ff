"""Many writers on one database, each store with connections of its own like a process: once each, nothing lost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from chainfin.rules import ledger
from chainfin.rules.ledger import Journal
from chainfin.services.books import journals
from chainfin.services.kernel import acts
from chainfin.storage import locks, outbox
from chainfin.storage.ledger_tables import EntryRow, JournalRow, OutboxRow
from chainfin.storage.store import Store
from chainfin.storage.trade_tables import ActNonceRow
from chainfin.values.money import Money

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)


@pytest.fixture
def stores(store: Store) -> Iterator[Callable[[int], list[Store]]]:
    with ExitStack() as stack:

        def more(count: int) -> list[Store]:
            made = [Store(store.url) for _ in range(count)]
            for one in made:
                stack.callback(one.close)
            return made

        yield more


def at_once(*work: Callable[[], None]) -> None:
    """Run all together; the first failure of any is raised."""
    failed: list[BaseException] = []
    gate = threading.Barrier(len(work))

    def run(one: Callable[[], None]) -> None:
        try:
            gate.wait(30)
            one()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if failed:
        raise failed[0]


def fill(store: Store, count: int, topic: str = "t") -> None:
    with store.begin() as session:
        for number in range(count):
            outbox.put(session, topic, f"{topic}:{number}", {"n": number}, now=NOW)


# outbox


def test_claim__eight_sessions__each_row_once(store: Store, stores: Callable[[int], list[Store]]) -> None:
    fill(store, 300)
    taken: list[tuple[str, int | None]] = []
    lock = threading.Lock()

    def drain(name: str, own: Store) -> Callable[[], None]:
        def run() -> None:
            while True:
                with own.begin() as session:
                    rows = outbox.claim(session, ["t"], worker=name, now=NOW, limit=7)
                    found = [row.id for row in rows]
                if not found:
                    return
                with lock:
                    taken.extend((name, row_id) for row_id in found)

        return run

    at_once(*(drain(f"w{number}", own) for number, own in enumerate(stores(8))))
    counts = Counter(row_id for _, row_id in taken)
    assert len(counts) == 300
    assert set(counts.values()) == {1}
    with store.read() as session:
        rows = session.exec(select(OutboxRow)).all()
    assert {(row.claimed_by, row.id) for row in rows} == set(taken)
    assert {row.attempts for row in rows} == {1}


def test_claim__rows_in_another_open_transaction__passed_over(
    store: Store, stores: Callable[[int], list[Store]]
) -> None:
    if store.is_sqlite:
        pytest.skip("on SQLite a second write transaction waits for the first")
    fill(store, 4)
    (other,) = stores(1)
    with store.begin() as session:
        first = {row.id for row in outbox.claim(session, ["t"], worker="a", now=NOW, limit=3)}
        with other.begin() as beside:
            second = {row.id for row in outbox.claim(beside, ["t"], worker="b", now=NOW, limit=3)}
    assert len(first) == 3
    assert len(second) == 1
    assert not first & second


def test_claim__lease_run_out__another_takes_over_and_the_first_has_no_say(store: Store) -> None:
    fill(store, 1)
    lease = timedelta(seconds=60)

    def claim(worker: str, at: datetime) -> list[int]:
        with store.begin() as session:
            return [row.attempts for row in outbox.claim(session, ["t"], worker=worker, now=at, lease=lease)]

    assert claim("a", NOW) == [1]
    assert claim("b", NOW + lease) == []
    assert claim("b", NOW + lease + timedelta(microseconds=1)) == [2]
    with store.read() as session:
        assert session.exec(select(OutboxRow.claimed_by)).one() == "b"


def test_take_back__claims_of_the_dead__due_at_once_and_counted_as_tried(store: Store) -> None:
    fill(store, 2)
    fill(store, 1, "other")
    with store.begin() as session:
        outbox.claim(session, ["t", "other"], worker="dead", now=NOW, limit=10)
    with store.begin() as session:
        assert outbox.take_back(session, ["t"], now=NOW) == 2
    with store.begin() as session:
        again = outbox.claim(session, ["t", "other"], worker="alive", now=NOW, limit=10)
        assert [(row.topic, row.attempts) for row in again] == [("t", 2), ("t", 2)]


def test_put__same_key_from_eight_sessions__one_row(store: Store, stores: Callable[[int], list[Store]]) -> None:
    ids: list[int | None] = []

    def put(own: Store) -> Callable[[], None]:
        def run() -> None:
            with own.begin() as session:
                ids.append(outbox.put(session, "t", "the one", {"a": 1}, now=NOW).id)

        return run

    at_once(*(put(own) for own in stores(8)))
    assert len(ids) == 8
    assert len(set(ids)) == 1


# the book


def journal(key: str, amount: int, ref: str = "loan") -> Journal:
    money = Money(amount, "CNY")
    entries = (ledger.debit(ledger.LOANS, money, ref), ledger.credit(ledger.CASH, money, ref))
    return Journal(key, TODAY, "test", ref, entries)


def test_post__sixteen_writers_with_common_keys__one_unbroken_chain(
    store: Store, stores: Callable[[int], list[Store]]
) -> None:
    each = 12

    def write(number: int, own: Store) -> Callable[[], None]:
        def run() -> None:
            for turn in range(each):
                with own.begin() as session:
                    journals.post(session, journal(f"own:{number}:{turn}", 100 + turn, f"r{number}"), now=NOW)
                    journals.post(session, journal(f"common:{turn}", 7, "common"), now=NOW)

        return run

    at_once(*(write(number, own) for number, own in enumerate(stores(16))))
    with store.read() as session:
        assert journals.check_chain(session) == 16 * each + each
        keys = Counter(session.exec(select(JournalRow.key)).all())
        assert set(keys.values()) == {1}
        assert sum(1 for key in keys if key.startswith("common:")) == each
        assert len(session.exec(select(EntryRow.id)).all()) == 2 * (16 * each + each)
        balance = journals.balance(session, ledger.LOANS, "CNY")
        assert balance == Money(16 * sum(100 + turn for turn in range(each)) + 7 * each, "CNY")
        lines = journals.trial_balance(session)
        assert sum(line.debit.minor for line in lines) == sum(line.credit.minor for line in lines)


def test_post__rolled_back_writer__leaves_no_gap(store: Store) -> None:
    with store.begin() as session:
        journals.post(session, journal("a", 1), now=NOW)
    with store.begin() as session:
        journals.post(session, journal("b", 2), now=NOW)
        session.rollback()
    with store.begin() as session:
        journals.post(session, journal("c", 3), now=NOW)
    with store.read() as session:
        assert journals.check_chain(session) == 2


# counters, locks, reads


def test_next_nonce__sixteen_sessions_on_a_new_signer__each_number_once(
    store: Store, stores: Callable[[int], list[Store]]
) -> None:
    given: list[int] = []

    def take(own: Store) -> Callable[[], None]:
        def run() -> None:
            for _ in range(5):
                with own.begin() as session:
                    nonce = acts.next_nonce(session, "0xsigner", "Pledges")
                given.append(nonce)

        return run

    at_once(*(take(own) for own in stores(16)))
    assert sorted(given) == list(range(80))


def test_locked_read__after_an_unlocked_one__shows_what_others_committed(
    store: Store, stores: Callable[[int], list[Store]]
) -> None:
    if store.is_sqlite:
        pytest.skip("on SQLite nobody commits while a write transaction is open")
    (other,) = stores(1)
    with store.begin() as session:
        session.add(ActNonceRow(signer="s", contract="c", next=1))
    with store.begin() as session:
        seen = session.get_one(ActNonceRow, ("s", "c"))  # held: the session forgets what nobody holds
        assert seen.next == 1
        with other.begin() as beside:
            locks.row(beside, ActNonceRow, {"signer": "s", "contract": "c"}, {"next": 0}).next = 5
        assert session.get_one(ActNonceRow, ("s", "c"), with_for_update=True).next == 5
        assert seen.next == 5


def test_read__while_others_commit__one_view_and_no_writing(store: Store, stores: Callable[[int], list[Store]]) -> None:
    (other,) = stores(1)
    fill(store, 1)
    with store.read() as session:
        assert len(session.exec(select(OutboxRow.id)).all()) == 1
        with other.begin() as beside:
            outbox.put(beside, "t", "later", {}, now=NOW)
        assert len(session.exec(select(OutboxRow.id)).all()) == 1
    with store.read() as session:
        assert len(session.exec(select(OutboxRow.id)).all()) == 2


def test_named_lock__shared_holders__together_but_not_beside_the_owner(
    store: Store, stores: Callable[[int], list[Store]]
) -> None:
    if store.is_sqlite:
        pytest.skip("on SQLite every write transaction is alone")
    one, two, owner = stores(3)
    owned = threading.Event()

    def own() -> None:
        with owner.begin() as session:
            locks.named(session, locks.PROJECTION)
            owned.set()

    thread = threading.Thread(target=own)
    with one.begin() as first:
        locks.named(first, locks.PROJECTION, shared=True)
        with two.begin() as second:
            locks.named(second, locks.PROJECTION, shared=True)
            thread.start()
            assert not owned.wait(0.3)
    assert owned.wait(30)
    thread.join()
