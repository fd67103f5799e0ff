"""The connectors' worker on a real outbox: once each, through lost answers, crashes and bugs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from chainfin.connectors.handlers import Json, Task
from chainfin.connectors.outcome import Done, Outcome, Refused, Unavailable, Unknown
from chainfin.connectors.worker import LEASE, TRIES, Worker
from chainfin.errors import BadInput
from chainfin.errors import Unavailable as NotThere
from chainfin.storage import outbox
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.store import Store
from tests.storage.worker_bench import START, Clock, Heard, Make, fine, opened, put, row, workers


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(store: Store, clock: Clock) -> Iterator[Make]:
    with workers(store, clock) as made:
        yield made


def test_worker__done__reported_and_ended_together(store: Store, make: Make) -> None:
    put(store, "a")
    heard = Heard()
    worker = make(fine, heard)
    assert worker.run_once() == 1
    assert heard.results == [("a", Done({"ok": True}))]
    assert (row(store, "a").status, row(store, "a").result) == ("done", {"ok": True})
    assert worker.run_once() == 0


def test_worker__refused__reported_and_not_asked_again(store: Store, make: Make) -> None:
    put(store, "a")
    heard = Heard()
    worker = make(lambda task: Refused("account_closed", "no"), heard)
    worker.run_once()
    assert [type(outcome) for _, outcome in heard.results] == [Refused]
    assert (row(store, "a").status, row(store, "a").error, worker.run_once()) == ("refused", "account_closed", 0)


@pytest.mark.parametrize(
    ("outcome", "status"), [(Unknown("x", "lost"), "unknown"), (Unavailable("x", "not sent"), "due")]
)
def test_worker__no_definite_answer__comes_back_later_and_not_as_the_first(
    store: Store, clock: Clock, make: Make, outcome: Outcome[Json], status: str
) -> None:
    put(store, "a")
    firsts: list[bool] = []
    heard = Heard()

    def handler(task: Task) -> Outcome[Json]:
        firsts.append(task.first)
        return outcome if len(firsts) == 1 else Done({})

    worker = make(handler, heard)
    worker.run_once()
    assert (row(store, "a").status, row(store, "a").error, heard.results) == (status, f"x: {outcome.message}", [])  # type: ignore[union-attr]  # both cases carry a message
    assert worker.run_once() == 0
    clock.move(timedelta(seconds=1))
    assert worker.run_once() == 1
    assert (firsts, row(store, "a").status) == ([True, False], "done")


def test_worker__died_after_sending__next_one_takes_over_and_asks_first(store: Store, clock: Clock, make: Make) -> None:
    put(store, "a")
    with store.begin() as session:
        outbox.claim(session, ["t"], worker="dead", now=START, lease=LEASE)
    firsts: list[bool] = []

    def handler(task: Task) -> Outcome[Json]:
        firsts.append(task.first)
        return Done({})

    worker = make(handler, Heard())
    assert worker.run_once() == 0
    clock.move(LEASE + timedelta(seconds=1))
    assert worker.run_once() == 1
    assert firsts == [False]


def test_worker__lease_lost_while_working__the_other_ones_word_stands(store: Store, clock: Clock, make: Make) -> None:
    put(store, "a")
    heard = Heard()

    def slow(task: Task) -> Outcome[Json]:
        clock.move(LEASE + timedelta(seconds=1))
        with store.begin() as session:
            (taken,) = outbox.claim(session, ["t"], worker="other", now=clock(), lease=LEASE)
            outbox.done(session, taken.id or 0, {"by": "other"})
        return Refused("late", "late")

    make(slow, heard).run_once()
    assert heard.results == []
    assert row(store, "a").result == {"by": "other"}


def test_worker__service_fails__its_writes_are_taken_back_and_others_go_on(
    store: Store, clock: Clock, make: Make
) -> None:
    put(store, "bad")
    put(store, "good")
    poisoned = [True]

    def take(session: Session, taken: OutboxRow, outcome: Outcome[Json]) -> None:
        outbox.put(session, "next", f"after-{taken.key}", {}, now=START)
        session.flush()
        if taken.key == "bad" and poisoned[0]:
            raise RuntimeError("a bug")

    worker = make(fine, take)
    worker.run_once()
    with store.read() as session:
        after = session.exec(select(OutboxRow.key).where(OutboxRow.topic == "next")).all()
    assert after == ["after-good"]
    assert (row(store, "good").status, row(store, "bad").status) == ("done", "unknown")
    assert row(store, "bad").error == "result_failed: RuntimeError"
    poisoned[0] = False
    clock.move(timedelta(seconds=1))
    worker.run_once()
    assert row(store, "bad").status == "done"


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (BadInput("payload_malformed", "no amount"), "refused", "payload_malformed"),
        (NotThere("node_down", "gone"), "unknown", "node_down: gone"),
        (RuntimeError("a bug"), "unknown", "handler_failed: RuntimeError"),
    ],
)
def test_worker__handler_raises__the_row_says_why(
    store: Store, make: Make, error: Exception, status: str, detail: str
) -> None:
    put(store, "a")

    def handler(task: Task) -> Outcome[Json]:
        raise error

    make(handler, Heard()).run_once()
    assert (row(store, "a").status, row(store, "a").error) == (status, detail)


class Aside:
    """What was parked, as the services would show it."""

    def __init__(self) -> None:
        self.items: list[tuple[str, str, Json | None]] = []

    def __call__(self, session: Session, row: OutboxRow, why: Unknown, said: Json | None) -> None:
        self.items.append((row.key, why.code, said))


def insist(worker: Worker, clock: Clock, times: int = 2 * TRIES) -> None:
    for _ in range(times):
        worker.run_once()
        clock.move(timedelta(minutes=1))


@pytest.mark.parametrize("where", ["handler", "service", "answer"])
def test_worker__answer_never_taken_in__parked_after_some_tries_and_others_go_on(
    store: Store, clock: Clock, make: Make, where: str
) -> None:
    put(store, "bad", {"bad": True})
    asked, aside = [0], Aside()

    def handler(task: Task) -> Outcome[Json]:
        bad = bool(task.payload.get("bad"))
        asked[0] += bad
        if bad and where == "handler":
            raise RuntimeError("a bug")
        return Unknown("partner_answer_malformed", "no", answered=True) if bad and where == "answer" else fine(task)

    def take(session: Session, taken: OutboxRow, outcome: Outcome[Json]) -> None:
        if taken.key == "bad":
            raise BadInput("time_odd", "in 9999")

    worker = make(handler, take, parked=aside)
    insist(worker, clock, TRIES - 1)
    assert (row(store, "bad").status, aside.items) == ("unknown", [])
    insist(worker, clock)
    code = {"handler": "handler_failed", "service": "time_odd", "answer": "partner_answer_malformed"}[where]
    assert aside.items == [("bad", code, {"ok": True} if where == "service" else None)]
    assert (row(store, "bad").status, asked[0]) == ("parked", TRIES), "nobody asks any more"
    put(store, "good")
    worker.run_once()
    assert row(store, "good").status == "done"


@pytest.mark.parametrize("where", ["handler", "service"])
def test_worker__database_away__is_no_try(store: Store, clock: Clock, make: Make, where: str) -> None:
    put(store, "a")
    away = OperationalError("select", {}, Exception("server closed the connection"))
    gone = [True]

    def handler(task: Task) -> Outcome[Json]:
        if gone[0] and where == "handler":
            raise away
        return Done({})

    def take(session: Session, taken: OutboxRow, outcome: Outcome[Json]) -> None:
        if gone[0] and where == "service":
            raise away

    worker = make(handler, take)
    for _ in range(2 * TRIES):
        with suppress(OperationalError):
            worker.run_once()
        clock.move(timedelta(minutes=1))
    assert row(store, "a").in_vain == 0
    gone[0] = False
    insist(worker, clock, 2)
    assert row(store, "a").status == "done"
