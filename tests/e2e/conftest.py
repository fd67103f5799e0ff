"""One hand-stepped installation for each file: tests make their own companies and trades on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.serve import operator_credentials
from chainfin.demo.stage import Stage
from chainfin.runtime import log_setup
from tests.e2e.cli_shell import Shell
from tests.e2e.site import Site, open_site
from tests.e2e.site_books import check_books, settle_up


@pytest.fixture(scope="module")
def shared_site() -> Iterator[Site]:
    with open_site() as site:
        yield site


@pytest.fixture
def site(shared_site: Site) -> Iterator[Site]:
    """Whatever a test did: afterwards the books, the limits and the assets agree with each other and the chain."""
    yield shared_site
    shared_site.run()
    check_books(shared_site)
    settle_up(shared_site)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("cli")
    log_setup.configure(level="warning")  # the service runs in this process: its lines would stand among the command's
    with Stage(folder / "home") as stage:
        operator_credentials(stage.installation.settings.home, stage.server.signin)
        yield Shell(stage, folder)
