"""Reading our own documents: files, tables, links and code blocks of Markdown."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


_NOT_OURS = {"node_modules", "build", "dist"}


def documents() -> list[Path]:
    """Every Markdown file of the project; what lies in hidden folders or was installed is not of it."""
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*.md"))
    ours = (path for path in found if not any(part in _NOT_OURS or part.startswith(".") for part in path.parts))
    return sorted(ROOT / path for path in ours)


def section(text: str, heading: str) -> str:
    """What stands under the heading of second order ``heading``, up to the next."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no section {heading!r}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of every row of the tables in ``text``, heads left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rules = [at for at, row in enumerate(cells) if set("".join(row)) <= set("-: ")]
    heads = {at - 1 for at in rules}
    return [row for at, row in enumerate(cells) if at not in heads and at not in rules]


def quoted(cell: str) -> list[str]:
    """What stands in backquotes."""
    return re.findall(r"`([^`]+)`", cell)


@cache
def names_in(path: str) -> frozenset[str]:
    """Functions, classes (``Name``) and methods (``Class.name``) that a file defines."""
    found: set[str] = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
            found |= {f"{node.name}.{each.name}" for each in methods}
    return frozenset(found)
