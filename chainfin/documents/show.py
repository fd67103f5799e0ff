"""A document for people and for `--json`: the facts that decide about the trade, amounts as strings."""

from __future__ import annotations

from chainfin.documents import units
from chainfin.documents.commitment import Commitment
from chainfin.documents.fields import plain
from chainfin.documents.model import Document, Line, Party


def summary(document: Document) -> dict[str, object]:
    """What ``chainfin documents show`` prints, JSON-able, in the order in which it is to be read."""
    shown: dict[str, object] = {
        "kind": document.kind.value,
        "id": document.id,
        "issue_date": document.issue_date.isoformat(),
        "seller": _party(document.seller),
        "buyer": _party(document.buyer),
    }
    if document.currency is not None:
        shown["currency"] = document.currency
    if document.totals is not None:
        shown["gross"] = str(document.totals.gross)
        shown["tax"] = str(document.totals.tax)
        shown["prepaid"] = str(document.totals.prepaid)
        shown["payable"] = str(document.totals.payable)
    if document.due_date is not None:
        shown["due_date"] = document.due_date.isoformat()
    if document.terms is not None:
        shown["terms"] = document.terms
    billing = document.canonical().get("billing")
    if billing is not None:
        shown["billing"] = billing
    if document.accepted is not None:
        shown["accepted"] = document.accepted
    references = document.references
    named = {
        "orders": references.orders,
        "invoices": references.invoices,
        "despatches": references.despatches,
        "receipts": references.receipts,
    }
    shown["references"] = {name: list(ids) for name, ids in named.items() if ids}
    shown["lines"] = [
        {
            "id": line.id,
            "description": line.description,
            "quantity": plain(line.quantity),
            "unit": None if line.unit_code is None else units.name(line.unit_code),
            "amount": None if line.line_amount is None else str(line.line_amount),
            **_stated(line),
        }
        for line in document.lines
    ]
    if document.breaches:
        shown["breaches"] = [each.to_json() for each in document.breaches]
    return shown


def _stated(line: Line) -> dict[str, str]:
    """What else the line says that decides about it, where it says so."""
    facts = {"order": line.order_ref, "order_line": line.order_line_ref, "status": line.status}
    facts |= {"rejected": plain(line.rejected)}
    return {name: value for name, value in facts.items() if value is not None}


def commitment_summary(commitment: Commitment) -> dict[str, object]:
    """What ``chainfin documents commit`` prints: the root, the number of leaves and the fields' paths (no values)."""
    return {
        "root": "0x" + commitment.root.hex(),
        "leaf_count": len(commitment.leaves),
        "paths": [leaf.path for leaf in commitment.leaves],
    }


def _party(party: Party) -> dict[str, object]:
    return {"name": party.name, "legal_id": party.legal_id, "country": party.country}
