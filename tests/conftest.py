"""For all tests: nothing leaves this machine; and both databases: a test that asks for ``database_url`` (empty) or
``store`` (migrated) runs on each."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from chainfin.storage.party_tables import PersonRow
from chainfin.storage.store import Store
from chainfin.storage.tables import metadata
from chainfin.values.party import first_person
from tests.migrated import migrated_store
from tests.storage import postgres

# As the command line and the Makefile do, and before anything is hashed: else the embedded chain is ten times slower.
os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")

# A timing is never an assertion: the machine may be busy. Seeds are printed where an example fails.
settings.register_profile("chainfin", deadline=None, print_blob=True)
# For who only asks whether a test fails: no minutes of making the example smaller.
settings.register_profile("found", settings.get_profile("chainfin"), phases=(Phase.explicit, Phase.generate))
settings.load_profile("chainfin")


FIRST = frozenset(
    {
        *("test_kill.py", "test_payments_killed.py", "test_goods_machine.py", "test_margin_machine.py"),
        *("test_lending_machine.py", "test_value_dates.py", "test_documents_at_length.py", "test_differential.py"),
        *("test_services.py", "test_mandate_races.py", "test_documents_folder.py", "test_try.py", "test_backup.py"),
    }
)
"""Files with few tests that take long."""

LONG = "[batch-"
"""In the id of a test's cases that take minutes each: several processes may share them."""


class _FilesAndBatches(LoadFileScheduling):  # type: ignore[misc]  # the plugin's classes are untyped
    """A file's tests on one process, as they share what is dear to set up; but each of the long cases for itself."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if LONG in nodeid else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False  # else those with the fewest tests come last, and these are the longest
    return _FilesAndBatches(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first: with one of them last the other processes would wait for it."""
    items.sort(key=lambda item: LONG not in item.nodeid and item.path.name not in FIRST)


def _stays_here(address: object) -> bool:
    """Whether a socket address is a file's, or the loopback's."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """A test that asks a machine elsewhere fails, wherever it runs."""
    plain = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if not _stays_here(address):
            raise AssertionError(f"a test wants to talk to {address}")
        plain(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """The session's private PostgreSQL; where it can't be had the tests on it skip, or fail in CI."""
    # not pytest's own folder: its path may be too long for a socket and closed to the server's user
    folder = Path(tempfile.mkdtemp(prefix="chainfin-pg-"))
    folder.chmod(0o755)
    running = None
    try:
        running = postgres.start(folder)
        yield running
    except postgres.NoPostgres as why:
        postgres.missing(why)
    finally:
        if running is not None:
            running.control("-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(cluster: postgres.Cluster) -> str:
    return cluster.fresh()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'chainfin.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(scope="session")
def migrated_postgres(cluster: postgres.Cluster) -> str:
    url = cluster.fresh()
    with closing(Store(url)) as store:
        store.upgrade()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database through the migrations, of each kind."""
    if request.param == "sqlite":
        opened = migrated_store(tmp_path)
    else:
        opened = Store(request.getfixturevalue("migrated_postgres"))
    yield opened
    if not opened.is_sqlite:
        _empty(opened)
    opened.close()


def _empty(store: Store) -> None:
    """PostgreSQL as the migrations leave it. Emptied, not made anew: a database is 7 MB of files; and only what was
    written to: each table that is emptied is a file made anew."""
    tables = metadata().tables
    looked = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in tables)
    counted = "SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL"
    with store.engine.begin() as connection:
        used = ", ".join(f'"{table}"' for (table,) in connection.exec_driver_sql(looked))
        if used:
            connection.exec_driver_sql(f"TRUNCATE {used} CASCADE")
        for (sequence,) in connection.exec_driver_sql(counted).all():
            connection.exec_driver_sql(f'ALTER SEQUENCE "{sequence}" RESTART')
    with store.begin() as session:
        first = PersonRow(id=first_person(None), name="", confirmed=True, created_at=datetime.now(UTC))
        first.administrator = True
        session.add(first)
