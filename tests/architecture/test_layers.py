"""Imports point one way: the contracts that import-linter holds, and no modules that import each other in a circle."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.architecture.reach import PACKAGES, ROOT


def test_layers__as_declared__no_import_breaks_them() -> None:
    """The same contracts as in `make check` (pyproject.toml, import-linter)."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def modules(root: Path) -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in (root / package).rglob("*.py"):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(root: Path) -> dict[str, set[str]]:
    """Module → the modules that it imports when it is itself imported (an import in a function comes later)."""
    known = modules(root)
    graph: dict[str, set[str]] = {}
    for module, path in known.items():
        found: set[str] = set()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= inner & known.keys() if inner <= known.keys() else {node.module, *inner}
        graph[module] = (found & known.keys()) - {module}
    return graph


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle, if there are any."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_imports__of_all_modules__go_in_no_circle() -> None:
    assert circle(imports(ROOT)) == []


@pytest.mark.parametrize(
    ("back", "found"), [("from chainfin.a import f", True), ("def g():\n    from chainfin.a import f", False)]
)
def test_circle__of_two_modules__is_found(tmp_path: Path, back: str, found: bool) -> None:
    (tmp_path / "chainfin").mkdir()
    (tmp_path / "chainfin" / "a.py").write_text("from chainfin import b", encoding="utf-8")
    (tmp_path / "chainfin" / "b.py").write_text(back, encoding="utf-8")
    (tmp_path / "chainfin" / "__init__.py").write_text("", encoding="utf-8")
    assert bool(circle(imports(tmp_path))) is found
