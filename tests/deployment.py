"""Holds the files of docs/operate/deploy against the tools that judge them: `python -m tests.deployment BIN`.

BIN: the folder with hadolint and kubernetes-validate. systemd-analyze is taken where the machine has it. Prints a line
for each file; exit 1 if one is refused.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "operate" / "deploy"


def main(argv: Sequence[str]) -> int:
    """Entry point; returns the exit code."""
    tools = Path(argv[0])
    refused = _refused([tools / "hadolint", FOLDER / "Dockerfile"])
    for manifest in sorted((FOLDER / "kubernetes").glob("*.yaml")):
        refused += _refused([tools / "kubernetes-validate", "--strict", manifest])
    if shutil.which("systemd-analyze"):
        with tempfile.TemporaryDirectory() as folder:
            # the program isn't installed where the unit says: only that it is there isn't asked
            unit = Path(folder) / "chainfin.service"
            text = (FOLDER / "chainfin.service").read_text(encoding="utf-8")
            unit.write_text(text.replace("/opt/chainfin/bin/chainfin", sys.executable), encoding="utf-8")
            refused += _refused(["systemd-analyze", "verify", "--man=no", unit])
    else:
        print("not asked: systemd-analyze is not on this machine")
    return 1 if refused else 0


def _refused(command: Sequence[str | Path]) -> int:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip()
    bad = done.returncode != 0 or "Unknown" in said
    print(f"{'refused' if bad else 'ok     '} {Path(command[0]).name} {Path(command[-1]).name}")
    if bad:
        print(said)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
