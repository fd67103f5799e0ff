"""No key is parsed: what a command, a journal or a payment is about stands in columns, never inside a text.

Every call that takes a text apart at a colon, or looks at how it begins or ends, is found in the source and must be
allowed below with its reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("rules", "values", "risk", "storage", "services", "connectors", "runtime", "chain", "audit")
SEARCHED = (*(f"chainfin/{room}" for room in ROOMS), "api")
"""All but what reads the texts of people and formats: documents, eth, the command line, a participant's client."""


CUTTING = ("split", "rsplit", "partition", "rpartition", "startswith", "endswith", "removeprefix", "removesuffix")
MATCHING = ("like", "ilike", "contains", "icontains", "regexp_match", "match", "fullmatch", "search", "findall")
"""On a key these look for a part of it, in the database or by an expression."""
KEYS = ("key", "keys", "book_ref", "bank_ref", "bank_reference", "payment", "instruction_id", "refund_id")
"""Names under which keys and a bank's references go about."""

ALLOWED = {
    ("chainfin/services/reactions/asset_events.py", "split"): "a receivable is split",
    ("chainfin/services/pledges/register.py", "removeprefix"): "0x before the hex of an asset's hash",
    ("chainfin/services/trade/splits_and_transfers.py", "split"): "a receivable is split",
    ("chainfin/connectors/iso20022/node.py", "split"): "a path of element names, and an element's text into words",
    ("chainfin/connectors/iso20022/node.py", "rpartition"): "a namespace before an element's name",
    ("chainfin/connectors/iso20022/node.py", "endswith"): "an element's name",
    ("chainfin/connectors/iso20022/text.py", "split"): "runs of white space in a text that a bank is sent",
    ("chainfin/connectors/iso20022/text.py", "startswith"): "the Unicode name of a character",
    ("chainfin/connectors/http.py", "partition"): "a path without its query",
    ("chainfin/connectors/sandbox/faults.py", "startswith"): "a path of a request",
    ("chainfin/connectors/sandbox/faults.py", "partition"): "a header of a request that asks for a fault",
    ("chainfin/connectors/sandbox/faults.py", "rpartition"): "a signature header that is spoilt",
    ("chainfin/connectors/sandbox/data.py", "removeprefix"): "Bearer before a token",
    ("chainfin/connectors/sandbox/data.py", "split"): "the sources of a stored consent",
    ("chainfin/connectors/sandbox/rail.py", "startswith"): "an account that is closed in the sandbox",
    ("chainfin/chain/deploy.py", "startswith"): "a placeholder in a list of constructor arguments",
    ("chainfin/chain/rpc.py", "startswith"): "0x before a node's data",
    ("chainfin/audit/collateral.py", "startswith"): "Contract.Event, as the file calls an event",
    ("chainfin/audit/money_trail.py", "removeprefix"): "0x before the hex of an asset's hash",
    ("chainfin/audit/mandate.py", "partition"): "a party's chain and number, as a signed mandate names it",
    ("chainfin/audit/securities.py", "partition"): "Contract.Event",
    ("chainfin/audit/securities.py", "endswith"): "Contract.Event",
    ("chainfin/audit/signatures.py", "partition"): "Contract.Event",
    ("chainfin/audit/signatures.py", "startswith"): "Contract.Event, and who is named by an argument",
    ("chainfin/risk/general.py", "endswith"): "the unit at the end of a fact's name",
    ("chainfin/risk/inputs.py", "removeprefix"): "a minus sign before digits",
    ("chainfin/risk/policy.py", "endswith"): "the unit at the end of a fact's name",
    ("chainfin/risk/policy.py", "removesuffix"): "a file's name without its ending",
    ("chainfin/risk/review.py", "startswith"): "fields of an outcome that tell of its pledge",
    ("chainfin/risk/scorecard.py", "endswith"): "a file's name without its ending",
    ("chainfin/risk/scorecard.py", "removesuffix"): "a file's name without its ending",
    ("chainfin/rules/loan/product.py", "endswith"): "a file's name without its ending",
    ("chainfin/rules/loan/product.py", "removesuffix"): "a file's name without its ending",
    ("chainfin/storage/store.py", "startswith"): "the kind of a database's address",
    ("chainfin/storage/store.py", "removeprefix"): "the kind of a database's address",
    ("chainfin/values/reference.py", "startswith"): "RF, with which an ISO 11649 reference begins",
    ("api/auth.py", "partition"): "an Authorization header",
    ("api/examples.py", "removeprefix"): "a reference within the document to a form's name",
    ("api/postman.py", "split"): "a route's template into its steps",
    ("api/postman.py", "startswith"): "a parameter in a route's template",
    ("api/route.py", "partition"): "a content type without its parameters",
    ("api/problems.py", "split"): "languages in an Accept-Language header",
    ("api/problems.py", "partition"): "a language without its weight",
    ("api/routers/system.py", "partition"): "an Authorization header",
    ("api/routers/auth.py", "partition"): "a content type without its parameters",
    ("api/routers/receivables.py", "split"): "a receivable is split",
    ("chainfin/services/kernel/idempotency.py", "split"): "names in a header of our own",
    ("api/paging.py", "startswith"): "the version of a cursor that a client hands back",
}
"""(file, method) → why what it takes apart is no key. Nothing here has the name of one (see `KEYS`)."""


def cuts(source: str) -> Iterator[tuple[int, str, str]]:
    """Line, method and what it is called on, of every call that takes a text apart or looks for a part of it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            on, method = ast.unparse(node.func.value), node.func.attr
            if method in CUTTING or (method in MATCHING and _is_key(on, *map(ast.unparse, node.args))):
                yield node.lineno, method, on
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and _is_key(ast.unparse(node.value)):
            yield node.lineno, "slice", ast.unparse(node.value)


def _is_key(*texts: str) -> bool:
    """Whether one of these expressions is (an attribute that is, or ``col`` of one that is) called like a key."""
    return any(text.rstrip(")").rpartition(".")[2] in KEYS for text in texts)


def found() -> list[tuple[str, int, str, str]]:
    files = (path for folder in SEARCHED for path in sorted((ROOT / folder).rglob("*.py")))
    return [(str(path.relative_to(ROOT)), *cut) for path in files for cut in cuts(path.read_text(encoding="utf-8"))]


def test_keys__in_the_product__never_taken_apart() -> None:
    wrong = [
        f"{file}:{line}: {on}.{method}"
        for file, line, method, on in found()
        if (file, method) not in ALLOWED or _is_key(on)
    ]
    assert wrong == []


def test_allowed__each__still_there() -> None:
    assert set(ALLOWED) - {(file, method) for file, _, method, _ in found()} == set()


@pytest.mark.parametrize(
    "source",
    [
        'kind, _, target = row.key.partition(":")',
        'bank_ref, asset_id = source.split(":")',
        'col(OutboxRow.key).startswith("holder:")',
        'select(OutboxRow).where(col(OutboxRow.key).like("holder:%"))',
        're.match("holder:(.*)", row.key)',
        "row.key[7:]",
        'key.removeprefix("act:")',
    ],
)
def test_cuts__a_key_is_taken_apart__seen(source: str) -> None:
    assert len(list(cuts(source))) == 1


@pytest.mark.parametrize("source", ["row.key == wanted", 'f"refund:{row.id}"', "names[1:]", 're.match("a", name)'])
def test_cuts__a_key_is_compared_or_made__not_seen(source: str) -> None:
    assert list(cuts(source)) == []
