"""Sessions: SQLModel's, with a lighter way to a row by its key, and each database's way of holding what was read."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import bindparam, event, inspect
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import ORMExecuteState
from sqlmodel import Session, select
from sqlmodel.sql.expression import SelectOfScalar

R = TypeVar("R")


@cache
def _by_key(model: Any) -> tuple[SelectOfScalar[Any], tuple[str, ...]]:
    """What reads a row by its key, with its parameters' names. Made once: making it costs more than running it."""
    columns = inspect(model).primary_key
    names = tuple(f"key_{number}" for number in range(len(columns)))
    same = (column == bindparam(name, type_=column.type) for column, name in zip(columns, names, strict=True))
    return select(model).where(*same), names


class ReadSession(Session):
    """For reads, which see one state and hold it no longer than they last."""

    def get(  # type: ignore[override]  # an entity is always named by its class here
        self, entity: type[R], ident: Any, *, with_for_update: Any = None, **how: Any
    ) -> R | None:
        """As SQLAlchemy's; where nothing is special about it, by a statement that is made already."""
        key = ident if isinstance(ident, tuple) else (ident,)
        if with_for_update or how or None in key or self._holds(entity, key):
            return super().get(entity, ident, with_for_update=with_for_update, **how)
        statement, names = _by_key(cast(Hashable, entity))
        found: R | None = self.exec(statement, params=dict(zip(names, key, strict=True))).one_or_none()
        return found

    def get_one(  # type: ignore[override]  # as in get
        self, entity: type[R], ident: Any, *, with_for_update: Any = None, **how: Any
    ) -> R:
        """Raises NoResultFound."""
        found = self.get(entity, ident, with_for_update=with_for_update, **how)
        if found is None:
            raise NoResultFound(f"there is no {entity.__name__} {ident}")
        return found

    def _holds(self, entity: type[Any], key: tuple[Any, ...]) -> bool:
        return inspect(entity).identity_key_from_primary_key(key) in self.identity_map


class WriteSession(ReadSession):
    """For writes beside others: what is read with a lock is read afresh, since what this transaction saw before it had
    the lock may have changed.

    A lock keeps out those who change the row, not those who insert another row that refers to it (its key never
    changes). Otherwise an insert would wait for the lock in places where no order of locks is planned.
    """

    def get(  # type: ignore[override]  # as in ReadSession
        self, entity: type[R], ident: Any, *, with_for_update: Any = None, **how: Any
    ) -> R | None:
        lock = {"key_share": True} if with_for_update is True else with_for_update
        return super().get(entity, ident, with_for_update=lock, **how)


@event.listens_for(WriteSession, "do_orm_execute")
def _read_afresh(state: ORMExecuteState) -> None:
    if state.is_select and getattr(state.statement, "_for_update_arg", None) is not None:
        state.update_execution_options(populate_existing=True)


class SoleWriteSession(ReadSession):
    """For writes where a transaction keeps every other writer out from its beginning to its end (SQLite).

    Nothing that it has read can change, so a row is read once: it is held until the transaction ends (SQLAlchemy's own
    map lets go of what nobody holds), and a lock has nothing to wait for and nothing to read afresh.
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.held: list[object] = []

    def get(  # type: ignore[override]  # as in ReadSession
        self, entity: type[R], ident: Any, *, with_for_update: Any = None, **how: Any
    ) -> R | None:
        if any(isinstance(row, entity) for row in self.new):
            return super().get(entity, ident, **how)
        # What is changed and not written yet is held here, so the database needn't know of it to find another row. Many
        # changes become one statement; that rows then come before those they refer to is seen to by `_sqlite_begin`.
        with self.no_autoflush:
            return super().get(entity, ident, **how)


@event.listens_for(SoleWriteSession, "loaded_as_persistent")
@event.listens_for(SoleWriteSession, "pending_to_persistent")
def _hold(session: SoleWriteSession, row: object) -> None:
    session.held.append(row)
