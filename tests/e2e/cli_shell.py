"""`chainfin …` run in this process, in a folder of its own, against one server."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from chainfin.cli.main import app
from chainfin.demo.stage import Stage
from chainfin.errors import ChainfinError


class Shell:
    """Runs `chainfin …` in this process, in its own folder, against one server."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage, self.folder = stage, folder
        self.environment = {
            "CHAINFIN_URL": stage.server.url,
            "CHAINFIN_HOME": str(stage.installation.settings.home),
            "CHAINFIN_KEY_PASSPHRASE": "correct horse",
        }

    def run(self, *words: str) -> Result:
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            return CliRunner().invoke(app, list(words), env=self.environment)
        finally:
            os.chdir(before)

    def json(self, *words: str) -> Any:
        done = self.run(*words)
        assert done.exit_code == 0, f"{words}: {done.output} {done.exception!r}"
        return json.loads(done.stdout)


def code_of(done: Result) -> str:
    """Why a command was refused."""
    assert isinstance(done.exception, ChainfinError), done.output
    return done.exception.code
