"""A backup taken while money is on its way, restored, and gone on with; and every kind of half of one refused."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from chainfin import samples
from chainfin.errors import ChainfinError, Unavailable
from chainfin.runtime import backup
from chainfin.runtime.installation import Installation
from chainfin.runtime.reading import Reading
from chainfin.services.kernel.context import OPERATOR
from chainfin.settings import Settings, load
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import ApplicationRow
from chainfin.values.party import Role
from tests.storage import postgres
from tests.storage.play import Play, check_books, check_sent_once, cny


def settings_of(home: Path, database: str = "") -> Settings:
    return load({"CHAINFIN_HOME": str(home), "CHAINFIN_DATABASE_URL": database})


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(ChainfinError) as caught:
        act()
    return caught.value.code


def set_out(site: Installation) -> list[Callable[[], str]]:
    """Four loans that are still to be asked for. The lender's key is in custody."""
    play = Play([site])
    core, supplier = play.admit(samples.CORE, Role.CORE), play.admit(samples.SUPPLIER, Role.SUPPLIER)
    lender = play.admit(samples.LENDER, Role.LENDER, own=False)
    play.mandate(lender)
    asset = play.confirmed(core, supplier, "INV-1")
    play.limit(lender, "debtor", core, cny(10_000_000))
    play.limit(lender, "borrower", supplier, cny(10_000_000))
    sums = (9001, 8002, 7003, 6004)
    return [partial(play.borrow, supplier, lender, asset, cny(yuan)) for yuan in sums]


def goes_on(settings: Settings) -> int:
    """A restored installation runs until nothing is under way; then everything agrees. Returns how many were paid."""
    with Installation(settings) as site:
        play = Play([site])

        def idle(*ends: str) -> bool:
            with site.store.read() as session:
                waiting = session.exec(select(OutboxRow.id).where(OutboxRow.status != "done")).all()
                applications = set(session.exec(select(ApplicationRow.status)))
            return not waiting and applications <= {"funded", *ends}

        play.until(lambda: idle("offered"), "the end of what was under way")
        site.clock.move_to(site.clock.now() + timedelta(days=2))
        play.until(lambda: idle("expired"), "the end of the offers that nobody accepts now")
        assert site.sandbox is not None
        paid = site.sandbox.payments()
        with site.store.read() as session:
            check_books(session, paid)
            check_sent_once(session)
    with Reading(settings) as reading:
        assert reading.reconcile(OPERATOR).mismatches == ()
    return len(paid)


def test_backup__while_loans_are_paid_out__restored_goes_on_and_ends_as_after_a_crash(tmp_path: Path) -> None:
    saved: list[Path] = []
    with Installation(settings_of(tmp_path / "home")) as site:
        loans = set_out(site)
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(loan) for loan in loans]
            while not all(each.done() for each in asked):
                saved.append(tmp_path / f"backup-{len(saved)}")
                backup.save(site.settings, saved[-1])
        assert [each.result() for each in asked] == ["funded"] * 4
    paid = []
    for number, folder in enumerate(saved[:: max(1, len(saved) // 6)]):
        fresh = settings_of(tmp_path / f"home-{number}")
        backup.restore(folder, fresh)
        paid.append(goes_on(fresh))
    assert paid
    assert paid == sorted(paid)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that nobody runs."""
    folder = tmp_path_factory.mktemp("backup") / "home"
    with Installation(settings_of(folder), drive=False):
        pass
    (folder / "operator.json").write_text("{}")
    return folder


@pytest.fixture(scope="module")
def whole(home: Path) -> Path:
    backup.save(settings_of(home), home.parent / "whole")
    return home.parent / "whole"


def test_restore__home_that_is_made_or_was_open_to_others__its_owners_alone(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o755)
    for name in ("made", "there"):
        backup.restore(whole, settings_of(tmp_path / name))
        loose = [path for path in (tmp_path / name, *(tmp_path / name).rglob("*")) if path.stat().st_mode & 0o077]
        assert not loose


def test_backup__refused__leaves_no_folder_that_it_made(home: Path, tmp_path: Path) -> None:
    assert refused(lambda: backup.save(settings_of(tmp_path / "none"), tmp_path / "saved")) == "not_installed"
    assert not (tmp_path / "saved").exists()
    (tmp_path / "there").mkdir()
    with closing(sqlite3.connect(home / "chainfin.db", timeout=0, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(backup, "LOCK_S", 0.0)
            for name in ("saved", "there"):
                assert refused(partial(backup.save, settings_of(home), tmp_path / name)) == "database_busy"
    assert not (tmp_path / "saved").exists()
    assert (tmp_path / "there").is_dir(), "it was there before"


def test_backup__while_its_files_are_copied__nobody_writes(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []

    def copy_(source: Path, target: Path, plain: Any = backup._copy_sqlite) -> None:
        plain(source, target)
        with closing(sqlite3.connect(home / "chainfin.db", timeout=0, isolation_level=None)) as writer:
            try:
                writer.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                held.append(str(error))

    monkeypatch.setattr(backup, "_copy_sqlite", copy_)
    backup.save(settings_of(home), tmp_path / "kept")
    assert held == ["database is locked"] * 3


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy"))


class _Stopped(Exception):
    """In place of a kill."""


def stopped_at(monkeypatch: pytest.MonkeyPatch, step: int, *names: str) -> None:
    """The ``step``-th call of these functions of `backup` doesn't happen, nor anything after it."""
    calls = iter(range(1000))
    for name in names:

        def call(*words: Any, plain: Any = getattr(backup, name)) -> Any:
            if next(calls) == step:
                raise _Stopped
            return plain(*words)

        monkeypatch.setattr(backup, name, call)


@pytest.mark.parametrize("step", range(7))
def test_backup__cut_short_at_any_file__is_refused(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    stopped_at(monkeypatch, step, "_copy_sqlite", "_write")
    with pytest.raises(_Stopped):
        backup.save(settings_of(home), tmp_path / "part")
    monkeypatch.undo()
    target = settings_of(tmp_path / "new")
    assert refused(lambda: backup.restore(tmp_path / "part", target)) == "backup_incomplete"
    assert not target.home.exists()


@pytest.mark.parametrize("step", range(6))
def test_restore__cut_short_at_any_file__no_service_starts_on_it(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    target = settings_of(tmp_path / "new")
    stopped_at(monkeypatch, step, "_copy", "_sync")
    with pytest.raises(_Stopped):
        backup.restore(whole, target)
    monkeypatch.undo()
    if not target.home.exists():
        return  # nothing was done yet
    if any(target.home.iterdir()):
        assert refused(lambda: Installation(target)) == "restore_incomplete"
        assert refused(lambda: Reading(target)) == "restore_incomplete"
        assert refused(lambda: backup.restore(whole, target)) == "home_not_empty"


@pytest.mark.parametrize("name", ["chainfin.db", "chain/chain.db", "master.key", "operator.json"])
def test_restore__one_byte_is_another__refused_and_nothing_written(copy: Path, tmp_path: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    target = settings_of(tmp_path / "new")
    assert refused(lambda: backup.restore(copy, target)) == "backup_damaged"
    assert not target.home.exists()


def test_restore__a_file_is_missing__refused(copy: Path, tmp_path: Path) -> None:
    (copy / "chain" / "chain.db").unlink()
    assert refused(lambda: backup.restore(copy, settings_of(tmp_path / "new"))) == "backup_damaged"


@pytest.mark.parametrize(
    ("manifest", "code"),
    [
        ("", "backup_foreign"),
        ("[]", "backup_foreign"),
        ('{"format": "chainfin.backup/9"}', "backup_foreign"),
        ('{"format": "chainfin.backup/1", "database": "sqlite", "files": {"../x": {}}}', "backup_foreign"),
    ],
)
def test_restore__manifest_of_something_else__refused(copy: Path, tmp_path: Path, manifest: str, code: str) -> None:
    (copy / "manifest.json").write_text(manifest)
    assert refused(lambda: backup.restore(copy, settings_of(tmp_path / "new"))) == code


def test_restore__over_something__refused(whole: Path, home: Path, tmp_path: Path) -> None:
    before = (home / "master.key").read_bytes()
    assert refused(lambda: backup.restore(whole, settings_of(home))) == "home_not_empty"
    assert (home / "master.key").read_bytes() == before
    elsewhere = tmp_path / "elsewhere.db"
    elsewhere.write_bytes(b"")
    assert (
        refused(lambda: backup.restore(whole, settings_of(tmp_path / "new", f"sqlite:///{elsewhere}")))
        == "home_not_empty"
    )


def test_restore__to_another_kind_of_database__refused(whole: Path, tmp_path: Path) -> None:
    other = settings_of(tmp_path / "new", "postgresql+psycopg://nobody@/none")
    assert refused(lambda: backup.restore(whole, other)) == "backup_foreign"


def test_backup__key_kept_apart__opens_only_with_it(home: Path, whole: Path, tmp_path: Path) -> None:
    key, folder, target = tmp_path / "apart.key", tmp_path / "kept", settings_of(tmp_path / "new")
    backup.save(settings_of(home), folder, key)
    secrets = (home / "master.key").read_bytes()
    assert not any(secrets in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert not (folder / "operator.json").exists()
    assert refused(lambda: backup.restore(folder, target)) == "backup_key_missing"
    (tmp_path / "other.key").write_bytes(bytes(32))
    assert refused(lambda: backup.restore(folder, target, tmp_path / "other.key")) == "backup_damaged"
    backup.restore(folder, target, key)
    with Installation(target, drive=False) as site:
        assert site.relayer.address  # sealed under that key


def test_backup__into_a_folder_that_holds_something__refused(home: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "letter").write_text("dear")
    assert refused(lambda: backup.save(settings_of(home), tmp_path / "kept")) == "folder_not_empty"
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["letter"]


def test_backup__of_nothing__says_so(tmp_path: Path) -> None:
    assert refused(lambda: backup.save(settings_of(tmp_path / "none"), tmp_path / "kept")) == "not_installed"
    assert not (tmp_path / "none").exists()


def test_backup__is_for_its_owner_alone(whole: Path) -> None:
    loose = [path for path in (whole, *whole.rglob("*")) if path.stat().st_mode & 0o077]
    assert loose == []


@pytest.fixture
def on_postgres(cluster: postgres.Cluster, tmp_path: Path) -> Settings:
    """An installation with a party, that nobody runs."""
    settings = settings_of(tmp_path / "pg-home", cluster.fresh())
    with Installation(settings) as site:
        Play([site]).admit(samples.CORE, Role.CORE)
    return settings


def test_backup__on_postgresql__comes_back_whole(
    on_postgres: Settings, cluster: postgres.Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the client programs of the server that the tests run: another version's may refuse it
    monkeypatch.setenv("PATH", f"{postgres.binaries()}:/usr/bin:/bin")
    backup.save(on_postgres, tmp_path / "kept")
    target = settings_of(tmp_path / "new", cluster.fresh())
    backup.restore(tmp_path / "kept", target)
    with Reading(target) as reading:
        done = reading.reconcile(OPERATOR)
    assert done.mismatches == ()
    assert done.looked_at["parties"] == 1
    again = settings_of(tmp_path / "again", target.database_url)
    assert refused(lambda: backup.restore(tmp_path / "kept", again)) == "home_not_empty"
    with Installation(target, drive=False):
        assert refused(lambda: backup.save(target, tmp_path / "late")) == "chain_in_use"


def test_backup__on_postgresql_without_its_programs__says_which(
    on_postgres: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="pg_dump") as caught:
        backup.save(on_postgres, tmp_path / "kept")
    assert caught.value.code == "dump_failed"
    monkeypatch.undo()
    assert refused(lambda: backup.restore(tmp_path / "kept", on_postgres)) == "backup_incomplete"
