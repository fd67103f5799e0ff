"""A PostgreSQL of the tests' own: begun once a session on a Unix socket in a temporary folder, never the system's.

PostgreSQL refuses to run as root, so that root starts it as the user `postgres` (or `nobody`) through setpriv.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

import pytest
from sqlalchemy import create_engine


class NoPostgres(Exception):
    """Why there is none here, in one line."""


def missing(why: NoPostgres) -> NoReturn:
    """Who has no PostgreSQL tests on SQLite alone and is told so; CI (which says so in the environment) never does:
    half of what is to be shown would be missing there, and all be green."""
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(f"CI tests on PostgreSQL too: {why}", pytrace=False)
    pytest.skip(str(why))


@dataclass(frozen=True)
class Cluster:
    """A running server. ``fresh`` gives an empty database each time."""

    folder: Path
    bin: Path
    prefix: tuple[str, ...]

    @property
    def socket(self) -> Path:
        return self.folder / "socket"

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://chainfin@/{database}?host={self.socket}"

    def fresh(self) -> str:
        """The address of a new, empty database."""
        name = f"t{uuid4().hex}"
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE template0')
        engine.dispose()
        return self.url(name)

    def control(self, *command: str) -> None:
        _run([*self.prefix, str(self.bin / "pg_ctl"), "-D", str(self.folder / "data"), "-w", "-t", "60", *command])


def binaries() -> Path:
    """The folder of the newest server's programs. Raises NoPostgres."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0)
    on_path = shutil.which("initdb")
    if on_path is None or shutil.which("pg_ctl") is None:
        raise NoPostgres("no PostgreSQL here: initdb and pg_ctl are neither on PATH nor in /usr/lib/postgresql")
    return Path(on_path).resolve().parent


def start(folder: Path) -> Cluster:
    """Make and start a server in ``folder``. Raises NoPostgres."""
    programs = binaries()
    prefix, owner = _as_whom()
    for name in ("data", "socket"):
        (folder / name).mkdir(parents=True, mode=0o700)
        if owner is not None:
            os.chown(folder / name, owner.pw_uid, owner.pw_gid)
    log = folder / "data" / "server.log"
    flags = ("-U", "chainfin", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    _run([*prefix, str(programs / "initdb"), "-D", str(folder / "data"), *flags])
    # no fsync: what these tests kill is our process, never the server's machine
    options = (
        f"-c listen_addresses='' -c unix_socket_directories={folder / 'socket'} -c fsync=off -c max_connections=200"
    )
    cluster = Cluster(folder, programs, prefix)
    cluster.control("-l", str(log), "-o", options, "start")
    return cluster


def _as_whom() -> tuple[tuple[str, ...], pwd.struct_passwd | None]:
    if os.geteuid() != 0:
        return (), None
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise NoPostgres("PostgreSQL refuses root, and there is no setpriv to run it as somebody else")
    names = {user.pw_name: user for user in pwd.getpwall()}
    owner = names.get("postgres") or names.get("nobody")
    if owner is None:
        raise NoPostgres("PostgreSQL refuses root, and there is neither a user postgres nor nobody")
    return (setpriv, f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"), owner


def _run(command: list[str]) -> None:
    try:
        # not through pipes: the server that pg_ctl leaves behind would hold them open
        with open(os.devnull, "wb") as nowhere:
            subprocess.run(command, check=True, stdout=nowhere, stderr=nowhere, timeout=120, cwd="/")
    except (OSError, subprocess.SubprocessError) as error:
        raise NoPostgres(f"PostgreSQL would not start: {error}") from error
