"""The driver between the outbox and the partners: claims rows by topic, asks, and reports in one transaction.

A row is claimed (and its attempt counted, durably) before anything is sent, so that after a crash nobody mistakes a
second try for a first. Done and Refused are final: the services' callback and the row's end commit together.
Unknown and Unavailable come back later, and a handler that isn't the first asks before it repeats. What is answered
again and again in a way that can't be taken in is parked, so that a person looks and nobody asks for ever.
"""

from __future__ import annotations

import os
import queue
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import structlog
from sqlmodel import Session

from chainfin.connectors.handlers import Handler, Json, Task
from chainfin.connectors.http import Retry, full_jitter
from chainfin.connectors.outcome import Done, Outcome, Refused, Unavailable, Unknown, storable
from chainfin.errors import BadInput, ChainfinError
from chainfin.storage import outbox
from chainfin.storage.away import is_away
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.store import Store
from chainfin.values.command_state import CommandState

OnResult: TypeAlias = Callable[[Session, OutboxRow, Outcome[Json]], None]
"""Called in the worker's write transaction with Done(JSON) or Refused; must not commit, must not wait."""
OnParked: TypeAlias = Callable[[Session, OutboxRow, Unknown, Json | None], None]
"""Called likewise when a row was parked, with why, and what the partner had answered, where that could be read."""

LEASE = timedelta(seconds=180)
"""Longer than any handler can take (a query, a payment and a query, each with its limits and retries)."""
BACKOFF = Retry(base_s=0.2, cap_s=30.0)
TRIES = 8
"""So many answers that can't be taken in are enough: with the backoff it takes about half a minute, in which a partner
(or a release of ours) may right itself."""

_log = structlog.get_logger("chainfin.connectors")


@dataclass(frozen=True, slots=True)
class _Finished:
    row: OutboxRow
    outcome: Outcome[Json]


class Worker:
    """One driver for a `Loop` or to be stepped by hand (`run_once`); as many as you like may share a database."""

    def __init__(
        self,
        store: Store,
        handlers: Mapping[str, Handler],
        on_result: OnResult,
        on_parked: OnParked,
        *,
        now: Callable[[], datetime],
        threads: int = 8,
        rest_s: float = 0.25,
        backoff: Retry = BACKOFF,
        jitter: Callable[[float], float] = full_jitter,
        alone: bool = False,
    ) -> None:
        """``alone``: no other worker can be alive on this database, so what is claimed at the start was a dead one's
        and is taken up at once, not after its lease."""
        self._store = store
        self._handlers = dict(handlers)
        self._topics = tuple(self._handlers)
        self._on_result = on_result
        self._on_parked = on_parked
        self._now = now
        self._threads = threads
        self.rest_s = rest_s
        self._backoff = backoff
        self._jitter = jitter
        self._alone = alone
        self._name = f"{socket.gethostname()}:{os.getpid()}:{id(self):x}"
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="connector")
        self._finished: queue.SimpleQueue[_Finished] = queue.SimpleQueue()
        self._unreported: list[_Finished] = []
        self._in_flight: set[int] = set()
        self._wake: Callable[[], None] = lambda: None

    def run_once(self) -> int:
        """Claim what is due, see it through, report; the number of rows reported. Not while a loop runs it."""
        futures = self._claim_and_submit(self._threads)
        for future in futures:
            future.result()
        self._report_and_claim(0)
        return len(futures)

    def begin(self, wake: Callable[[], None]) -> None:
        """Get ready for `turn`: commits of the store and calls that have ended ``wake`` the loop."""
        self._wake = wake
        if self._alone:
            with self._store.begin() as session:
                outbox.take_back(session, self._topics, now=self._now())
        self._store.on_commit(wake, about=self._topics)

    def turn(self) -> bool:
        """Report what has ended and claim what is due, without waiting for it; True if anything was claimed."""
        return bool(self._claim_and_submit(self._threads - len(self._in_flight)))

    def end(self) -> None:
        """See what is in flight through and report it."""
        self._pool.shutdown(wait=True)
        self._report_and_claim(0)

    def _claim_and_submit(self, free: int) -> list[Future[None]]:
        return [self._pool.submit(self._carry_out, row) for row in self._report_and_claim(free)]

    def _report_and_claim(self, free: int) -> list[OutboxRow]:
        """One write transaction: report what has finished, claim up to ``free`` more. None if there is neither.

        Looked up in a read first: an idle worker takes no writer's lock and wakes nobody by committing nothing.
        """
        while not self._finished.empty():
            self._unreported.append(self._finished.get_nowait())
        now = self._now()
        # what there is to report takes a transaction anyway: then the claim itself is the look
        claiming = free > 0 and (bool(self._unreported) or self._anything_due(now))
        if not self._unreported and not claiming:
            return []
        if not self._store.batches:
            self._report_each(now)
        rows: list[OutboxRow] = []
        with self._store.begin() as session:
            for finished in self._unreported:
                self._report(session, finished, now)
            if claiming:
                rows = outbox.claim(session, self._topics, worker=self._name, now=now, lease=LEASE, limit=free)
        self._in_flight.difference_update(finished.row.id or 0 for finished in self._unreported)
        self._unreported.clear()
        # A business clock that was moved on ends leases early: what we still have in hand isn't taken up twice.
        mine = [row for row in rows if row.id not in self._in_flight]
        self._in_flight.update(row.id or 0 for row in mine)
        return mine

    def _report_each(self, now: datetime) -> None:
        """Each result in a transaction of its own, so that the locks of one don't wait for those of another."""
        while self._unreported:
            with self._store.begin() as session:
                self._report(session, self._unreported[0], now)
            self._in_flight.discard(self._unreported.pop(0).row.id or 0)

    def _anything_due(self, now: datetime) -> bool:
        with self._store.read() as session:
            return outbox.any_due(session, self._topics, now=now)

    def _carry_out(self, row: OutboxRow) -> None:
        with _about(row):
            outcome = self._ask(row)
        self._finished.put(_Finished(row, storable(outcome)))
        self._wake()

    def _ask(self, row: OutboxRow) -> Outcome[Json]:
        task = Task(row.topic, row.payload, first=row.attempts == 1)
        try:
            return self._handlers[row.topic](task)
        except BadInput as error:
            return Refused(error.code, str(error))
        except ChainfinError as error:
            return Unknown(error.code, error.message)
        except Exception as error:
            if is_away(error):
                return Unknown("database_unreachable", "the database was away meanwhile")
            # A bug stops this row, not everybody's payments. It may have been sent: it stays unknown, and says so.
            _log.exception("handler_failed")
            return Unknown("handler_failed", type(error).__name__, answered=True)

    def _report(self, session: Session, finished: _Finished, now: datetime) -> None:
        with _about(finished.row):
            self._take_in(session, finished, now)

    def _take_in(self, session: Session, finished: _Finished, now: datetime) -> None:
        row_id, outcome = finished.row.id, finished.outcome
        assert row_id is not None, "a claimed row has an id"
        row = session.get_one(OutboxRow, row_id, with_for_update=True)
        if row.status != CommandState.CLAIMED or row.claimed_by != self._name:
            return  # our lease had run out and somebody else has taken the row: theirs is the word
        try:
            with session.begin_nested():
                if isinstance(outcome, Done):
                    self._on_result(session, row, outcome)
                    outbox.done(session, row_id, outcome.value)
                elif isinstance(outcome, Refused):
                    self._on_result(session, row, outcome)
                    outbox.refused(session, row_id, outcome.code, outcome.message)
                else:
                    self._later(session, row, outcome, now)
        except Exception as error:
            if is_away(error):
                raise  # the whole transaction is tried again
            code, message = "result_failed", type(error).__name__
            if isinstance(error, ChainfinError):
                code, message = error.code, error.message
            _log.error("result_not_taken_in", code=code, exc_info=error)
            reply = outcome.value if isinstance(outcome, Done) else None
            self._later(session, row, Unknown(code, message, answered=True), now, reply)

    def _later(
        self, session: Session, row: OutboxRow, outcome: Unknown | Unavailable, now: datetime, reply: Json | None = None
    ) -> None:
        assert row.id is not None, "a claimed row has an id"
        if isinstance(outcome, Unknown) and outcome.answered:
            row.in_vain += 1
            if row.in_vain >= TRIES:
                outbox.park(session, row, f"{outcome.code}: {outcome.message}")
                self._on_parked(session, row, outcome, reply)
                return
        wait_s = self._jitter(self._backoff.ceiling_s(min(row.attempts, 16)))
        at = now + timedelta(seconds=wait_s)
        error = f"{outcome.code}: {outcome.message}"
        outbox.later(session, row.id, at=at, error=error, unknown=isinstance(outcome, Unknown))


def _about(row: OutboxRow) -> AbstractContextManager[None]:
    """Within the block every line of the log names the command and what it is about."""
    return structlog.contextvars.bound_contextvars(
        topic=row.topic, outbox_id=row.id, subject=row.subject, correlation=row.correlation
    )
