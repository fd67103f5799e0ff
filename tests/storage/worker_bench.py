"""A worker on a store of its own, with a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session, select

from chainfin.connectors.handlers import Handler, Json, Task
from chainfin.connectors.outcome import Done, Outcome, Unknown
from chainfin.connectors.worker import OnParked, OnResult, Worker
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


def no_parked(session: Session, row: OutboxRow, why: Unknown, said: Json | None) -> None:
    raise AssertionError(f"{row.key} was parked: {why}")


Make = Callable[..., Worker]


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{folder / 'chainfin.db'}")
    store.upgrade()
    yield store
    store.close()


@contextmanager
def workers(store: Store, clock: Clock) -> Iterator[Make]:
    """What makes workers; they end with it."""
    made: list[Worker] = []

    def make(
        handler: Handler, heard: OnResult, topic: str = "t", parked: OnParked | None = None, **options: float
    ) -> Worker:
        aside = parked or no_parked
        worker = Worker(store, {topic: handler}, heard, aside, now=clock, jitter=lambda ceiling: ceiling, **options)  # type: ignore[arg-type]  # rest_s alone is given here
        made.append(worker)
        return worker

    yield make
    for worker in made:
        worker.end()


def put(store: Store, key: str, payload: Json | None = None, topic: str = "t") -> None:
    with store.begin() as session:
        outbox.put(session, topic, key, payload or {}, now=START)


def row(store: Store, key: str) -> OutboxRow:
    with store.read() as session:
        return session.exec(select(OutboxRow).where(OutboxRow.key == key)).one()


def fine(task: Task) -> Outcome[Json]:
    return Done({"ok": True})
