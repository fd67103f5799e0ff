"""What `pip install .` brings: a package that works away from the repository, with artifacts and migrations inside."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built offline with the pinned backend, unpacked where nothing of the repository is near."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(build, check=True, capture_output=True, text=True)
    wheel = next(folder.glob("chainfin-*.whl"))
    target = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def _python(unpacked: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(unpacked), "CHAINFIN_HOME": str(home)}
    environment.pop("CHAINFIN_DATABASE_URL", None)
    return subprocess.run(
        [sys.executable, *words], check=False, cwd=home, env=environment, capture_output=True, text=True
    )


def test_wheel__away_from_the_repository__holds_what_it_needs(unpacked: Path, tmp_path: Path) -> None:
    code = (
        "import chainfin, chainfin.resources as r, chainfin.samples as s, datetime;"
        "print(chainfin.__file__); print(r.contracts_dir()); print(r.migrations_dir());"
        "print(len(s.trade(datetime.date(2026, 1, 5), 'SAMPLE-1')), r.artifact('Pledges')['contractName'])"
    )
    done = _python(unpacked, tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    module, contracts, migrations, rest = done.stdout.splitlines()
    for place in (module, contracts, migrations):
        assert place.startswith(str(unpacked)), f"{place} is not of the package"
    assert rest == "6 Pledges"


def test_wheel__database_and_policies__work(unpacked: Path, tmp_path: Path) -> None:
    made = _python(unpacked, tmp_path, "-m", "chainfin.cli", "db", "upgrade")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "chainfin.db").exists()
    policies = _python(unpacked, tmp_path, "-m", "chainfin.cli", "risk", "policies")
    assert "receivable-v2" in policies.stdout


def test_wheel__first_try__writes_what_it_needs(unpacked: Path, tmp_path: Path) -> None:
    done = _python(unpacked, tmp_path, "-m", "chainfin.cli", "try", "new")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "new").glob("trade-1/*.xml"))) == 6
    assert (tmp_path / "new" / "lender.key").is_file()
