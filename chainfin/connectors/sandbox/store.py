"""The sandbox's own SQLite file: one writer thread that commits many requests with one fsync.

References that the world outside gives are not held to be unique: a partner may use one twice.

A write is answered only after its commit is on disk, so a killed sandbox remembers all that it ever confirmed.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
MAX_BATCH = 256

SCHEMA = """
CREATE TABLE IF NOT EXISTS payment (
  instruction_id TEXT PRIMARY KEY,
  request TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('done', 'pending', 'refused')),
  bank_reference TEXT UNIQUE,
  code TEXT, message TEXT,
  at TEXT NOT NULL,
  CHECK ((status = 'done') = (bank_reference IS NOT NULL)));
CREATE TABLE IF NOT EXISTS incoming (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  payment_id TEXT NOT NULL UNIQUE,
  request TEXT NOT NULL,
  bank_reference TEXT NOT NULL,
  minor INTEGER NOT NULL CHECK (minor > 0), currency TEXT NOT NULL,
  at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS ix_incoming_reference ON incoming (bank_reference);
CREATE TABLE IF NOT EXISTS refund (
  refund_id TEXT PRIMARY KEY,
  request TEXT NOT NULL,
  bank_reference TEXT NOT NULL,
  minor INTEGER NOT NULL CHECK (minor > 0),
  refund_reference TEXT NOT NULL UNIQUE,
  at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS registration (
  pledge_ref TEXT PRIMARY KEY,
  request TEXT NOT NULL,
  asset_hash TEXT NOT NULL,
  registry_no TEXT NOT NULL,
  registered_at TEXT NOT NULL,
  cancelled_at TEXT, cancel_reason TEXT);
CREATE INDEX IF NOT EXISTS ix_registration_asset ON registration (asset_hash);
CREATE TABLE IF NOT EXISTS consent (
  token TEXT PRIMARY KEY, subject_id TEXT NOT NULL, sources TEXT NOT NULL, valid_until TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS dataset (
  subject_id TEXT NOT NULL, source TEXT NOT NULL, as_of TEXT NOT NULL, payload TEXT NOT NULL,
  PRIMARY KEY (subject_id, source));
"""


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[sqlite3.Connection], Any]
    answer: Future[Any]


class SandboxStore:
    """Writes queue for the one writer; reads share a connection of their own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        connection = self._open()
        connection.executescript(SCHEMA)
        self._reader = connection
        self._reading = threading.Lock()
        self._writer = threading.Thread(target=self._write_all, name="sandbox-writer", daemon=True)
        self._writer.start()

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in the writer's transaction; return (or raise what it raised) once that is on disk."""
        job = _Job(work, Future())
        self._jobs.put(job)
        result: T = job.answer.result()
        return result

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` on what has been committed."""
        with self._reading:
            return work(self._reader)

    def close(self) -> None:
        """Finish what is queued, then close the file."""
        self._jobs.put(None)
        self._writer.join()
        self._reader.close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=30)
        connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _write_all(self) -> None:
        connection = self._open()
        open_for_work = True
        while open_for_work:
            jobs: list[_Job] = []
            job = self._jobs.get()
            while job is not None:
                jobs.append(job)
                if len(jobs) == MAX_BATCH:
                    break
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
            open_for_work = job is not None
            if jobs:
                _commit(connection, jobs)
        connection.close()


def _commit(connection: sqlite3.Connection, jobs: list[_Job]) -> None:
    """One transaction for all; a job that fails takes back its own savepoint only. Answers follow the commit."""
    results: list[tuple[_Job, Any, Exception | None]] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for job in jobs:
            connection.execute("SAVEPOINT job")
            try:
                results.append((job, job.work(connection), None))
            except Exception as error:  # handed to the caller below, whose error it is
                connection.execute("ROLLBACK TO job")
                results.append((job, None, error))
            connection.execute("RELEASE job")
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        results = [(job, None, error) for job in jobs]
    for job, result, failure in results:
        if failure is None:
            job.answer.set_result(result)
        else:
            job.answer.set_exception(failure)
