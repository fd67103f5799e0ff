"""The table of `make coverage`."""

from __future__ import annotations

import pytest

from tests.covered import Covered, by_package, table

FILES = [
    Covered("chainfin/rules/ledger.py", 90, 90),
    Covered("chainfin/rules/loan/life.py", 10, 5),
    Covered("chainfin/rules/loan/cost.py", 20, 20),
    Covered("api/app.py", 3, 0),
    Covered("chainfin/services/__init__.py", 0, 0),
]


def test_by_package__of_files__each_counts_in_its_own_and_in_all() -> None:
    assert by_package(FILES) == [
        Covered("api", 3, 0),
        Covered("chainfin/rules", 90, 90),
        Covered("chainfin/rules/loan", 30, 25),
        Covered("all", 123, 115),
    ]


@pytest.mark.parametrize(
    ("lines", "run", "share"),
    [(3, 0, "0.0"), (30, 25, "83.3"), (1000, 999, "99.9"), (100_000, 99_999, "99.9"), (7, 7, "100.0"), (0, 0, "100.0")],
)
def test_share__rounded_down__only_all_is_100(lines: int, run: int, share: str) -> None:
    assert Covered("chainfin", lines, run).share == share


def test_table__of_packages__says_what_was_not_run() -> None:
    assert [line.split() for line in table(by_package(FILES)).splitlines()[-2:]] == [
        ["chainfin/rules/loan", "30", "5", "83.3"],
        ["all", "123", "8", "93.4"],
    ]
