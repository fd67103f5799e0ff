"""Where there is no PostgreSQL: a developer's tests skip, those of CI fail."""

from __future__ import annotations

import pytest

from tests.storage import postgres

pytest_plugins = ["pytester"]
TEST = """
from tests.conftest import cluster
from tests.storage import postgres


def gone(folder):
    raise postgres.NoPostgres("no initdb here")


postgres.start = gone


def test_on_it(cluster):
    assert cluster
"""


@pytest.mark.parametrize(("told", "outcome"), [("true", "errors"), ("1", "errors"), ("", "skipped"), ("0", "skipped")])
def test_cluster__that_cannot_be_had__skips_or_fails_in_ci(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, told: str, outcome: str
) -> None:
    monkeypatch.setenv("CI", told)
    monkeypatch.setattr(postgres, "start", postgres.start)  # whatever is put there is taken back
    pytester.makepyfile(TEST)
    ran = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    ran.assert_outcomes(**{outcome: 1})
    if outcome == "errors":
        ran.stdout.fnmatch_lines(["*CI tests on PostgreSQL too: no initdb here*"])
