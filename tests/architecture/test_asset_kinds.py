"""What differs between the kinds of assets is asked of the kind: nobody compares its name, or looks at its row."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.reach import ROOT

PLACES = ("chainfin/services", "chainfin/audit", "chainfin/chain", "chainfin/connectors", "chainfin/runtime", "api")
KINDS = {"receivable", "warehouse_receipt"}
ROWS = {"ReceivableRow", "WarehouseReceiptRow"}

ALLOWED = {
    ("chainfin/services/pledges/assets.py", "isinstance(row, ReceivableRow)"): "where a row becomes an asset",
    ("chainfin/services/pledges/assets.py", "isinstance(asset, ReceivableRow)"): "asked of rows that aren't final yet",
    ("chainfin/services/oversight/evidence_facts.py", "isinstance(asset, ReceivableRow)"): "which table the ids are of",
    ("chainfin/services/oversight/evidence_people.py", "isinstance(asset, ReceivableRow)"): "who is named in a row",
    (
        "chainfin/services/pledges/release.py",
        "pledge.asset_kind != ReceiptAsset.kind",
    ): "what a smaller loan needs of goods goes by their price",
    (
        "chainfin/services/payments/buy_back.py",
        "pledge.asset_kind == 'receivable'",
    ): "the bank tells of payments on receivables alone",
    (
        "chainfin/services/payments/incoming.py",
        "purpose.kind == 'receivable'",
    ): "what a payer wrote, no kind of asset",
    (
        "chainfin/services/payments/parked_lines.py",
        "purpose.kind == 'receivable'",
    ): "what two persons said it pays, no kind of asset",
    (
        "chainfin/services/payments/whose.py",
        "purpose.kind != 'receivable'",
    ): "what it is said to pay, no kind of asset",
    (
        "chainfin/services/payments/bank_line.py",
        "purpose.kind == 'receivable'",
    ): "what a payer wrote, no kind of asset",
    (
        "chainfin/audit/trade_documents.py",
        "kind != 'warehouse_receipt'",
    ): "a kind of document, which the file discloses",
    (
        "chainfin/audit/collateral.py",
        "p.kind == 'warehouse_receipt'",
    ): "a kind of document, which the file discloses",
}
"""(file, fork) → why it stays."""


def forks(source: str) -> Iterator[str]:
    """Comparisons with the name of a kind, and questions of which table a row is."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            named = any(isinstance(side, ast.Constant) and side.value in KINDS for side in sides)
            if named or any(_is_kind(side) for side in sides):
                yield ast.unparse(node)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance" and ROWS & _names(node.args[1]):
            yield ast.unparse(node)


def _names(node: ast.expr) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _is_kind(side: ast.expr) -> bool:
    return ast.unparse(side).endswith(("Asset.kind", ".asset_kind"))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("pledge.asset_kind == 'receivable'", 1),
        ("row.asset_kind != ReceiptAsset.kind", 1),
        ("PledgeRow.asset_kind == 'warehouse_receipt'", 1),
        ("isinstance(asset.row, ReceivableRow)", 1),
        ("isinstance(row, (OrderRow, WarehouseReceiptRow))", 1),
        ("KINDS[pledge.asset_kind].priced", 0),
        ("row.status == 'issued'", 0),
    ],
)
def test_forks__of_each_form__found(source: str, found: int) -> None:
    assert len(list(forks(source))) == found


def test_kinds_of_assets__everywhere__asked_and_not_compared() -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), fork)
        for place in PLACES
        for path in (ROOT / place).rglob("*.py")
        for fork in forks(path.read_text(encoding="utf-8"))
    }
    assert found == set(ALLOWED)
