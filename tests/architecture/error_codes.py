"""The stable error codes of the code, found by reading the syntax trees, and the page docs/errors.md made of them.

A code is the text that reaches a parameter named ``code`` (of an error class of `chainfin.errors`, of `Refusal`, of an
outcome of a partner, or of any function of ours that hands its own ``code`` on), a value of a variable named ``code``,
or the name of a custom error of the contracts. An f-string stands for every code of its shape (``not_*``).

Renew the page: ``python -m tests.architecture.error_codes``.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from chainfin.error_titles import TITLES
from chainfin.resources import CONTRACTS, artifact
from chainfin.services.reactions.act_outcomes import chain_code

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "errors.md"
ERRORS = ("BadInput", "Unauthenticated", "Forbidden", "NotFound", "Conflict", "Refused", "Unavailable", "Unknown")
KINDS = (*ERRORS, "Refusal")
_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")
_TABLES = {"_CODE_OF_STATUS": "HTTP", "_CODE_OF_SQLITE": "Unavailable", "_CODE_OF_POSTGRESQL": "Unavailable"}
"""Tables whose values are codes, and what carries them."""
_STATUS = {
    "BadInput": "422",
    "Unauthenticated": "401",
    "Forbidden": "403",
    "NotFound": "404",
    "Conflict": "409",
    "Refused": "422",
    "Refusal": "422",
    "Unavailable": "503",
    "Unknown": "503",
}


@dataclass
class Found:
    """Codes with the classes of error that carry them, and the shapes of codes that are put together."""

    codes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    shapes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, value: ast.expr, kind: str) -> None:
        """Take in every text that the expression can be."""
        match value:
            case ast.Constant(value=str(text)) if _CODE.fullmatch(text):
                self.codes[text].add(kind)
            case ast.IfExp():
                self.add(value.body, kind)
                self.add(value.orelse, kind)
            case ast.BoolOp():
                for each in value.values:
                    self.add(each, kind)
            case ast.JoinedStr():
                parts = (
                    re.escape(part.value)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                    else "[a-z0-9]+"
                    for part in value.values
                )
                self.shapes["".join(parts)].add(kind)


def found_in_code() -> Found:
    """Every code that chainfin/, api/ and the contracts can give."""
    found = Found()
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in _sources()}
    carriers = _carriers(trees)
    for path, tree in trees.items():
        own = carriers[path]
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                _of_call(node, found, own, carriers)
            elif isinstance(node, ast.Assign):
                _of_assignment(node, found)
            elif isinstance(node, ast.Return) and _returns_a_code(node):
                assert isinstance(node.value, ast.Tuple)
                found.add(node.value.elts[0], "Refused")
            elif isinstance(node, ast.Dict) and _named(tree, node) in _TABLES:
                for value in node.values:
                    found.add(value, _TABLES[_named(tree, node)])
    for name in CONTRACTS:
        for entry in artifact(name)["abi"]:
            if entry["type"] == "error":
                found.codes[chain_code(entry["name"])].add("Refused")
    return found


def _sources() -> list[Path]:
    return sorted(path for folder in ("chainfin", "api") for path in (ROOT / folder).rglob("*.py"))


Carriers = dict[Path, dict[str, tuple[int, str]]]


def _carriers(trees: dict[Path, ast.Module]) -> Carriers:
    """Functions and classes of ours with a parameter ``code``, by file: its place, and the error that they make."""
    carriers: Carriers = {}
    for path, tree in trees.items():
        own: dict[str, tuple[int, str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
                if "code" in names:
                    own[node.name] = (names.index("code"), _makes(node))
            elif isinstance(node, ast.ClassDef):
                for each in node.body:
                    if isinstance(each, ast.FunctionDef) and each.name == "__init__":
                        names = [arg.arg for arg in each.args.args]
                        if "code" in names and node.name not in ("ChainfinError",):
                            own[node.name] = (names.index("code") - 1, "Refused")
        own.pop("__init__", None)
        carriers[path] = own
    return carriers


def _makes(function: ast.AST) -> str:
    names = {
        node.func.id for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return next((kind for kind in KINDS if kind in names), "Refused")


def _of_call(node: ast.Call, found: Found, own: dict[str, tuple[int, str]], carriers: Carriers) -> None:
    name = (
        node.func.id
        if isinstance(node.func, ast.Name)
        else node.func.attr
        if isinstance(node.func, ast.Attribute)
        else ""
    )
    for keyword in node.keywords:
        if keyword.arg == "code":
            found.add(keyword.value, "Refused")
    if name in KINDS:
        places = {(0, name)}
    elif name in own:
        places = {own[name]}
    else:
        places = {each[name] for each in carriers.values() if name in each}
    for place, kind in places:
        if len(node.args) > place:
            found.add(node.args[place], _kind_of_problem(node) if name == "problem" else kind)


def _kind_of_problem(node: ast.Call) -> str:
    """``api.problems.problem`` names the status itself."""
    status = node.args[0]
    return str(status.value) if isinstance(status, ast.Constant) else "HTTP"


def _of_assignment(node: ast.Assign, found: Found) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name) and target.id == "code":
            found.add(node.value, "Refused")
        elif isinstance(target, ast.Tuple):
            names = [each.id if isinstance(each, ast.Name) else "" for each in target.elts]
            if "code" in names:
                for value in ast.walk(node.value):
                    if isinstance(value, ast.Tuple) and len(value.elts) == len(names):
                        found.add(value.elts[names.index("code")], "Refused")


def _returns_a_code(node: ast.Return) -> bool:
    """``return "chain_reverted", "the contract refused …"``: a code and its sentence."""
    match node.value:
        case ast.Tuple(elts=[ast.Constant(value=str(code)), ast.Constant(value=str(text))]):
            return bool(_CODE.fullmatch(code)) and " " in text
    return False


def _named(tree: ast.Module, value: ast.Dict) -> str:
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.value is value and isinstance(node.targets[0], ast.Name):
            return node.targets[0].id
    return ""


def missing(found: Found) -> list[str]:
    """Codes and shapes of the code that have no title."""
    plain = [code for code in found.codes if code not in TITLES]
    return sorted(plain) + [s for s in sorted(found.shapes) if not any(re.fullmatch(s, code) for code in TITLES)]


def unused(found: Found) -> list[str]:
    """Titles of which the code knows no error."""
    return sorted(
        code for code in TITLES if code not in found.codes and not any(re.fullmatch(s, code) for s in found.shapes)
    )


def page(found: Found) -> str:
    """docs/errors.md, from the titles and the code."""
    rows = []
    for code in sorted(TITLES):
        title = TITLES[code]
        rows.append(f"| `{code}` | {_http(code, found)} | {title.en} | {title.zh} |")
    return _HEAD.format(count=len(TITLES)) + "\n".join(rows) + "\n"


def _http(code: str, found: Found) -> str:
    kinds = set(found.codes.get(code, ()))
    for shape, more in found.shapes.items():
        if re.fullmatch(shape, code):
            kinds |= more
    fixed = {
        "body_too_large": "413",
        "idempotency_key_missing": "400",
        "idempotency_key_malformed": "400",
        "disk_full": "507",
    }
    known = {fixed.get(code) or _STATUS.get(kind, "" if kind == "HTTP" else kind) for kind in kinds}
    by_status = {"body_unreadable": "400", "route_unknown": "404", "method_not_allowed": "405"}
    return by_status.get(code) or ", ".join(sorted(known))


def _lines() -> Iterator[str]:
    found = found_in_code()
    yield from (f"no title: {code}" for code in missing(found))
    yield from (f"no error: {code}" for code in unused(found))
    PAGE.write_text(page(found), encoding="utf-8")


_HEAD = """# Error codes 错误代码

Every error of the API is a problem detail (RFC 9457, `application/problem+json`). Programs rely on `code` and `status`;
`title` says in a few words what the code means, in the language that `Accept-Language` prefers (`zh` 中文, or English);
`detail` is the sentence about this very case, and `details` holds the facts that prove it. The same codes stand in the
outcome of an act (`chain_…`: the name of the contract's error), in a declined application, on the command line and in
the answers of the sandbox. A policy's own reasons stand with their sentences in `chainfin/risk/policies/`.

| status | whose move it is |
|---|---|
| 400, 422 | yours: what was sent can't be read, or a rule of trade, credit or pledge says no |
| 401, 403 | yours: say who you are; or this is not for you |
| 404 | there is no such thing, or none that you may see |
| 409 | not now: the state of the thing doesn't admit it, or another request is under way |
| 500 | ours: `details.incident` names it |
| 503 | nobody's: ask again after `Retry-After`; with the same `Idempotency-Key` nothing happens twice |

The HTTP column is the status with which the code reaches a caller of the API, if it does; several stand where it
depends on the place. This page is made from `chainfin/error_titles.json` and the code ({count} codes) by
`python -m tests.architecture.error_codes`.

| code | HTTP | English | 中文 |
|---|---|---|---|
"""

if __name__ == "__main__":
    print("\n".join(_lines()))
