"""The sample of mutants: the same for a seed, steady under edits elsewhere, and nothing in it that can't be seen."""

from __future__ import annotations

import ast
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests import long
from tests.mutation.covering import Covering, _name
from tests.mutation.sample import Mutant, sample

SOURCE = '''
from dataclasses import dataclass

LIMIT = 8


@dataclass(frozen=True)
class Part:
    amount: int | None = None


def share(amount: int, whole: int | None = 10) -> int | None:
    """Two of 10."""
    if amount > LIMIT and whole:
        return None
    book(amount)
    return amount + 1
'''


def taken(folder: Path, text: str, number: int = 99, seed: int = 1) -> list[Mutant]:
    (folder / "x.py").write_text(text, encoding="utf-8")
    return sample(folder, ["x.py"], number, seed)


def test_sample__all_there_is__each_changes_what_runs(tmp_path: Path) -> None:
    mutants = taken(tmp_path, SOURCE)
    changes = {(mutant.before, mutant.after) for mutant in mutants}
    assert ("book(amount)", "pass") in changes
    assert ("return amount + 1", "return amount - 1") in changes
    assert ("if amount > LIMIT and whole:", "if amount > LIMIT or whole:") in changes
    assert not any("@dataclass" in before or "int & None" in after for before, after in changes)
    assert len({mutant.key for mutant in mutants}) == len(mutants)
    for mutant in mutants:
        ast.parse(mutant.source)


def test_sample__same_seed__same_mutants_and_another_seed_another_order(tmp_path: Path) -> None:
    first = [mutant.key for mutant in taken(tmp_path, SOURCE, number=4)]
    assert [mutant.key for mutant in taken(tmp_path, SOURCE, number=4)] == first
    assert [mutant.key for mutant in taken(tmp_path, SOURCE, number=4, seed=2)] != first


def test_sample__edited_elsewhere__the_same_places_in_the_same_order(tmp_path: Path) -> None:
    before = [(mutant.before, mutant.after) for mutant in taken(tmp_path, SOURCE)]
    longer = SOURCE.replace("LIMIT = 8", "\n# how many\nLIMIT = 8")
    assert [(mutant.before, mutant.after) for mutant in taken(tmp_path, longer)] == before


@pytest.mark.parametrize(
    ("line", "function", "tests"),
    [
        (14, "share", ["t.py::quick", "t.py::slow"]),
        (17, "share", ["t.py::slow"]),
        (4, "", ["t.py::quick", "t.py::slow"]),
    ],
)
def test_tests__of_a_line__quickest_first_and_outside_of_functions_all(
    line: int, function: str, tests: list[str]
) -> None:
    lines = {"x.py": {"14": ["t.py::slow", "t.py::quick"], "17": ["t.py::slow"]}}
    found = Covering(lines, {"t.py::slow": 2.0, "t.py::quick": 0.1})
    assert found.tests(Mutant("x.py", line, function, "", "", "", SOURCE), SOURCE) == tests


@pytest.mark.parametrize(
    ("classname", "name", "test"),
    [
        ("tests.unit.test_x", "test_y[1-a.b]", "tests/unit/test_x.py::test_y"),
        ("tests.unit.test_x.TestMachine", "runTest", "tests/unit/test_x.py::TestMachine::runTest"),
    ],
)
def test_name__of_a_report__is_one_that_pytest_takes(tmp_path: Path, classname: str, name: str, test: str) -> None:
    (tmp_path / "tests" / "unit").mkdir(parents=True)
    assert _name(tmp_path, ElementTree.Element("testcase", classname=classname, name=name)) == test


def test_long__fails_or_not__its_last_line_is_the_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long, "LOGS", tmp_path / "logs")
    good = long.run(long.Check("good", "two", ("-c", "print('one'); print('2 of 2 killed'); print()")))
    bad = long.run(long.Check("bad", "one", ("-c", "print('1 of 2 killed'); raise SystemExit(1)")))
    assert (good.word, good.figure) == ("ok", "2 of 2 killed")
    assert (bad.word, bad.figure) == ("failed", "1 of 2 killed")
