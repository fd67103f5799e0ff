"""Every refusal of the contracts is expected by a forge test, each file of these begins with its refusals, and each
exit is tested while paused and suspended.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
INTERFACES = sorted((CONTRACTS / "src" / "interfaces").glob("*.sol"))
TESTS = sorted((CONTRACTS / "test").rglob("*.t.sol"))
#: What can be neither paused nor stopped by a suspension (ADR 0106): the test files of these acts.
EXITS = (
    "orders/Cancel",
    "participants/RotateKey",
    *(f"pledges/{act}" for act in ("BuyBack", "Draw", "Enforce", "Expire", "Release", "ReleaseBatch")),
    *(f"receipts/{act}" for act in ("Recount", "Release")),
    *(
        f"receivables/{act}"
        for act in (
            "Cancel",
            "Credit",
            "DeclareDefault",
            "Dispute",
            "ResolveDispute",
            "SetLine",
            "Settle",
            "SettleBatch",
        )
    ),
)


def code(path: Path) -> str:
    """The source without comments: an error that only a comment names isn't expected by anything."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


EXPECTED = frozenset(re.findall(r"\b(I\w+\.\w+)\.selector\b", "\n".join(code(path) for path in TESTS)))


def declared(interface: Path) -> list[str]:
    return [f"{interface.stem}.{name}" for name in re.findall(r"\berror (\w+)\(", code(interface))]


@pytest.mark.parametrize("interface", INTERFACES, ids=lambda path: path.stem)
def test_errors__each_of_an_interface__expected_by_a_forge_test(interface: Path) -> None:
    assert [error for error in declared(interface) if error not in EXPECTED] == []


def test_errors__none_outside_the_interfaces__so_none_is_overlooked() -> None:
    elsewhere = [path for path in (CONTRACTS / "src").rglob("*.sol") if path not in INTERFACES]
    assert sum(len(declared(path)) for path in INTERFACES) > 60
    assert [error for path in elsewhere for error in declared(path)] == []


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem.partition(".")[0])
def test_functions__tests_in_a_file__refusals_first(path: Path) -> None:
    results = re.findall(r"function test_\w+?__\w+?__(\w+)\(", code(path))
    refusals = [bool(re.match(r"refused|everyItemRefused|thatOneIsNamed", result)) for result in results]
    assert refusals == sorted(refusals, reverse=True), results


@pytest.mark.parametrize("act", EXITS)
def test_exits__each__tested_as_open_while_paused_and_suspended(act: str) -> None:
    names = re.findall(r"function test_(\w+)__stillOpen\(", code(CONTRACTS / "test" / f"{act}.t.sol"))
    assert [name for name in names if "aused" in name and "uspended" in name]
