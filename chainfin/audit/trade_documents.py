"""Disclosed fields of trade documents, each proven against the root that an event put on chain, and what they say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from chainfin.audit.bundle import DocumentPart
from chainfin.audit.facts import Fact, ProvenFacts
from chainfin.audit.report import Findings
from chainfin.documents.commitment import Disclosure, verify
from chainfin.errors import Refused
from chainfin.eth.abi import from_hex
from chainfin.values.money import Money

KINDS: Final[Mapping[str, str]] = {
    "Orders.Posted": "order",
    "Orders.Amended": "order",
    "Orders.GoodsReceived": "receipt_advice",
    "Receivables.Issued": "invoice",
    "WarehouseReceipts.Issued": "warehouse_receipt",
}
"""Events whose documents may be in a bundle, and what the documents are called."""

NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "order": ("/kind", "/id", "/currency"),
    "receipt_advice": ("/kind", "/id"),
    "invoice": ("/kind", "/id", "/currency", "/totals/payable"),
    "warehouse_receipt": ("/number", "/unit", "/quantity", "/goods/commodity"),
}
"""Fields without which a document says too little."""

DISCLOSED: Final = re.compile(
    r"/(kind|id|currency|issue_date|due_date|number|unit|quantity)"
    r"|/totals/payable"
    r"|/(seller|buyer)/legal_ids/\d+/(kind|value|scheme)"
    r"|/lines/\d+/(id|order_line_ref|quantity|unit_code|rejected|line_amount)"
    r"|/references/(orders|receipts|despatches)(/\d+)?"
    r"|/goods/(commodity|commodity_class|insured|grade)"
    r"|/lot/(site|number|seal|meter)|/lot/photos/\d+"
)
"""The fields that a bundle discloses: what a check needs, nothing of names, descriptions or prices."""

_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class TradeDocument:
    """What is shown of one document: JSON pointer → value."""

    kind: str
    fact: Fact
    fields: Mapping[str, Any]

    def text(self, path: str) -> str:
        """Raises Refused field_not_disclosed."""
        if path not in self.fields:
            raise Refused("field_not_disclosed", f"the {self.kind} doesn't disclose {path}", where=path)
        return str(self.fields[path])

    def under(self, pattern: str) -> dict[str, str]:
        """Fields whose pointer matches ``pattern`` fully: the pattern's first group → value."""
        found = ((re.fullmatch(pattern, path), value) for path, value in self.fields.items())
        return {match.group(1): str(value) for match, value in found if match}


def check_documents(parts: list[DocumentPart], proven: ProvenFacts, findings: Findings) -> list[TradeDocument]:
    """Every disclosed field is proven by its root, every kind shows what it must. Returns the valid documents."""
    documents: list[TradeDocument] = []
    for place, part in enumerate(parts):
        fact = proven.numbered(part.fact)
        kind = KINDS.get(fact.event) if fact else None
        if fact is None or kind is None:
            findings.check(f"document {place}", False, f"fact {part.fact} is not proven, or carries no document")
            continue
        document = _disclosed(part, fact, kind, findings)
        if document is not None:
            documents.append(document)
    return documents


def _disclosed(part: DocumentPart, fact: Fact, kind: str, findings: Findings) -> TradeDocument | None:
    root = from_hex(fact.text("documentRoot"))
    fields: dict[str, Any] = {}
    sound = True
    for field in part.fields:
        name = f"document {kind}: disclosure {str(field.get('path'))[:80]}"
        try:
            disclosure = Disclosure.from_json(field)
            verify(root, disclosure)
        except (Refused, ValueError, TypeError) as error:
            sound = findings.check(name, False, str(error))
            continue
        if disclosure.to_json() != field or disclosure.path in fields:
            sound = findings.check(name, False, "stated twice, or in another form than its own")
            continue
        fields[disclosure.path] = disclosure.value
    missing = [path for path in NEEDED[kind] if path not in fields]
    if missing:
        sound = findings.check(f"document {kind}: disclosure {missing[0]}", False, "it is not disclosed")
    if kind != "warehouse_receipt" and fields.get("/kind") not in (kind, None):
        sound = findings.check(f"document {kind}: disclosure /kind", False, f"it is a {fields['/kind']}")
    if sound:
        findings.check(f"document {kind}", True, f"{len(fields)} fields prove themselves against {fact.event}")
    return TradeDocument(kind, fact, fields) if sound else None


def check_invoice(invoice: TradeDocument, order: TradeDocument, currency: str, findings: Findings) -> None:
    """The receivable is what the invoice says, or less; the invoice bills this order."""
    fact = invoice.fact
    with findings.attempt("document invoice: payable"):
        findings.equal("document invoice: currency", invoice.text("/currency"), currency)
        payable = Money.parse(invoice.text("/totals/payable"), invoice.text("/currency"))
        face = Money(fact.count("face"), currency)
        what = f"payable {payable} covers the face {face}"
        findings.check("document invoice: payable", payable >= face, what)
    if "/due_date" in invoice.fields:
        with findings.attempt("document invoice: due date"):
            due = _EPOCH + timedelta(days=fact.count("dueDay"))
            findings.equal("document invoice: due date", invoice.text("/due_date"), due.isoformat())
    else:
        findings.not_compared("document invoice: due date", "the invoice discloses none; the debtor confirmed one")
    with findings.attempt("document invoice: order"):
        named = invoice.under(r"/references/orders/(\d+)").values()
        findings.check("document invoice: order", order.text("/id") in named, f"it refers to order {order.text('/id')}")


def check_receipts(order: TradeDocument, receipts: list[TradeDocument], findings: Findings) -> None:
    """Nothing was received that wasn't ordered: by line, in the order's unit, what was rejected left out."""
    with findings.attempt("documents: quantities"):
        ids = order.under(r"/lines/(\d+)/id")
        ordered = {ids[n]: Decimal(q) for n, q in order.under(r"/lines/(\d+)/quantity").items()}
        units = {ids[n]: unit for n, unit in order.under(r"/lines/(\d+)/unit_code").items()}
        received: dict[str, Decimal] = {}
        for document in receipts:
            lines = document.under(r"/lines/(\d+)/order_line_ref")
            rejected = document.under(r"/lines/(\d+)/rejected")
            unit_codes = document.under(r"/lines/(\d+)/unit_code")
            for n, quantity in document.under(r"/lines/(\d+)/quantity").items():
                line = lines.get(n, n)
                if line not in ordered:
                    continue  # a line that can't be told from the disclosed fields adds nothing here
                if unit_codes.get(n) != units.get(line):
                    raise Refused("unit_mismatch", f"line {line} was ordered in {units.get(line)}")
                left = Decimal(quantity) - Decimal(rejected.get(n, "0"))
                received[line] = received.get(line, Decimal(0)) + left
        above = [line for line, quantity in received.items() if quantity > ordered[line]]
        shown = ", ".join(f"{line}: {received[line]} of {ordered[line]}" for line in sorted(received))
        findings.check("documents: quantities", not above, f"received of ordered by line: {shown or 'none told'}")


def check_parties(document: TradeDocument, sides: Mapping[str, str], findings: Findings) -> None:
    """The document's seller and buyer are the parties whose commitments on chain were opened."""
    for side, legal in sides.items():
        named = document.under(rf"/{side}/legal_ids/(\d+)/value").values()
        name = f"document {document.kind}: {side}"
        if legal in named:
            findings.check(name, True, legal)
        else:
            # a document may name a party by another number (a tax number, an account with the partner)
            findings.not_compared(name, f"it names the {side} by {', '.join(named) or 'no number'}, not by {legal}")
