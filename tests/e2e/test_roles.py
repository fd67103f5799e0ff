"""Roles added after the admission: announced by the operator, done two days later, and not before."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from chainfin import samples
from chainfin.cli.main import app
from chainfin.errors import ChainfinError
from chainfin.runtime import log_setup
from chainfin.runtime.installation import Installation
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.parties import admission
from chainfin.settings import load
from chainfin.values.party import Role
from tests.storage.play import Play


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """An installation that nobody runs, and the core enterprise in it."""
    log_setup.configure(level="warning")
    folder = tmp_path_factory.mktemp("roles") / "home"
    with Installation(load({"CHAINFIN_HOME": str(folder)})) as site:
        core = Play([site]).admit(samples.CORE, Role.CORE)
    return folder, str(core.party_id)


def said(home: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["contracts", "roles", *words, "--json"], env={"CHAINFIN_HOME": str(home)})


def code(done: Result) -> str:
    assert isinstance(done.exception, ChainfinError), done.output
    return done.exception.code


def later(home: Path, by: timedelta) -> None:
    with Installation(load({"CHAINFIN_HOME": str(home)}), drive=False) as site:
        site.clock.move_to(site.clock.now() + by)


def roles(home: Path, party_id: str) -> int:
    """As the projection has them, once the drivers have run."""
    with Installation(load({"CHAINFIN_HOME": str(home)})) as site:
        play = Play([site])
        play.until(lambda: site.indexer.run_once() == 0, "the end of the chain")
        return admission.get(site.ctx, OPERATOR, party_id).roles


def test_roles__announced_and_said_again__done_after_two_days_and_not_before(home: tuple[Path, str]) -> None:
    folder, core = home
    first = said(folder, core, "core", "lined")
    assert first.exit_code == 0, f"{first.output} {first.exception!r}"
    announced = json.loads(first.stdout)
    assert announced["status"].startswith("announced")
    later(folder, timedelta(hours=47))
    assert json.loads(said(folder, core, "core", "lined").stdout) == announced, "said once, it waits"
    assert roles(folder, core) == Role.CORE
    later(folder, timedelta(hours=2))
    assert json.loads(said(folder, core, "core", "lined").stdout)["status"] == "done"
    assert roles(folder, core) == Role.CORE | Role.LINED
    assert code(said(folder, core, "core", "lined")) == "roles_unchanged"


def test_roles__of_nobody_or_none_that_exist__refused(home: tuple[Path, str]) -> None:
    folder, core = home
    assert code(said(folder, "pty_nobody", "core")) == "party_unknown"
    assert code(said(folder, core, "king")) == "role_unknown"
