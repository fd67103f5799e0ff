"""Which definitions of the program a route, a command or a loop can come to, by the names that the sources use.

A definition is a function, a class or an assignment at the top of a module; one that is come to uses every name in its
body (a class brings its methods). Names are followed through imports, aliases of modules and re-exports. What is
reached by a string or a computed name isn't seen: the program has no such calls, but for the table of commands
(`chainfin.cli.main`), whose entries are roots.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign
Name = tuple[str, str]
"""(module, name at its top)."""

ROOT = Path(__file__).parents[2]
PACKAGES = ("chainfin", "api")
_ROUTES = frozenset({"get", "post", "put", "patch", "delete", "command", "callback", "middleware", "exception_handler"})
"""Decorators (`@router.get(…)`, `@app.command()`) under which a function is called from outside."""

_COMMANDS = "chainfin.cli.main"
"""Where ``Entry("module", "function", …)`` names each command."""


def _commands(tree: ast.Module) -> Iterator[Name]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Entry":
            module, function = (str(each.value) for each in node.args[:2] if isinstance(each, ast.Constant))
            yield f"chainfin.cli.{module}", function


@dataclass(frozen=True, slots=True)
class _Import:
    """A name of a module that stands for another module (``name`` None) or for a name in one."""

    module: str
    name: str | None


class Program:
    """The sources of the packages, parsed."""

    def __init__(self, root: Path = ROOT) -> None:
        self._trees: dict[str, ast.Module] = {}
        for package in PACKAGES:
            for path in (root / package).rglob("*.py"):
                parts = path.relative_to(root).with_suffix("").parts
                module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                self._trees[module] = ast.parse(path.read_text(encoding="utf-8"))
        self._imports = {module: self._imports_of(tree) for module, tree in self._trees.items()}

    @cached_property
    def definitions(self) -> dict[Name, Definition]:
        found: dict[Name, Definition] = {}
        for module, tree in self._trees.items():
            for node in tree.body:
                if isinstance(node, Definition):
                    found |= {(module, name): node for name in _names(node)}
        return found

    def reached(self) -> frozenset[Name]:
        """All that is come to from what is called from outside, and from what a module does when it is imported."""
        todo = list(self._roots())
        seen: set[Name] = set()
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += self._uses(name[0], self.definitions[name])
        return frozenset(seen)

    def public(self, *packages: str) -> frozenset[Name]:
        """Functions and classes of these packages whose names don't begin with an underscore."""
        return frozenset(
            (module, name)
            for (module, name), node in self.definitions.items()
            if module.startswith(packages)
            and not name.startswith("_")
            and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        )

    def unused_members(self, *packages: str) -> frozenset[Name]:
        """Public methods and properties of classes of these packages whose name nothing in the program asks for, on
        whatever value: (module, Class.member)."""
        asked = {
            node.attr for tree in self._trees.values() for node in ast.walk(tree) if isinstance(node, ast.Attribute)
        }
        return frozenset(
            (module, f"{name}.{member.name}")
            for (module, name), node in self.definitions.items()
            if module.startswith(packages) and isinstance(node, ast.ClassDef)
            for member in node.body
            if isinstance(member, ast.FunctionDef) and not member.name.startswith("_") and member.name not in asked
        )

    def _roots(self) -> Iterator[Name]:
        for (module, name), node in self.definitions.items():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _called_from_outside(node):
                yield module, name
        for module, tree in self._trees.items():
            for statement in tree.body:
                if not isinstance(statement, Definition | ast.Import | ast.ImportFrom):
                    yield from self._uses(module, statement)
        if _COMMANDS in self._trees:
            yield from _commands(self._trees[_COMMANDS])

    def _imports_of(self, tree: ast.Module) -> dict[str, _Import]:
        found: dict[str, _Import] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    module = full in self._trees
                    found[alias.asname or alias.name] = (
                        _Import(full, None) if module else _Import(node.module, alias.name)
                    )
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.asname and alias.name in self._trees:
                        found[alias.asname] = _Import(alias.name, None)
        return found

    def _resolved(self, module: str, name: str) -> Name | None:
        """Where what ``name`` means in ``module`` is defined, through any number of re-exports."""
        for _ in range(10):
            if (module, name) in self.definitions:
                return module, name
            found = self._imports.get(module, {}).get(name)
            if found is None or found.name is None:
                return None
            module, name = found.module, found.name
        return None

    def _uses(self, module: str, node: ast.AST) -> set[Name]:
        found: set[Name | None] = set()
        for each in ast.walk(node):
            if isinstance(each, ast.Name):
                found.add(self._resolved(module, each.id))
            elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name):
                alias = self._imports[module].get(each.value.id)
                if alias is not None and alias.name is None:
                    found.add(self._resolved(alias.module, each.attr))
        return {name for name in found if name is not None}


def _names(node: Definition) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]


def _called_from_outside(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(called, ast.Attribute) and (called.attr in _ROUTES or called.attr == "listens_for"):
            return True
    return False
