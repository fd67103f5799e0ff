"""The database: engine, write and read transactions, and the schema check.

One `Store` a process. Writes on SQLite take the single writer's lock up front (BEGIN IMMEDIATE) and queue on a
lock in the process, so that no write fails half-way on a busy database.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from chainfin.errors import Unavailable
from chainfin.resources import migrations_dir


class Store:
    """Opens ``url`` (sqlite:///… or postgresql+psycopg://…). `begin` writes, `read` reads."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._writer = threading.RLock()
        self._listeners: list[Callable[[], None]] = []
        if self.is_sqlite:
            Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 30}, pool_size=20)
            event.listen(engine, "connect", _sqlite_connect)
            event.listen(engine, "begin", _sqlite_begin)
        else:
            engine = create_engine(url, pool_size=20, max_overflow=20, pool_pre_ping=True)
        self.engine: Engine = engine
        self._write_engine = engine.execution_options(chainfin_write=True)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A write transaction: committed at the end of the block, rolled back by any exception."""
        if self.is_sqlite:
            with self._writer, self._session(self._write_engine) as session:
                yield session
        else:
            with self._session(self._write_engine) as session:
                yield session
        for listener in self._listeners:
            listener()

    @staticmethod
    @contextmanager
    def _session(engine: Engine) -> Iterator[Session]:
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that is rolled back at the end: a consistent view, nothing written."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after each write commit (it wakes a driver; it must not block)."""
        self._listeners.append(listener)

    def upgrade(self) -> None:
        """Bring the schema to the newest version. The only way that tables come to be."""
        command.upgrade(self._alembic(), "head")

    def check_schema(self) -> None:
        """Raise Unavailable schema_outdated if the database is of another schema than this program's."""
        head = ScriptDirectory.from_config(self._alembic()).get_current_head()
        try:
            with self.engine.connect() as connection:
                current = MigrationContext.configure(connection).get_current_revision()
        except OperationalError as error:
            raise Unavailable("database_unreachable", f"the database does not answer: {error.orig}") from error
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


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    # FULL: a committed row of money survives a power cut, not only a killed process.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Any) -> None:
    write = connection.get_execution_options().get("chainfin_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
