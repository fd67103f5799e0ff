"""For all tests: nothing leaves this machine; and both databases: a test that asks for ``database_url`` (empty) or
``store`` (migrated) runs on each."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

from chainfin.storage.party_tables import PersonRow
from chainfin.storage.store import Store
from chainfin.storage.tables import metadata
from chainfin.values.party import first_person
from tests.storage import postgres

# As the command line and the Makefile do, and before anything is hashed: else the embedded chain is ten times slower.
os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")

# A timing is never an assertion: the machine may be busy. Seeds are printed where an example fails.
settings.register_profile("chainfin", deadline=None, print_blob=True)
# For who only asks whether a test fails: no minutes of making the example smaller.
settings.register_profile("found", settings.get_profile("chainfin"), phases=(Phase.explicit, Phase.generate))
settings.load_profile("chainfin")


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
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file through the migrations, made once: each test begins with a copy."""
    path = tmp_path_factory.mktemp("migrated") / "chainfin.db"
    _migrate(f"sqlite:///{path}")
    return path.read_bytes()


@pytest.fixture(scope="session")
def migrated_postgres(cluster: postgres.Cluster) -> str:
    url = cluster.fresh()
    _migrate(url)
    return url


def _migrate(url: str) -> None:
    store = Store(url)
    store.upgrade()
    if store.is_sqlite:
        with store.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database through the migrations, of each kind."""
    if request.param == "sqlite":
        (tmp_path / "chainfin.db").write_bytes(request.getfixturevalue("migrated_sqlite"))
        opened = Store(f"sqlite:///{tmp_path / 'chainfin.db'}")
    else:
        opened = Store(request.getfixturevalue("migrated_postgres"))
    yield opened
    if not opened.is_sqlite:
        # emptied, not made anew: a database of PostgreSQL's is 7 MB of files
        tables = ", ".join(f'"{table}"' for table in metadata().tables)
        with opened.engine.begin() as connection:
            connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
        with opened.begin() as session:  # as the migrations leave it
            first = PersonRow(id=first_person(None), name="", confirmed=True, created_at=datetime.now(UTC))
            first.administrator = True
            session.add(first)
    opened.close()
