"""The list of planted bugs keeps up with the sources: what it changes stands where it says, what it names exists."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.planted.bug import LEFT_OUT, NEVER, Bug, Edit, NotThere, functions, planted
from tests.planted.table import BUGS, MOST

ROOT = Path(__file__).parents[2]
SOURCE = """
def pay(left: int) -> int:
    # 付款
    if left > 0 and (
        known
    ):
        book(left,
             twice=False)
    return left


class Bank:
    def pay(self) -> None:
        book(1)
"""


@cache
def names(file: str) -> frozenset[str]:
    path = ROOT / file
    if not path.exists():
        return frozenset()
    return frozenset(name for name, _ in functions(ast.parse(path.read_text(encoding="utf-8"))))


def elsewhere(bug: Bug) -> str:
    """Where the function, and where the fragment, stands by now."""
    sources = [path for room in ("chainfin", "api") for path in sorted((ROOT / room).rglob("*.py"))]
    files = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in sources}
    plain = bug.function.rpartition(".")[2]
    homes = [file for file in files if any(name.rpartition(".")[2] == plain for name in names(file))]
    places = [file for file, text in files.items() if bug.fragment in text]
    return (
        f"`{plain}` is a function of: {', '.join(homes) or 'none'}\n"
        f"`{bug.fragment}` stands in: {', '.join(places) or 'none'}\n"
        f"mend the entry in tests/planted, then: python -m tests.planted --only '{bug.requirement}'"
    )


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.requirement.replace(" ", "_"))
def test_planted__each__stands_once_and_its_tests_exist(bug: Bug) -> None:
    path = ROOT / bug.file
    if not path.exists():
        pytest.fail(f"{bug.file} is gone\n{elsewhere(bug)}")
    before = path.read_text(encoding="utf-8")
    try:
        after = planted(bug, before)
    except NotThere as error:
        pytest.fail(f"{error}\n{elsewhere(bug)}")
    assert ast.dump(ast.parse(after)) != ast.dump(ast.parse(before)), "the bug changes nothing"
    assert bug.tests
    for test in bug.tests:
        file, _, name = test.partition("::")
        assert name in names(file), f"{test} is gone: name the test that shows this requirement now"


def test_planted__table__each_requirement_once_and_few() -> None:
    requirements = [bug.requirement for bug in BUGS]
    assert len(set(requirements)) == len(requirements) <= MOST


@pytest.mark.parametrize(
    ("place", "fragment", "becomes", "line"),
    [
        ("x.py:pay", "left > 0 and ( known )", "known", "if known:"),
        ("x.py:pay", "known", NEVER, "if False:"),
        ("x.py:pay", "twice", LEFT_OUT, "        pass"),
        ("x.py:Bank.pay", "book(1)", "book(2)", "book(2)"),
        ("x.py", "# 付款", "# 收款", "# 收款"),
    ],
)
def test_planted__fragment__changed_whatever_the_layout(
    place: str, fragment: str, becomes: str | Edit, line: str
) -> None:
    after = planted(Bug("r", place, fragment, becomes, ()), SOURCE)
    assert line in after
    assert len(after) != len(SOURCE) or after.count("收") == 1 or "book(2)" in after
    ast.parse(after)


@pytest.mark.parametrize(
    ("place", "fragment", "becomes"),
    [
        ("x.py:refund", "book", ""),
        ("x.py:pay", "book(1)", ""),
        ("x.py:pay", "left", "right"),
        ("x.py:pay", "twice", NEVER),
        ("x.py:pay", "known", LEFT_OUT),
    ],
)
def test_planted__not_there_or_there_twice__said(place: str, fragment: str, becomes: str | Edit) -> None:
    with pytest.raises(NotThere, match=r"stands [02-9] times"):
        planted(Bug("r", place, fragment, becomes, ()), SOURCE)
