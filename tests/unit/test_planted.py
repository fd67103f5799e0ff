"""The list of planted bugs keeps up with the sources: what it changes stands where it says, what it names exists."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.planted.bug import Bug
from tests.planted.table import BUGS

ROOT = Path(__file__).parents[2]


@cache
def functions(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.rule.replace(" ", "_"))
def test_planted__each__stands_once_and_its_tests_exist(bug: Bug) -> None:
    text = (ROOT / bug.file).read_text(encoding="utf-8")
    assert text.count(bug.before) == 1
    ast.parse(text.replace(bug.before, bug.after))
    assert bug.tests
    for test in bug.tests:
        file, _, name = test.partition("::")
        assert name in functions(file), test


def test_planted__rules__each_once() -> None:
    rules = [bug.rule for bug in BUGS]
    assert len(set(rules)) == len(rules)
