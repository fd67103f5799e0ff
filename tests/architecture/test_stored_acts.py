"""What a stored act or event says is read through its binding: a name in quotes is seen by no type checker.

Every `row.params["name"]` and `event.args["name"]`, and all other ways to a member by its name are found in the source.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SEARCHED = ("chainfin/services", "chainfin/connectors", "chainfin/runtime", "chainfin/cli", "chainfin/demo", "api")
STORED = ("params", "args")
"""Of an act, and of an event."""
TAKING = ("get", "pop", "setdefault")


def named(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every expression that takes one member of what is stored by its name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Subscript):
            taken, by = node.value, [node.slice]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in TAKING:
            taken, by = node.func.value, node.args[:1]
        else:
            continue
        if _is_stored(taken) and any(isinstance(each, ast.Constant) and isinstance(each.value, str) for each in by):
            yield node.lineno, ast.unparse(node)


def _is_stored(node: ast.expr) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr in STORED) or (
        isinstance(node, ast.Name) and node.id in STORED
    )


def test_stored__in_the_product__read_through_their_bindings() -> None:
    files = [path for folder in SEARCHED for path in sorted((ROOT / folder).rglob("*.py"))]
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in files
        for line, text in named(path.read_text(encoding="utf-8"))
    ]
    assert files
    assert wrong == []


@pytest.mark.parametrize(
    "source",
    [
        'str(act.params["pledgeId"])',
        'act.params.get("assetId", "")',
        'session.get_one(ActRow, id).params["amount"]',
        'params = row.params\nparams["face"]',
        'str(event.args["documentRoot"])',
    ],
)
def test_named__a_member_by_its_name__seen(source: str) -> None:
    assert len(list(named(source))) == 1


@pytest.mark.parametrize(
    "source", ["Release.from_params(row.params).amount", "row.params[member.name]", 'row.extra["trail"]']
)
def test_named__a_binding_or_another_column__not_seen(source: str) -> None:
    assert list(named(source)) == []
