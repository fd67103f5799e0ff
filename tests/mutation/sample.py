"""A sample of mutants: single changes of a source by the operators of Cosmic Ray, and calls left out.

Which are sampled depends on the seed and on each place's own line alone, so that an edit somewhere else leaves the rest
of the sample as it was. Not tried is what no behaviour can show: annotations, docstrings, decorators.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

from tests.planted.bug import functions

SWAPPED = (
    "Add_Sub Sub_Add Mul_Add Div_Mul FloorDiv_Mul Mod_FloorDiv Pow_Mul BitAnd_BitOr BitOr_BitAnd",
    "Eq_NotEq NotEq_Eq Lt_LtE Lt_GtE LtE_Lt LtE_Gt Gt_GtE Gt_LtE GtE_Gt GtE_Lt Is_IsNot IsNot_Is",
)
"""What is put for an arithmetic operator and for a comparison: what somebody may write by mistake. The others (a shift
of money) fail wherever they run and would only make the score look better."""
OPERATORS = (
    "AddNot",
    "ExceptionReplacer",
    "NumberReplacer",
    "ReplaceAndWithOr",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ReplaceFalseWithTrue",
    "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_USub_UAdd",
    "ZeroIterationForLoop",
    *(f"ReplaceBinaryOperator_{pair}" for pair in SWAPPED[0].split()),
    *(f"ReplaceComparisonOperator_{pair}" for pair in SWAPPED[1].split()),
)
"""Those of Cosmic Ray that are used."""
LEFT_OUT = "left out"
"""Our own operator: a statement that is a call, such as a posting."""
NOT_MISSED = ("session.add(", "session.flush(", "_log.")
"""Calls that nobody misses: a row that was read is in the session already."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """``file`` with one change on ``line``: ``source`` is what it becomes as a whole."""

    file: str
    line: int
    function: str
    operator: str
    before: str
    after: str
    source: str

    @property
    def key(self) -> str:
        """Of the changed function alone: what else is edited in its file doesn't bring it back."""
        where = f"{self.file}\0{self.function}\0{function_text(self.source, self.function)}"
        return hashlib.sha256(where.encode()).hexdigest()[:16]


class _Module:
    """A source, and where in it something can be changed."""

    def __init__(self, root: Path, file: str) -> None:
        self.file = file
        self.text = (root / file).read_text(encoding="utf-8")
        self.lines = self.text.splitlines()
        self.tree = ast.parse(self.text)

    @cached_property
    def behaviour(self) -> str:
        return _behaviour(self.text)

    def places(self) -> Iterator[tuple[int, int, str, int]]:
        """Line, column, operator, and the operator's how many-eth place in this source it is (the end, of a call)."""
        nodes = list(ast_nodes(get_ast(self.text)))
        for name in OPERATORS:
            operator = get_operator(f"core/{name}")()
            spots = (spot for node in nodes for spot in operator.mutation_positions(node))
            for number, ((line, column), _) in enumerate(spots):
                yield line, column, name, number
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call) or node.end_lineno is None:
                continue
            if not self.lines[node.lineno - 1].strip().startswith(NOT_MISSED):
                yield node.lineno, node.col_offset, LEFT_OUT, node.end_lineno

    def mutant(self, line: int, operator: str, number: int) -> Mutant | None:
        """None: the change is none that a test could see."""
        changed: str | None
        if operator == LEFT_OUT:
            stem = self.lines[line - 1]
            blank = stem[: len(stem) - len(stem.lstrip())]
            changed = "\n".join([*self.lines[: line - 1], f"{blank}pass", *self.lines[number:], ""])
        else:
            changed = mutate_code(self.text, get_operator(f"core/{operator}")(), number)
        if changed is None or _behaviour(changed) in (self.behaviour, ""):
            return None
        after = changed.splitlines()
        at = next(n for n, (old, new) in enumerate(zip(self.lines, after, strict=False), 1) if old != new)
        before, now = self.lines[at - 1].strip(), after[at - 1].strip()
        return Mutant(self.file, at, function_at(self.tree, at), operator, before, now, changed)


def sample(root: Path, files: Sequence[str], number: int, seed: int) -> list[Mutant]:
    """``number`` mutants of these files (fewer if there are no more), in an order that the seed gives."""
    best: dict[tuple[str, int, int, str], tuple[str, str, int]] = {}
    modules = {file: _Module(root, file) for file in files}
    for file, module in modules.items():
        for line, column, operator, count in module.places():
            # an operator has up to a dozen replacements at a place: one of them is tried
            family = operator.partition("_")[0]
            text = (seed, file, function_at(module.tree, line), module.lines[line - 1].strip(), column, operator)
            lot = hashlib.sha256(repr(text).encode()).hexdigest()
            place = (file, line, column, family)
            best[place] = min(best.get(place, (lot, operator, count)), (lot, operator, count))
    chosen: list[Mutant] = []
    for (file, line, _, _), (_, operator, count) in sorted(best.items(), key=lambda item: item[1]):
        if len(chosen) == number:
            break
        mutant = modules[file].mutant(line, operator, count)
        if mutant is not None:
            chosen.append(mutant)
    return chosen


def function_at(tree: ast.Module, line: int) -> str:
    """The function in whose body the line is; "" outside of all (defaults and constants belong to the module)."""
    found = ""
    for name, node in functions(tree):
        if node.body[0].lineno <= line <= (node.end_lineno or 0):
            found = name
    return found


def function_text(source: str, function: str) -> str:
    """The body of the function of this name with its head; the whole source where there is none of it."""
    for name, node in functions(ast.parse(source)):
        if name == function:
            return ast.get_source_segment(source, node) or source
    return source


class _Bare(ast.NodeTransformer):
    """Takes away what doesn't run."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.decorator_list, node.returns = [], None
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.decorator_list = []
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)


def _behaviour(text: str) -> str:
    """What of a source can be seen when it runs; "" if it can't run."""
    try:
        return ast.dump(_Bare().visit(ast.parse(text)))
    except SyntaxError:
        return ""
