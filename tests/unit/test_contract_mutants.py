"""The lists of bugs planted in the contracts keep up with the sources: what each changes stands once where it says."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

CONTRACTS = Path(__file__).parents[2] / "contracts"
PROOFS = re.compile(r"function (check_\w+)")


def load(name: str) -> Any:
    """A module of contracts/, which is no package: its scripts run from there."""
    sys.path.insert(0, str(CONTRACTS))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(CONTRACTS))


MUTANTS = load("mutants").MUTANTS
PLANTED = [bug for group in load("analysis.planted").GROUPS for bug in group]


@pytest.mark.parametrize("bug", [*MUTANTS, *PLANTED], ids=lambda bug: f"{bug.file}-{bug.before[:30]}-{bug.after[:20]}")
def test_plantedInContracts__each__standsOnce(bug: Any) -> None:
    assert (CONTRACTS / "src" / bug.file).read_text(encoding="utf-8").count(bug.before) == 1
    assert bug.before != bug.after


def test_mutants__rules__eachOnce() -> None:
    rules = [mutant.rule for mutant in MUTANTS]
    assert len(set(rules)) == len(rules)


def test_plantedForProofs__eachProof__hasABugAndEachNamedProofExists() -> None:
    sources = (CONTRACTS / "test" / "symbolic").glob("*Proofs.sol")
    proofs = {f"{p.stem}.{name}" for p in sources for name in PROOFS.findall(p.read_text(encoding="utf-8"))}
    named = {proof for bug in PLANTED for proof in bug.proofs}
    # A name may stand for several proofs that begin with it.
    assert {name for name in named if not any(p.startswith(name) for p in proofs)} == set()
    assert {p for p in proofs if not any(p.startswith(name) for name in named)} == set()
