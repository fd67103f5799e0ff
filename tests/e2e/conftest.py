"""One hand-stepped installation for each file: tests make their own companies and trades on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.site import Site, check_books, open_site, settle_up


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
