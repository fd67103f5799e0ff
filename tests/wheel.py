"""`make wheel`: `python -m tests.wheel PYTHON…` builds the wheel and, with each Python, installs it into an empty
environment in a folder away from the repository, then runs there what a user does first. Exit 1 if any of it fails;
a Python that isn't whole is skipped, and that is said.

Dependencies are those of `requirements/core.txt`, by their hashes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINNED = ROOT / "requirements" / "core.txt"


def main(pythons: Sequence[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="chainfin-wheel-") as name:
        folder = Path(name)
        _run(
            [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", name, str(ROOT)],
            folder,
        )
        (wheel,) = folder.glob("chainfin-*.whl")
        for python in pythons:
            if (
                subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode
                != 0
            ):
                print(f"{python} makes no environments here: skipped")
                continue
            began = time.monotonic()
            _try(python, wheel, folder / Path(python).name)
            print(f"{python}: installed, tried and played in {time.monotonic() - began:.0f} s")
    return 0


def _try(python: str, wheel: Path, folder: Path) -> None:
    _run([python, "-m", "venv", str(folder / "venv")], wheel.parent)
    pip = [str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", "-q"]
    _run([*pip, "--require-hashes", "-r", str(PINNED)], folder)
    _run([*pip, "--no-deps", str(wheel)], folder)
    chainfin = str(folder / "venv" / "bin" / "chainfin")
    for words in (["try", "tried"], ["demo"], ["contracts", "deploy"], ["backup", "saved"]):
        _run([chainfin, *words], folder)
    written = (folder / "tried" / "trade-1" / "invoice.xml", folder / "saved" / "manifest.json")
    if not all(path.is_file() for path in written):
        raise SystemExit(f"{python}: what should have been written isn't there")


def _run(command: list[str], folder: Path) -> None:
    """As somebody without the repository: nothing of it is on the path."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("CHAINFIN_", "PYTHONPATH"))}
    done = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout[-2000:], done.stderr[-4000:], sep="\n", file=sys.stderr)
        raise SystemExit(f"{' '.join(command)}: exit code {done.returncode}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
