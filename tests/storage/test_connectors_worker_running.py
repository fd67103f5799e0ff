"""The worker in its loop: woken by commits, several calls at once, stopped, and two on one outbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from chainfin.connectors.handlers import Json, Task
from chainfin.connectors.outcome import Done, Outcome
from chainfin.connectors.partners import Partners, connect_sandbox
from chainfin.connectors.sandbox import Sandbox, start_sandbox
from chainfin.connectors.sandbox.faults import Fault, Rule
from chainfin.connectors.worker import Worker
from chainfin.runtime.loop import Loop, State
from chainfin.storage.store import Store
from tests.storage.worker_bench import START, Clock, Heard, Make, fine, no_parked, opened, put, row, workers


@contextmanager
def running(worker: Worker) -> Iterator[Loop]:
    """The worker in a loop of its own; what is in its hand is seen through at the end."""
    loop = Loop("worker", worker)
    loop.start()
    try:
        yield loop
    finally:
        loop.stop()


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
