"""What a planted bug is, and how it is put into a source: by module, function and a short fragment of it.

Longer copies of the source would break whenever a line near them changes. White space doesn't count in a fragment.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Edit(Enum):
    """What becomes of the place, where no other text takes the fragment's."""

    NEVER = "the condition of the `if` that has the fragment in it is false"
    LEFT_OUT = "the simple statement that has the fragment in it isn't there"


NEVER, LEFT_OUT = Edit.NEVER, Edit.LEFT_OUT


@dataclass(frozen=True, slots=True)
class Bug:
    """A requirement that the source breaks once the bug is planted; then every one of ``tests`` has to fail.

    ``place``: "chainfin/rules/order.py:invoice", a method as ":Sender.start"; without a function the whole file.
    ``fragment``: stands there once. ``becomes``: the text instead of it, or an `Edit`.
    ``tests``: ids without parameters ("tests/unit/test_x.py::test_y"); of a parametrised one any case may fail.
    """

    requirement: str
    place: str
    fragment: str
    becomes: str | Edit
    tests: tuple[str, ...]

    @property
    def file(self) -> str:
        return self.place.partition(":")[0]

    @property
    def function(self) -> str:
        return self.place.partition(":")[2]


class NotThere(LookupError):
    """A bug's place isn't what its entry says."""


def planted(bug: Bug, source: str) -> str:
    """The source with the bug in it. Raises NotThere: no such function, or the fragment isn't there exactly once."""
    data = source.encode()
    scope = _scope(bug, ast.parse(source))
    starts = _line_starts(data)
    begin, end = (0, len(data)) if isinstance(scope, ast.Module) else _span(starts, scope)
    # the bytes of a fragment, and not its characters: that is how Python counts columns
    pattern = re.compile(rb"\s+".join(re.escape(word.encode()) for word in bug.fragment.split()))
    if isinstance(bug.becomes, str):
        spans, text = [match.span() for match in pattern.finditer(data, begin, end)], bug.becomes
    else:
        wide = [_span(starts, node) for node in _targets(bug.becomes, scope)]
        spans = [span for span in wide if pattern.search(data, *span)]
        text = "False" if bug.becomes is NEVER else "pass"
    if len(spans) != 1:
        what = "" if isinstance(bug.becomes, str) else f" in {_TARGET[bug.becomes]}"
        raise NotThere(f"{bug.fragment!r} stands {len(spans)} times{what} in {bug.place}")
    (first, last) = spans[0]
    return (data[:first] + text.encode() + data[last:]).decode()


_TARGET = {NEVER: "the condition of an if", LEFT_OUT: "a simple statement"}


def functions(tree: ast.AST, within: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """All functions with their names, a method's after its class's."""
    for node in ast.iter_child_nodes(tree):
        name = within
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            name = f"{within}.{node.name}".lstrip(".")
        if isinstance(node, ast.FunctionDef):
            yield name, node
        yield from functions(node, name)


def _scope(bug: Bug, tree: ast.Module) -> ast.Module | ast.FunctionDef:
    if not bug.function:
        return tree
    found = [node for name, node in functions(tree) if name == bug.function]
    if len(found) != 1:
        raise NotThere(f"{bug.function} stands {len(found)} times in {bug.file}")
    return found[0]


def _targets(edit: Edit, scope: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    for node in ast.walk(scope):
        if edit is NEVER and isinstance(node, ast.If):
            yield node.test
        elif edit is LEFT_OUT and isinstance(node, ast.stmt) and not hasattr(node, "body"):
            yield node


def _line_starts(data: bytes) -> list[int]:
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def _span(starts: list[int], node: ast.expr | ast.stmt) -> tuple[int, int]:
    assert node.end_lineno is not None, "of a parsed source"
    assert node.end_col_offset is not None, "of a parsed source"
    return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
