"""The connectors' worker on a real outbox: once each, through lost answers, crashes and bugs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from chainfin.connectors.handlers import Handler, Json, Task
from chainfin.connectors.outcome import Done, Outcome, Refused, Unavailable, Unknown
from chainfin.connectors.partners import Partners, connect_sandbox
from chainfin.connectors.sandbox import Sandbox, start_sandbox
from chainfin.connectors.sandbox.faults import Fault, Rule
from chainfin.connectors.worker import LEASE, TRIES, OnParked, OnResult, Worker
from chainfin.errors import BadInput
from chainfin.errors import Unavailable as NotThere
from chainfin.runtime.loop import Loop, State
from chainfin.storage import outbox
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.store import Store

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


class Clock:
    """A business clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def move(self, by: timedelta) -> None:
        self.time += by


class Heard:
    """What was reported, as a service would take it in."""

    def __init__(self) -> None:
        self.results: list[tuple[str, Outcome[Json]]] = []

    def __call__(self, session: Session, row: OutboxRow, outcome: Outcome[Json]) -> None:
        self.results.append((row.key, outcome))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'chainfin.db'}")
    opened.upgrade()
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def no_parked(session: Session, row: OutboxRow, why: Unknown, said: Json | None) -> None:
    raise AssertionError(f"{row.key} was parked: {why}")


Make = Callable[..., Worker]


@pytest.fixture
def make(store: Store, clock: Clock) -> Iterator[Make]:
    made: list[Worker] = []

    def build(
        handler: Handler, heard: OnResult, topic: str = "t", parked: OnParked | None = None, **options: float
    ) -> Worker:
        aside = parked or no_parked
        worker = Worker(store, {topic: handler}, heard, aside, now=clock, jitter=lambda ceiling: ceiling, **options)  # type: ignore[arg-type]  # rest_s alone is given here
        made.append(worker)
        return worker

    yield build
    for worker in made:
        worker.end()


@contextmanager
def running(worker: Worker) -> Iterator[Loop]:
    """The worker in a loop of its own; what is in its hand is seen through at the end."""
    loop = Loop("worker", worker)
    loop.start()
    try:
        yield loop
    finally:
        loop.stop()


def put(store: Store, key: str, payload: Json | None = None, topic: str = "t") -> None:
    with store.begin() as session:
        outbox.put(session, topic, key, payload or {}, now=START)


def row(store: Store, key: str) -> OutboxRow:
    with store.read() as session:
        return session.exec(select(OutboxRow).where(OutboxRow.key == key)).one()


def fine(task: Task) -> Outcome[Json]:
    return Done({"ok": True})


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


def until(condition: Callable[[], bool]) -> None:
    """Wait for it (it fails after a time that no machine should need)."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


def test_worker__started__a_commit_wakes_it(store: Store, make: Make) -> None:
    heard = Heard()
    worker = make(fine, heard, rest_s=3600.0)
    with running(worker) as loop:
        put(store, "a")
        until(lambda: len(heard.results) == 1)
        put(store, "b")
        until(lambda: len(heard.results) == 2)
        assert loop.view.state is State.RUNNING


def test_worker__one_slow_call__does_not_hold_up_the_others(store: Store, make: Make) -> None:
    release = threading.Event()
    heard = Heard()

    def handler(task: Task) -> Outcome[Json]:
        if task.payload.get("slow"):
            assert release.wait(30)
        return Done({})

    worker = make(handler, heard, rest_s=0.05)
    put(store, "slow", {"slow": True})
    for number in range(20):
        put(store, f"quick-{number}")
    with running(worker):
        until(lambda: len(heard.results) == 20)
        assert row(store, "slow").status == "claimed"
        release.set()
        until(lambda: len(heard.results) == 21)


def test_worker__clock_moved_past_the_lease__what_is_in_hand_is_not_taken_twice(
    store: Store, clock: Clock, make: Make
) -> None:
    release, calls, heard = threading.Event(), [0], Heard()

    def handler(task: Task) -> Outcome[Json]:
        calls[0] += 1
        assert release.wait(30)
        return Done({})

    put(store, "a")
    worker = make(handler, heard, rest_s=0.01)
    with running(worker):
        until(lambda: calls[0] == 1)
        clock.move(timedelta(days=90))
        until(lambda: row(store, "a").attempts > 1)
        release.set()
        until(lambda: len(heard.results) == 1)
    assert calls == [1]


def test_worker__stopped__sees_through_what_is_in_flight(store: Store, make: Make) -> None:
    begun, heard = threading.Event(), Heard()

    def handler(task: Task) -> Outcome[Json]:
        begun.set()
        time.sleep(0.1)
        return Done({})

    put(store, "a")
    worker = make(handler, heard)
    with running(worker) as loop:
        assert begun.wait(30)
    assert (row(store, "a").status, loop.view.state, loop.view.failures) == ("done", State.STOPPED, 0)


def test_worker__idle__commits_nothing(store: Store, make: Make) -> None:
    commits = [0]

    def count() -> None:
        commits[0] += 1

    worker = make(fine, Heard())
    store.on_commit(count)
    for _ in range(5):
        worker.run_once()
    assert commits == [0]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    running = start_sandbox(tmp_path, now=lambda: START, faults=True)
    yield running
    running.stop()


@pytest.fixture
def partners(sandbox: Sandbox) -> Iterator[Partners]:
    connected = connect_sandbox(sandbox)
    yield connected
    connected.close()


def payment(number: int) -> Json:
    return {
        "loan_id": f"loan_{number}",
        "instruction_id": f"loan-{number}",
        "payee_account": "6222-0001",
        "payee_name": "Sample Supplier (invented)",
        "amount": "100.00",
        "currency": "CNY",
        "purpose": "payout",
    }


def test_worker__two_workers_and_a_faulty_bank__every_loan_paid_once(
    store: Store, clock: Clock, sandbox: Sandbox, partners: Partners
) -> None:
    for number in range(30):
        put(store, f"pay:loan-{number}", payment(number), topic="payment.loan")
    faults = [Fault.DROP_AFTER, Fault.DROP_BEFORE, Fault.ERROR_AFTER, Fault.ERROR_BEFORE, Fault.BAD_SIGNATURE]
    for fault in faults:
        sandbox.faults.add(Rule(fault, prefix="/rail", times=8))
    heard = Heard()
    workers = [
        Worker(store, partners.handlers(), heard, no_parked, now=clock, rest_s=0.02, jitter=lambda ceiling: 0.0)
        for _ in range(2)
    ]
    with running(workers[0]), running(workers[1]):
        until(lambda: len(heard.results) == 30)
    assert {key for key, _ in heard.results} == {f"pay:loan-{number}" for number in range(30)}
    assert all(isinstance(outcome, Done) for _, outcome in heard.results)
    paid = sandbox.payments()
    assert sorted(paid) == sorted(f"loan-{number}" for number in range(30))
