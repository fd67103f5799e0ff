"""Both databases: every test that asks for ``database_url`` or ``store`` runs on each."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chainfin.storage.store import Store
from tests.storage import postgres


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """The session's private PostgreSQL; skips with the reason where it can't be had."""
    # not pytest's own folder: its path may be too long for a socket and closed to the server's user
    folder = Path(tempfile.mkdtemp(prefix="chainfin-pg-"))
    folder.chmod(0o755)
    running = None
    try:
        running = postgres.start(folder)
        yield running
    except postgres.NoPostgres as why:
        pytest.skip(str(why))
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


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A database through the migrations."""
    opened = Store(database_url)
    opened.upgrade()
    yield opened
    opened.close()
