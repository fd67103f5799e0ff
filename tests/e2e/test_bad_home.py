"""What is wrong with the home or the database itself is told by name, and nothing is made instead."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from chainfin.errors import ChainfinError, Unavailable
from chainfin.runtime.installation import Installation
from chainfin.runtime.reading import Reading
from chainfin.settings import Settings, load
from tests.e2e.test_bad_surroundings import admit, command, funded_chain
from tests.e2e.test_bad_surroundings import settings_of as outside_of


def settings_of(home: Path, **more: str) -> Settings:
    return load({"CHAINFIN_HOME": str(home), **more})


def opening(settings: Settings) -> str:
    """The code by which neither a service nor a reading command opens."""
    codes = set()
    for opened in (lambda: Installation(settings, drive=False), lambda: Reading(settings)):
        with pytest.raises(ChainfinError) as caught, opened():
            pass
        assert isinstance(caught.value, Unavailable)
        codes.add(caught.value.code)
    (code,) = codes
    return code


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("installed") / "home"
    with Installation(settings_of(home), drive=False):
        pass
    return home


@pytest.fixture
def key(installed: Path) -> Iterator[Path]:
    """The master key's file, put back afterwards: and then the service starts."""
    path = installed / "master.key"
    right = path.read_bytes()
    yield path
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(right)
    with Installation(settings_of(installed), drive=False):
        pass


def test_master_key__gone__refused_and_no_other_is_made(installed: Path, key: Path) -> None:
    key.unlink()
    assert opening(settings_of(installed)) == "master_key_missing"
    assert not key.exists()
    line = command(installed, "serve", "--port", "0").stderr.splitlines()[-1]
    assert line.startswith("chainfin: master_key_missing: ")


def test_master_key__of_another_installation__refused(installed: Path, key: Path) -> None:
    key.write_bytes(os.urandom(32))
    assert opening(settings_of(installed)) == "master_key_foreign"


@pytest.mark.parametrize("mode", [0o666, 0o644, 0o640, 0o604])
def test_master_key__that_others_may_read__refused(installed: Path, key: Path, mode: int) -> None:
    key.chmod(mode)
    assert opening(settings_of(installed)) == "master_key_exposed"


def test_database__is_none_any_more__refused_by_name(installed: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(installed, home)
    for beside in ("chainfin.db-wal", "chainfin.db-shm"):
        (home / beside).unlink(missing_ok=True)
    (home / "chainfin.db").write_bytes(b"no database " * 1000)
    assert opening(settings_of(home)) == "database_damaged"
    line = command(home, "serve", "--port", "0").stderr.splitlines()[-1]
    assert line.startswith("chainfin: database_damaged: ")


def test_service__second_one_on_the_database__refused_and_the_first_goes_on(tmp_path: Path) -> None:
    """On an outside chain, which is for many; the embedded one is held by one process as it is."""
    home = tmp_path / "home"
    with funded_chain(tmp_path / "chain", home) as rpc:
        outside = outside_of(home, rpc.url)
        with Installation(outside, drive=False) as first:
            with pytest.raises(Unavailable) as caught:
                Installation(outside, drive=False)
            assert caught.value.code == "database_in_use"
            admit(first)
        with Installation(outside, drive=False):
            pass  # it is free again
