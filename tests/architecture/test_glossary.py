"""docs/glossary.md has every state, role, product and kind of document as it is stored, with Chinese beside each."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

import chainfin.rules
import chainfin.values
from chainfin.audit import report
from chainfin.documents.model import DocumentKind
from chainfin.rules.application import OVER
from chainfin.values.money import Rounding
from chainfin.values.party import Role
from chainfin.values.product import Product
from tests.architecture.markdown import ROOT, quoted, rows

TEXT = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
WORDS = frozenset(quoted(TEXT))
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _enums() -> list[type[StrEnum]]:
    found: set[type[StrEnum]] = {DocumentKind, report.State}
    for package in (chainfin.rules, chainfin.values):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            defined = vars(importlib.import_module(module.name)).values()
            found |= {each for each in defined if isinstance(each, type) and issubclass(each, StrEnum)}
    # a rounding's values are Python's own names
    return sorted(found - {StrEnum, Rounding}, key=lambda each: f"{each.__module__}.{each.__name__}")


@pytest.mark.parametrize("enum", _enums(), ids=lambda each: f"{each.__module__}.{each.__name__}")
def test_glossary__each_value_of_an_enum__stands_in_it(enum: type[StrEnum]) -> None:
    assert [member.value for member in enum if member.value not in WORDS] == []


def test_glossary__products_roles_and_ends_of_applications__stand_in_it() -> None:
    names = {*(product.value for product in Product), *(str(role.name).lower() for role in Role), *OVER}
    assert names - WORDS == set()


def test_glossary__enums_of_states__are_found() -> None:
    assert {"LoanState", "State", "HoldState", "Product", "Category"} <= {each.__name__ for each in _enums()}


def test_glossary__each_row__has_chinese() -> None:
    assert [row[0] for row in rows(TEXT) if not _CHINESE.search(row[1]) and "310" not in row[1]] == []


def test_glossary__each_term__stands_once() -> None:
    terms = [row[0] for row in rows(TEXT) if not row[0].startswith("`")]
    assert [term for term in set(terms) if terms.count(term) > 1] == []


def test_glossary__files_that_it_names__exist() -> None:
    paths = [word for word in WORDS if word.startswith("chainfin/")]
    assert [path for path in paths if not (ROOT / path).exists()] == []


LEFT = frozenset({"hindrance", "heir", "paper", "papers", "desk", "passing", "placing", "entering"})
"""Words that had another meaning in the field, or none; see the glossary for those that took their place."""


def _named(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.alias(name=name):
                yield name


ROOMS = (
    "services",
    "rules",
    "risk",
    "storage",
    "cli",
    "client",
    "connectors",
    "audit",
    "runtime",
    "chain",
    "documents",
)


@pytest.mark.parametrize("room", [*(f"chainfin/{each}" for each in ROOMS), "api"])
def test_names__in_the_program__use_none_of_the_words_that_were_given_up(room: str) -> None:
    used = {
        (str(path.relative_to(ROOT)), name)
        for path in sorted((ROOT / room).rglob("*.py"))
        for name in (path.stem, *_named(path))
        if LEFT & set(name.lower().split("_"))
    }
    assert used == set()
