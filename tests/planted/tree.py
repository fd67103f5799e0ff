"""A copy of the tree in a folder of its own: sources are changed there, and tests run there."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("chainfin", "api", "migrations", "contracts", "tests", "pyproject.toml", "alembic.ini")
NOT_NEEDED = ("node_modules", "__pycache__", "out", "cache", "build", ".*")


class Tree:
    """A copy of what the tests need. Made in ``folder``, which the caller owns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._moment = int(time.time())
        for name in NEEDED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns(*NOT_NEEDED))
            else:
                shutil.copy(source, folder / name)

    @property
    def environment(self) -> dict[str, str]:
        """For a process that is to import the copy, and not what is installed."""
        return {**os.environ, "PYTHONPATH": str(self.folder)}

    def write(self, file: str, text: str) -> None:
        """Change a source. Python takes compiled code for that of a source of the same size and second, so each change
        has a second of its own."""
        target = self.folder / file
        target.write_text(text, encoding="utf-8")
        self._moment += 1
        os.utime(target, (self._moment, self._moment))
