"""The database: engine, write and read transactions, and the schema check.

One `Store` a process. Writes on SQLite take the single writer's lock up front (BEGIN IMMEDIATE) and queue on a
lock in the process, so that no write fails half-way on a busy database. On PostgreSQL writes are READ COMMITTED with
row locks, reads are REPEATABLE READ: one view each on both databases.
"""

from __future__ import annotations

import copy
import fcntl
import os
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, inspect
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session as OrmSession
from sqlmodel import Session, func, select

from chainfin.errors import BadInput, Unavailable
from chainfin.resources import migrations_dir
from chainfin.storage.away import TROUBLES, reason, trouble
from chainfin.storage.session import ReadSession, SoleWriteSession, WriteSession

_NEWS = "chainfin_news"


def tell(session: Session, subject: str) -> None:
    """This transaction has news of ``subject`` (an outbox topic, an application): who waits for it is woken when it
    commits. Waking is a hint, never the only way: every driver also looks by itself, now and then."""
    session.info.setdefault(_NEWS, set()).add(subject)


_MOVED = "chainfin_moved"


class Stateful(Protocol):
    """A row of which a state is kept."""

    id: Any
    status: str


def moves(session: Session, row: Stateful, before: str | None) -> None:
    """The transaction moves ``row`` from the state ``before`` (None: it is new). Whoever is to be told reads it at the
    transaction's end (`Store.before_commit`), as it stands then."""
    session.info.setdefault(_MOVED, {}).setdefault(id(row), (row, before))


def all_moved(session: Session) -> list[Any]:
    """The rows that are in another state at the end of a transaction than they were at its beginning. What a savepoint
    took back isn't among them."""
    found = session.info.get(_MOVED, {}).values()
    return [row for row, before in found if row in session and row.status != before]


_COUNTED = "chainfin_counted"


def count(session: Session, row: Any, what: str, currency: str, minor: int) -> None:
    """The transaction adds so much to a number that is counted, by making ``row``. It is told to who listens
    (`Store.on_counted`) when the transaction has committed, but for what a savepoint took back."""
    session.info.setdefault(_COUNTED, []).append((row, (what, currency, minor)))


class Witness(Protocol):
    """Is told what the transactions of one store do, and can refuse them."""

    def flushed(self, session: OrmSession) -> None:
        """New rows are about to be known: ``session.new`` still holds them."""
        ...

    def before_commit(self, session: OrmSession) -> None:
        """May write into the same transaction; an exception ends it without a commit."""
        ...

    def committed(self) -> None: ...


def _watch(session: Session, witness: Witness) -> None:
    event.listen(session, "after_flush", lambda seen, _flush: witness.flushed(seen))
    event.listen(session, "before_commit", witness.before_commit)
    event.listen(session, "after_commit", lambda _seen: witness.committed())


class Store:
    """Opens ``url`` (sqlite:///… or postgresql+psycopg://…). `begin` writes, `read` reads."""

    def __init__(self, url: str) -> None:
        """Raises BadInput setting_invalid: not the address of a database that this program knows."""
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._writer = threading.RLock()
        self._listeners: list[Callable[[frozenset[str]], None]] = []
        self._counters: list[Callable[[str, str, int], None]] = []
        self._last_words: list[Callable[[Session], None]] = []
        self._witness: Witness | None = None
        if self.is_sqlite:
            file = Path(url.removeprefix("sqlite:///"))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)  # who else has an account on the machine reads no book
            engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 30}, pool_size=20)
            event.listen(engine, "connect", _sqlite_connect)
            event.listen(engine, "begin", _sqlite_begin)
        else:
            engine = _postgresql(url)
        self.engine: Engine = engine
        self._write_engine = engine.execution_options(chainfin_write=True)
        self._read_engine = (
            engine
            if self.is_sqlite
            else engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        )

    def witnessed(self, witness: Witness) -> Store:
        """The same store for whoever writes under ``witness``'s eyes."""
        same = copy.copy(self)
        same._witness = witness
        return same

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A write transaction: committed at the end of the block, rolled back by any exception."""
        guard, kind = (self._writer, SoleWriteSession) if self.is_sqlite else (nullcontext(), WriteSession)
        with guard, kind(self._write_engine, expire_on_commit=False) as session:
            if self._witness is not None:
                _watch(session, self._witness)
            with session.begin():
                yield session
                for last_word in self._last_words:
                    last_word(session)
            counted = [each for row, each in session.info.get(_COUNTED, ()) if row in session]
        news = frozenset(session.info.get(_NEWS, ()))
        for listener in self._listeners:
            listener(news)
        for each in counted:
            for counter in self._counters:
                counter(*each)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that is rolled back at the end: a consistent view, nothing written."""
        with ReadSession(self._read_engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @property
    def batches(self) -> bool:
        """Whether unrelated changes belong into one transaction. On SQLite yes: each commit waits for the disk, one
        after the other. On PostgreSQL no: commits share the disk's wait, and the locks of many would entangle."""
        return self.is_sqlite

    def before_commit(self, last_word: Callable[[Session], None]) -> None:
        """Call ``last_word`` at the end of each write transaction, in it: what it writes is committed with the rest."""
        self._last_words.append(last_word)

    def on_commit(self, listener: Callable[[], None], *, about: Collection[str] | None = None) -> None:
        """Call ``listener`` after each write commit, or only after those that `tell` of a subject in ``about``
        (it wakes a driver; it must not block)."""
        subjects = None if about is None else frozenset(about)

        def hear(news: frozenset[str]) -> None:
            if subjects is None or not subjects.isdisjoint(news):
                listener()

        self._listeners.append(hear)

    def on_counted(self, counter: Callable[[str, str, int], None]) -> None:
        """Call ``counter`` after a write commit with each thing that it counts (see `count`)."""
        self._counters.append(counter)

    def on_news(self, listener: Callable[[frozenset[str]], None]) -> None:
        """Call ``listener`` after each write commit with the subjects that it `tell`s of; it must not block."""
        self._listeners.append(listener)

    def serve_alone(self) -> Callable[[], None]:
        """Take an SQLite database for this process; returns how to let it go, which its end does too. PostgreSQL is
        made for many.

        Raises Unavailable database_in_use.
        """
        if not self.is_sqlite:
            return lambda: None
        file = self.url.removeprefix("sqlite:///")
        guard = os.open(file + ".serving", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(guard)
            why = "another process serves this database: stop it, or set CHAINFIN_HOME to a folder of its own"
            raise Unavailable("database_in_use", why, where=file) from None
        return lambda: os.close(guard)

    @contextmanager
    def installing(self) -> Iterator[None]:
        """Hold off other processes that open the same database, while tables, keys and contracts come to be.

        The lock ends with the process, however it ends. Raises Unavailable database_unreachable.
        """
        if self.is_sqlite:
            with Path(self.url.removeprefix("sqlite:///") + ".lock").open("w") as guard:
                fcntl.flock(guard, fcntl.LOCK_EX)
                yield
            return
        with _answering():
            connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        with connection:
            connection.execute(select(func.pg_advisory_lock(_INSTALLING)))
            try:
                yield
            finally:
                connection.execute(select(func.pg_advisory_unlock(_INSTALLING)))

    def is_empty(self) -> bool:
        """Whether the database has no tables yet. Raises Unavailable database_unreachable."""
        with _answering():
            return not inspect(self.engine).get_table_names()

    def upgrade(self) -> None:
        """Bring the schema to the newest version. The only way that tables come to be.

        Raises Unavailable database_unreachable.
        """
        with _answering():
            command.upgrade(self._alembic(), "head")

    def check_schema(self) -> None:
        """Raise Unavailable: schema_outdated if the database is of another schema than this program's,
        database_unreachable."""
        head = ScriptDirectory.from_config(self._alembic()).get_current_head()
        with _answering(), self.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        if current != head:
            raise Unavailable(
                "schema_outdated",
                f"the database is of schema {current or 'none'}, this program needs {head}: run `chainfin db upgrade`",
            )

    def _alembic(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(migrations_dir()))
        config.attributes["engine"] = self.engine
        return config

    def close(self) -> None:
        self.engine.dispose()


_INSTALLING = 0x636861696E66696E
"""The key of the advisory lock of `Store.installing`: "chainfin" in ASCII."""


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        code = trouble(error)
        if code is None:
            raise
        raise Unavailable(code, f"{TROUBLES[code]}: {reason(error)}") from error


def _postgresql(url: str) -> Engine:
    try:
        # pre_ping: a connection that died with a restarted server is replaced before it is used
        engine = create_engine(url, pool_size=20, max_overflow=20, pool_pre_ping=True)
    except (ArgumentError, ImportError) as error:
        raise BadInput("setting_invalid", "this is not a database's address", where="CHAINFIN_DATABASE_URL") from error
    if engine.dialect.name != "postgresql":
        raise BadInput("setting_invalid", f"this does not work on {engine.dialect.name}", where="CHAINFIN_DATABASE_URL")
    return engine


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    # FULL: a committed row of money survives a power cut, not only a killed process.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Any) -> None:
    write = connection.get_execution_options().get("chainfin_write", False)
    # Straight to the driver: a statement of SQLAlchemy's own costs more than the whole transaction of a short read.
    driver = connection.connection.dbapi_connection
    driver.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    if write:
        # a session writes late and by table, so a row may come before the one it refers to: what counts is the commit
        driver.execute("PRAGMA defer_foreign_keys = ON")
