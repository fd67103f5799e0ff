"""A SQLite database through the migrations, made once a process: whoever needs one begins with a copy. What the
migrations do has tests of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from chainfin.storage.store import Store


@cache
def migrated() -> bytes:
    """The file."""
    with TemporaryDirectory(prefix="chainfin-migrated-") as folder:
        path = Path(folder) / "chainfin.db"
        store = Store(f"sqlite:///{path}")
        _upgrade(store)
        with store.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        store.close()
        return path.read_bytes()


def migrated_store(folder: Path) -> Store:
    """A store on a copy in ``folder``; the caller closes it."""
    (folder / "chainfin.db").write_bytes(migrated())
    return Store(f"sqlite:///{folder / 'chainfin.db'}")


@contextmanager
def copied() -> Iterator[None]:
    """Meanwhile an installation's new database in SQLite is a copy, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "upgrade", _copy)
        yield


_upgrade = Store.upgrade


def _copy(store: Store) -> None:
    if not store.is_sqlite or not store.is_empty():
        return _upgrade(store)
    made = migrated()
    store.engine.dispose()  # closes the file, so that nothing of it is left beside the copy
    Path(str(store.engine.url.database)).write_bytes(made)
    return None
