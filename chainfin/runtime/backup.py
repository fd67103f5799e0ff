"""An installation saved to a folder, beside the service that runs on it, and made again from one.

What belongs together: the database, the master key that opens the secrets in it, and – where they are embedded – the
chain's file and the sandbox's. A backup is the state that a `kill -9` at that moment would leave: while the files are
copied the database's one writer's lock is held, so that nothing goes out of which the copy doesn't know. Writers wait.
On PostgreSQL `pg_dump` takes one view; an embedded chain beside it must stand still, so that no service may run.

``manifest.json`` names every file with its hash and is written last: a folder without it is no backup.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from sqlalchemy.engine import make_url

from chainfin.errors import BadInput, ChainfinError, Unavailable
from chainfin.settings import Settings
from chainfin.storage.store import Store

FORMAT = "chainfin.backup/1"
MANIFEST = "manifest.json"
MASTER = "master.key"
DUMP = "database.dump"
"""PostgreSQL's, in pg_dump's own form."""
DATABASE = "chainfin.db"
STORES = ("chain/chain.db", "sandbox/sandbox.db")
"""SQLite files of the home, beside the database."""
CREDENTIALS = "operator.json"
PLAIN = (MASTER, CREDENTIALS, "sandbox/key")
"""Files of the home that don't change once they are written."""
HALF = ".restoring"
"""Is in a home as long as a restore to it isn't ended."""
LOCK_S = 30.0
"""How long a backup waits for the database's writer, and a writer for the backup."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved or brought back: files with their sizes in bytes, and when it was saved (UTC)."""

    taken_at: str
    files: Mapping[str, int]


def save(settings: Settings, target: Path, key_file: Path | None = None) -> Saved:
    """Save the installation of ``settings`` to ``target``, a new or empty folder; what is written is for its owner
    alone. ``key_file``: put the master key there instead, so that who has the backup can't open what is sealed; the
    operator's credentials are left out then, since the service makes others.

    Raises BadInput folder_not_empty, folder_unwritable; Unavailable not_installed, chain_in_use, database_busy,
    dump_failed, backup_damaged.
    """
    store = None if settings.chain_url is not None else settings.home / STORES[0]
    if not (settings.home / MASTER).exists() or (store is not None and not store.exists()):
        raise Unavailable("not_installed", not_installed(settings.home))
    with _empty(target), _still(settings):
        taken = datetime.now(UTC).isoformat(timespec="seconds")
        _save_database(settings, target)
        for name in STORES:
            if (settings.home / name).exists():
                _copy_sqlite(settings.home / name, target / name)
    for name in PLAIN:
        if not (settings.home / name).exists() or (key_file is not None and name == CREDENTIALS):
            continue
        _copy(settings.home / name, key_file if key_file is not None and name == MASTER else target / name)
    names = sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())
    files = {name: {"bytes": (target / name).stat().st_size, "sha256": _hash(target / name)} for name in names}
    manifest = {
        "format": FORMAT,
        "taken_at": taken,
        "database": "sqlite" if _is_sqlite(settings) else "postgresql",
        "master_key": _hash(settings.home / MASTER),
        "files": files,
    }
    _write(target / MANIFEST, BytesIO(json.dumps(manifest, indent=1).encode() + b"\n"))
    return _saved(manifest)


def restore(source: Path, settings: Settings, key_file: Path | None = None) -> Saved:
    """Make the installation of ``settings`` again from ``source``: the home has to be absent or empty, a database of
    PostgreSQL empty. ``key_file``: the master key, where it was saved apart. What is cut short is refused by
    `refuse_half`, so that no service starts on a part.

    Raises BadInput backup_incomplete, backup_damaged, backup_foreign, backup_key_missing, home_not_empty,
    folder_unwritable; Unavailable dump_failed, database_unreachable.
    """
    manifest = _checked(source, settings)
    key = _checked_key(key_file or source / MASTER, manifest["master_key"])
    home, database = settings.home, _sqlite_path(settings)
    if (home.exists() and any(home.iterdir())) or (database is not None and database.exists()):
        raise BadInput("home_not_empty", f"{home} or its database holds something: nothing is written over it")
    draft = home / HALF
    try:
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)  # also one that was there, or that is made below a folder of everybody's
        for name in manifest["files"]:
            if name not in (DATABASE, DUMP):
                _copy(source / name, draft / name)
        _copy(key, draft / MASTER)
        if database is None:
            _load_dump(settings, source / DUMP)
        else:
            _copy(source / DATABASE, database)
        for entry in draft.iterdir():
            entry.rename(home / entry.name)
        _sync(home)
        draft.rmdir()
    except OSError as error:
        raise BadInput("folder_unwritable", f"{error.strerror}: empty it and restore again", where=str(home)) from None
    return _saved(manifest)


def not_installed(home: Path) -> str:
    """For who stands in the wrong folder, which is how it comes about as a rule."""
    return f"{home} holds no installation: go to the folder where `chainfin serve` runs, or set CHAINFIN_HOME"


def refuse_half(home: Path) -> None:
    """Raises Unavailable restore_incomplete: a restore to this home was cut short, so that parts of it are missing."""
    if (home / HALF).exists():
        why = "a restore was cut short: empty the home and the database, and restore again"
        raise Unavailable("restore_incomplete", why, where=str(home))


def _checked(source: Path, settings: Settings) -> Mapping[str, Any]:
    """The manifest, if every file is as it says. Raises BadInput backup_incomplete, backup_damaged, backup_foreign."""
    manifest = _manifest(source)
    if (manifest["database"] == "sqlite") != _is_sqlite(settings):
        why = f"the backup is of {manifest['database']}: set CHAINFIN_DATABASE_URL to a database of that kind"
        raise BadInput("backup_foreign", why, where=str(source))
    for name, told in manifest["files"].items():
        if not (source / name).is_file() or _hash(source / name) != told["sha256"]:
            raise BadInput("backup_damaged", f"{name} isn't what was saved", where=str(source))
    return manifest


def _checked_key(key: Path, expected: str) -> Path:
    """Raises BadInput backup_key_missing, backup_damaged."""
    if not key.is_file():
        raise BadInput("backup_key_missing", "the master key was saved apart: name its file with --key", where=str(key))
    if _hash(key) != expected:
        raise BadInput("backup_damaged", "this is not the master key of that moment", where=str(key))
    return key


@contextmanager
def _still(settings: Settings) -> Iterator[None]:
    """Within the block no write to the database begins (SQLite), or no service runs on the chain's file (PostgreSQL).

    Raises Unavailable chain_in_use, database_busy.
    """
    with ExitStack() as stack:
        database = _sqlite_path(settings)
        if database is None:
            if settings.chain_url is None:
                from chainfin.chain.embedded import take_lock  # only here: it brings the whole EVM along

                stack.enter_context(take_lock(settings.home / "chain"))
            yield
            return
        held = stack.enter_context(closing(sqlite3.connect(database, timeout=LOCK_S, isolation_level=None)))
        try:
            held.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise Unavailable("database_busy", f"its writer didn't end in {LOCK_S:.0f} s: {error}") from None
        try:
            yield
        finally:
            held.execute("ROLLBACK")


def _save_database(settings: Settings, target: Path) -> None:
    database = _sqlite_path(settings)
    if database is not None:
        _copy_sqlite(database, target / DATABASE)
        return
    _tool("pg_dump", settings, "--format=custom", "--no-owner", "--no-privileges", f"--file={target / DUMP}")
    (target / DUMP).chmod(0o600)


def _load_dump(settings: Settings, dump: Path) -> None:
    """Raises BadInput home_not_empty; Unavailable dump_failed, database_unreachable."""
    with closing(Store(settings.database_url)) as store:
        if not store.is_empty():
            raise BadInput("home_not_empty", "the database holds tables: nothing is written over them")
    _tool("pg_restore", settings, "--single-transaction", "--exit-on-error", "--no-owner", str(dump))


def _tool(name: str, settings: Settings, *options: str) -> None:
    """Run a program of PostgreSQL's on the database. Raises Unavailable dump_failed."""
    url = make_url(settings.database_url)
    # the password in the environment, where other users of the machine don't see it
    environment = os.environ | ({} if url.password is None else {"PGPASSWORD": str(url.password)})
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    try:
        done = subprocess.run(  # noqa: S603 - two programs of PostgreSQL's, with the operator's own settings
            [name, f"--dbname={address}", *options], env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise Unavailable("dump_failed", f"{name} isn't here: it comes with PostgreSQL's client programs") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise Unavailable("dump_failed", f"{name}: {said[-1] if said else done.returncode}")


def _copy_sqlite(source: Path, target: Path) -> None:
    """One view of a database in use, checked. Raises Unavailable backup_damaged."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target.touch(mode=0o600)
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a second beside it
        if copy.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise Unavailable("backup_damaged", "the copy is no sound database", where=str(source))
    _sync(target)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as content:
        _write(target, content)


def _write(target: Path, content: IO[bytes]) -> None:
    """All of it under its name, or nothing."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_name(f".{target.name}.part")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        shutil.copyfileobj(content, file)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _empty(target: Path) -> Iterator[None]:
    """The block has an empty folder to write to. One that was made for it goes again where nothing was written.

    Raises BadInput folder_not_empty, folder_unwritable.
    """
    there = target.exists()
    try:
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(target.iterdir()):
            raise BadInput("folder_not_empty", "a backup goes to a new or an empty folder", where=str(target))
    except OSError as error:
        raise BadInput("folder_unwritable", str(error.strerror), where=str(target)) from None
    try:
        yield
    except ChainfinError:
        if not there and not any(target.iterdir()):
            target.rmdir()
        raise


def _manifest(source: Path) -> Mapping[str, Any]:
    """Raises BadInput backup_incomplete, backup_foreign."""
    try:
        found = json.loads((source / MANIFEST).read_bytes())
    except FileNotFoundError:
        why = f"there is no {MANIFEST}: it is written last, so the backup wasn't ended"
        raise BadInput("backup_incomplete", why, where=str(source)) from None
    except (OSError, ValueError) as error:
        raise BadInput("backup_foreign", f"{MANIFEST} can't be read: {error}", where=str(source)) from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise BadInput("backup_foreign", f"this is not of the form {FORMAT}", where=str(source))
    known = (*STORES, *PLAIN, DATABASE, DUMP)
    strange = [name for name in found["files"] if name not in known]
    if strange:
        raise BadInput("backup_foreign", f"{strange[0]} is no file of an installation", where=str(source))
    return found


def _saved(manifest: Mapping[str, Any]) -> Saved:
    return Saved(manifest["taken_at"], {name: told["bytes"] for name, told in manifest["files"].items()})


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_sqlite(settings: Settings) -> bool:
    return make_url(settings.database_url).get_backend_name() == "sqlite"


def _sqlite_path(settings: Settings) -> Path | None:
    return Path(make_url(settings.database_url).database or "") if _is_sqlite(settings) else None
