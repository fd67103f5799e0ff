"""Whether a database error means that the database can't work at the moment, or that a statement of ours is wrong."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

TROUBLES = {
    "database_unreachable": "the database does not answer",
    "disk_full": "the disk under the database is full",
    "database_read_only": "the database can't be written to",
    "database_damaged": "the database is damaged: restore it from a backup",
}
"""Code of what is wrong with a database, and its sentence: the driver's own words may name hosts and statements."""

_CODE_OF_SQLITE = {
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_READONLY: "database_read_only",
    sqlite3.SQLITE_CORRUPT: "database_damaged",
    sqlite3.SQLITE_NOTADB: "database_damaged",
}
_CODE_OF_POSTGRESQL = {
    "53100": "disk_full",
    "25006": "database_read_only",
    "XX001": "database_damaged",
    "XX002": "database_damaged",
}


def trouble(error: BaseException) -> str | None:
    """What is wrong with the database itself, a code of `TROUBLES`; None if the error is of another kind.

    Unreachable is one that asking again later may find well: the server restarts, the connection broke, every
    connection is in use, two transactions stood in each other's way. A statement that can never work is none of it.
    """
    if isinstance(error, PoolTimeout):
        return "database_unreachable"
    driver = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(driver, sqlite3.Error):
        # the low byte is the error, what stands above it says where
        code = getattr(driver, "sqlite_errorcode", None) or 0
        if code & 0xFF in _CODE_OF_SQLITE:
            return _CODE_OF_SQLITE[code & 0xFF]
        if code == sqlite3.SQLITE_ERROR:
            return None  # SQLite says "operational" of a missing table or column too
    named = _CODE_OF_POSTGRESQL.get(str(getattr(driver, "sqlstate", None)))
    if named is not None or not isinstance(error, DBAPIError):
        return named
    away = error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return "database_unreachable" if away else None


def is_away(error: BaseException) -> bool:
    """Whether an error is the database's own `trouble`, so that nothing is decided by it."""
    return trouble(error) is not None


def reason(error: BaseException) -> str:
    """The driver's own first line, without the statement and its values."""
    said = str(getattr(error, "orig", None) or error).strip()
    return said.splitlines()[0] if said else type(error).__name__
