"""What a process that died left behind: its claims, and applications that it had received and not decided."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from chainfin import samples
from chainfin.connectors.handlers import Json, Task
from chainfin.connectors.outcome import Done, Outcome, Unknown
from chainfin.connectors.worker import Worker
from chainfin.rules.application import State
from chainfin.runtime.installation import Installation
from chainfin.runtime.loop import Loop
from chainfin.services.lending import applications, decision
from chainfin.services.reads import queries
from chainfin.settings import load
from chainfin.storage import outbox
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.store import Store
from chainfin.values.party import Role
from tests.storage.play import Play, cny

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def left_behind(store: Store) -> None:
    with store.begin() as session:
        outbox.put(session, "pay", "pay:1", {"n": 1}, now=NOW)
        outbox.claim(session, ["pay"], worker="died", now=NOW)


def worker(store: Store, seen: list[Task], done: threading.Event, *, alone: bool) -> Worker:
    def handle(task: Task) -> Outcome[Json]:
        seen.append(task)
        return Done({})

    def heard(session: Session, row: OutboxRow, outcome: Outcome[Json]) -> None:
        done.set()

    def parked(session: Session, row: OutboxRow, why: Unknown, said: Json | None) -> None:
        raise AssertionError(why)

    return Worker(store, {"pay": handle}, heard, parked, now=lambda: NOW, alone=alone)


def test_worker_alone__claim_of_a_dead_one__asked_about_at_once(store: Store) -> None:
    left_behind(store)
    seen: list[Task] = []
    done = threading.Event()
    alone = worker(store, seen, done, alone=True)
    loop = Loop("worker", alone)
    loop.start()
    assert done.wait(30)
    loop.stop()
    # not the first try: the handler asks before it repeats
    assert [(task.topic, task.first) for task in seen] == [("pay", False)]
    with store.read() as session:
        assert session.get_one(OutboxRow, 1).status == "done"


def test_worker_beside_others__claim_within_its_lease__left_alone(store: Store) -> None:
    left_behind(store)
    seen: list[Task] = []
    beside = worker(store, seen, threading.Event(), alone=False)
    assert beside.run_once() == 0
    assert seen == []
    beside.end()


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    with Installation(load({"CHAINFIN_HOME": str(tmp_path / "home"), "CHAINFIN_DATABASE_URL": database_url})) as made:
        yield made


def test_apply__process_ends_before_the_decision__decided_later_and_once(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = Play([site])
    core, supplier = play.admit(samples.CORE, Role.CORE), play.admit(samples.SUPPLIER, Role.SUPPLIER)
    lender = play.admit(samples.LENDER, Role.LENDER, own=False)
    play.mandate(lender)
    play.limit(lender, "debtor", core, cny(1_000_000))
    asset = play.confirmed(core, supplier, "INV-1")
    decide = decision.decide

    class Killed(BaseException):
        """The process ends here."""

    def die_once(*_: object) -> None:
        monkeypatch.setattr(decision, "decide", decide)
        raise Killed

    monkeypatch.setattr(decision, "decide", die_once)
    with pytest.raises(Killed):
        play.borrow(supplier, lender, asset, cny(10_000))
    (left,) = queries.applications(site.ctx, supplier)
    assert left.status in (State.DECIDING.value, "offered")

    def offered() -> bool:
        return queries.application(site.ctx, supplier, left.id).application.status == "offered"

    play.until(offered, "the decision")
    assert applications.resume(site.ctx) == 0
    view = queries.application(site.ctx, supplier, left.id)
    assert [node.name for node in view.progress].count("credit_score") == 1
    assert view.application.record_hash is not None
