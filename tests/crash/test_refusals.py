"""What `chainfin serve` refuses to start on: one line, exit code 1."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from chainfin.storage.store import Store
from tests.crash.service import Service, command


def refusal(home: Path, *more: str, **settings: str) -> str:
    """The one line of a refused start, beside what is logged and the word that it begins."""
    done = command(home, "serve", *(more or ("--port", "0")), **settings)
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert done.stdout == ""
    (line,) = (each for each in done.stderr.splitlines() if not each.startswith(("{", "starting in ")))
    return line


def test_serve__schema_too_old__refused(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'chainfin.db'}")
    store.upgrade()
    with store.begin() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    store.close()
    line = refusal(tmp_path)
    assert "schema_outdated" in line
    assert "chainfin db upgrade" in line


def test_serve__database_unreachable__refused(tmp_path: Path) -> None:
    line = refusal(tmp_path, CHAINFIN_DATABASE_URL=f"postgresql+psycopg://x@/x?host={tmp_path}")
    assert "database_unreachable" in line


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    service.ready()
    yield service
    if service.process.poll() is None:
        service.kill()


def test_serve__second_process_on_the_home__chain_in_use_and_the_first_goes_on(running: Service) -> None:
    line = refusal(running.home)
    assert "chain_in_use" in line
    assert "CHAINFIN_HOME" in line
    assert "chain_in_use" in command(running.home, "worker").stderr
    assert running.process.poll() is None
    running.ready()
    assert running.stop() == 0


def test_serve__port_taken__refused(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        line = refusal(tmp_path, "--port", str(other.getsockname()[1]))
    assert "port_taken" in line
    assert "--port" in line
    assert not list(tmp_path.iterdir()), "nothing is begun for an address that can't be had"
