"""Whether a database error means that the database is away, or that a statement of ours is wrong."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


def is_away(error: BaseException) -> bool:
    """True if asking again later makes sense: the server restarts, the connection broke, every connection is in use,
    two transactions stood in each other's way. A statement that can never work is not "away"."""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.OperationalError) and error.orig.sqlite_errorcode == sqlite3.SQLITE_ERROR:
        return False  # SQLite says "operational" of a missing table or column too
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def reason(error: BaseException) -> str:
    """The driver's own first line, without the statement and its values."""
    said = str(getattr(error, "orig", None) or error).strip()
    return said.splitlines()[0] if said else type(error).__name__
