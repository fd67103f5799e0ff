"""The table of reasons is total: for every error of the contracts, and for every refusal of the rules."""

from __future__ import annotations

import ast
from pathlib import Path
from types import ModuleType

import pytest

from chainfin.eth.abi import contract_abi
from chainfin.resources import CONTRACTS
from chainfin.rules import debtor_line, inventory, order, receivable, receivable_value, substitution, undertaking
from tests.differential.reasons import EACH, EQUIVALENT, OUT_OF_REACH, REASONS, RULES_ONLY, same

MAPPED = frozenset().union(*REASONS.values())


def errors_of(contract: str) -> set[str]:
    return {error.name for error in contract_abi(contract).errors.values()}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_table__every_error_of_a_contract__has_a_code_or_a_reason_why_not(contract: str) -> None:
    missing = errors_of(contract) - MAPPED - set(OUT_OF_REACH)
    assert not missing, f"say in reasons.py which code {sorted(missing)} is, or why no generated act can meet it"


def test_table__every_entry__is_an_error_that_there_is() -> None:
    known = set().union(*(errors_of(contract) for contract in CONTRACTS))
    assert known >= MAPPED | set(EQUIVALENT.values()) | set(OUT_OF_REACH)
    assert not MAPPED & set(OUT_OF_REACH)
    assert set(REASONS) >= set().union(*EACH.values())


def refusals_of(source: str) -> set[str]:
    """The codes that a module refuses with: the snake_case literals in calls of Refusal and of its helpers."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            place = {"Refusal": 0, "_refused": 0, "_above": 0, "only": 3, "_within": 3}.get(name)
            code = node.args[place] if place is not None and len(node.args) > place else None
            if isinstance(code, ast.Constant):
                found.add(str(code.value))
    return found


@pytest.mark.parametrize(
    "module",
    [receivable, receivable_value, inventory, order, debtor_line, substitution, undertaking],
    ids=lambda module: module.__name__,
)
def test_table__every_refusal_of_the_rules__is_in_it(module: ModuleType) -> None:
    codes = refusals_of(Path(str(module.__file__)).read_text("utf-8"))
    assert codes
    known = set(REASONS) | set(RULES_ONLY) | {code for _, code in EQUIVALENT}
    assert codes <= known, sorted(codes - known)


def test_same__another_reason__is_not_the_same() -> None:
    assert same("Receivables.settle", "exceeds_pledged", "ExceedsPledge")
    assert same("Receivables.issue", "debtor_is_seller", "NotSeller")
    assert not same("Orders.despatch", "debtor_is_seller", "NotSeller")
    assert not same("Receivables.settle", "exceeds_free", "ExceedsPledge")
