"""UBL 2.x trade documents (OASIS) read into the canonical form, a function for each document type.

Errors (BadInput), each with file and XPath: document_kind_unknown, document_incomplete, document_inconsistent,
currency_mismatch, currency_unknown, amount_malformed, amount_too_precise, amount_too_large, amount_negative,
amount_not_positive, quantity_malformed, quantity_too_precise, quantity_not_positive, unit_unknown, date_malformed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from lxml import etree

from chainfin.documents.model import Billing, Breach, Document, DocumentKind, Line, Party, References
from chainfin.documents.node import Node
from chainfin.documents.readers import bill, ubl_figures, ubl_money, ubl_parts
from chainfin.documents.readers.formats import UBL_NAMESPACE
from chainfin.documents.sums import StatedTotals
from chainfin.errors import BadInput

# Line statuses of an order response with which the seller agrees to the line as it is (UN/EDIFACT 1229: no action,
# accepted without amendment; and words in use). Any other adds, deletes, changes or refuses something.
_AGREEING: Final = frozenset({None, "4", "5", "NoStatus", "Accepted"})
# Response codes of the whole order: UN/ECE 4343 (AP accepted, AC/AB acknowledged, CA conditional, RE rejected).
_ACCEPTING: Final = frozenset({"AP", "accepted", "Accepted", "29"})


def read(root: etree._Element, *, source: str) -> Document:
    """The document at ``root``."""
    name = etree.QName(root)
    node = Node(root, f"/{name.localname}", source)
    reader = _READERS.get(name.localname)
    if reader is None or name.namespace != f"{UBL_NAMESPACE}{name.localname}-2":
        known = ", ".join(_READERS)
        raise BadInput(
            "document_kind_unknown",
            f"{name.localname} is no document that is read here (UBL 2: {known}; CII; FatturaPA)",
            where=node.where,
        )
    return reader(node)


def _lines(node: Node, step: str) -> Sequence[Node]:
    found = node.children(step)
    if not found:
        raise node.incomplete(step)
    return bill.not_too_many(found, node.where)


def _order(node: Node) -> Document:
    return _ordering(node, DocumentKind.ORDER)


def _order_change(node: Node) -> Document:
    return _ordering(node, DocumentKind.ORDER_CHANGE)


def _ordering(node: Node, kind: DocumentKind) -> Document:
    number, issued = _head(node)
    seller, buyer = _traders(node)
    nodes = _lines(node, "cac:OrderLine")
    items = tuple(item.need("cac:LineItem") for item in nodes)
    currency = ubl_money.currency_of(
        node,
        "cac:AnticipatedMonetaryTotal/cbc:PayableAmount",
        "cac:OrderLine/cac:LineItem/cbc:LineExtensionAmount",
    )
    lines = tuple(_order_line(item, currency) for item in items)
    return Document(
        kind=kind,
        id=number,
        issue_date=issued,
        seller=seller,
        buyer=buyer,
        currency=currency,
        lines=ubl_parts.unique_ids(lines, node),
        totals=ubl_money.order_totals(node, "cac:AnticipatedMonetaryTotal", lines, currency),
        terms=_terms(node),
        references=ubl_parts.references(node, items),
    )


def _order_line(item: Node, currency: str) -> Line:
    tax = ubl_money.not_negative(item, "cbc:TotalTaxAmount", currency)
    return ubl_parts.line(
        item,
        quantity=item.need_quantity("cbc:Quantity"),
        amount=ubl_money.ordered_amount(item, currency),
        tax=ubl_money.tax_total(item, currency) if tax is None else tax,
        currency=currency,
    )


def _order_cancellation(node: Node) -> Document:
    number, issued = _head(node)
    seller, buyer = _traders(node)
    return Document(
        kind=DocumentKind.ORDER_CANCELLATION,
        id=number,
        issue_date=issued,
        seller=seller,
        buyer=buyer,
        terms=node.text("cbc:CancellationNote"),
        references=_needing_order(node),
    )


def _order_response_simple(node: Node) -> Document:
    accepted = node.flag("cbc:AcceptedIndicator")
    if accepted is None:
        raise node.incomplete("cbc:AcceptedIndicator")
    number, issued = _head(node)
    seller, buyer = _traders(node)
    return Document(
        kind=DocumentKind.ORDER_RESPONSE,
        id=number,
        issue_date=issued,
        seller=seller,
        buyer=buyer,
        references=_needing_order(node),
        accepted=accepted,
        terms=node.text("cbc:RejectionNote"),
    )


def _order_response(node: Node) -> Document:
    """A full response accepts the order if its code says so, or without a code if no line is refused."""
    number, issued = _head(node)
    seller, buyer = _traders(node)
    items = tuple(item.need("cac:LineItem") for item in node.children("cac:OrderLine"))
    lines = tuple(ubl_parts.line(item, quantity=item.quantity("cbc:Quantity", zero=True)) for item in items)
    code = node.text("cbc:OrderResponseCode")
    refused = any(line.status not in _AGREEING for line in lines)
    return Document(
        kind=DocumentKind.ORDER_RESPONSE,
        id=number,
        issue_date=issued,
        seller=seller,
        buyer=buyer,
        lines=ubl_parts.unique_ids(lines, node),
        references=_needing_order(node),
        accepted=not refused and (code is None or code in _ACCEPTING),
    )


def _despatch_advice(node: Node) -> Document:
    return _goods(node, DocumentKind.DESPATCH_ADVICE, "cac:DespatchLine", "cbc:DeliveredQuantity")


def _receipt_advice(node: Node) -> Document:
    return _goods(node, DocumentKind.RECEIPT_ADVICE, "cac:ReceiptLine", "cbc:ReceivedQuantity")


def _goods(node: Node, kind: DocumentKind, step: str, quantity: str) -> Document:
    number, issued = _head(node)
    nodes = _lines(node, step)
    sent_back = kind is DocumentKind.RECEIPT_ADVICE
    lines = tuple(_goods_line(item, quantity, sent_back=sent_back) for item in nodes)
    return Document(
        kind=kind,
        id=number,
        issue_date=issued,
        seller=ubl_parts.party(node, "cac:SellerSupplierParty", "cac:DespatchSupplierParty"),
        buyer=ubl_parts.party(node, "cac:BuyerCustomerParty", "cac:DeliveryCustomerParty"),
        lines=ubl_parts.unique_ids(lines, node),
        references=ubl_parts.references(node, nodes),
    )


def _goods_line(item: Node, step: str, *, sent_back: bool) -> Line:
    """A line of goods. ``sent_back``: it may tell of goods that came before and go back now, by a quantity below zero,
    or by a rejected one where nothing is received."""
    quantity = item.need_quantity(step, zero=True, signed=sent_back)
    rejected = item.quantity("cbc:RejectedQuantity", zero=True)
    if rejected is not None and rejected[1] != quantity[1]:
        raise BadInput(
            "document_inconsistent",
            f"received in {quantity[1]} but rejected in {rejected[1]}",
            where=item.at("cbc:RejectedQuantity/@unitCode"),
        )
    if rejected is not None and rejected[0] > quantity[0] and not (sent_back and quantity[0] == 0):
        raise BadInput(
            "document_inconsistent", "more is rejected than was received", where=item.at("cbc:RejectedQuantity")
        )
    return ubl_parts.line(item, quantity=quantity, rejected=None if rejected is None else rejected[0])


def _invoice(node: Node) -> Document:
    return bill.document(_Bill(node, DocumentKind.INVOICE, "cac:InvoiceLine", "cbc:InvoicedQuantity"))


def _credit_note(node: Node) -> Document:
    return bill.document(_Bill(node, DocumentKind.CREDIT_NOTE, "cac:CreditNoteLine", "cbc:CreditedQuantity"))


@dataclass(frozen=True, slots=True)
class _Bill:
    """Where an invoice or credit note has its facts."""

    node: Node
    called: DocumentKind
    step: str
    quantity: str

    @property
    def where(self) -> str:
        return self.node.where

    def kind(self) -> DocumentKind:
        return self.called

    def head(self) -> tuple[str, date]:
        return _head(self.node)

    def seller(self) -> Party:
        return ubl_parts.party(self.node, "cac:AccountingSupplierParty")

    def buyer(self) -> Party:
        return ubl_parts.party(self.node, "cac:AccountingCustomerParty")

    def currency(self) -> str:
        amounts = ("cac:LegalMonetaryTotal/cbc:PayableAmount", f"{self.step}/cbc:LineExtensionAmount")
        return ubl_money.currency_of(self.node, *amounts)

    def lines(self) -> Sequence[Node]:
        return _lines(self.node, self.step)

    def line(self, place: Node, currency: str) -> Line:
        return ubl_parts.line(
            place,
            quantity=place.quantity(self.quantity, signed=True),
            amount=place.need_money("cbc:LineExtensionAmount", currency),
            tax=ubl_money.line_tax(place, currency),
            adjustment=ubl_money.adjustment(place, currency),
            currency=currency,
        )

    def totals(self, currency: str) -> StatedTotals:
        return ubl_money.totals(self.node, currency)

    def billing(self, currency: str) -> Billing:
        return ubl_money.billing(self.node, currency)

    def due_date(self) -> date | None:
        return _due_date(self.node)

    def terms(self) -> str | None:
        return _terms(self.node)

    def references(self) -> References:
        return ubl_parts.references(self.node, self.node.children(self.step))

    def breaches(self) -> tuple[Breach, ...]:
        return ubl_figures.breaches_of(self.node)


def _head(node: Node) -> tuple[str, date]:
    return node.need_text("cbc:ID"), node.need_date("cbc:IssueDate")


def _traders(node: Node) -> tuple[Party, Party]:
    return ubl_parts.party(node, "cac:SellerSupplierParty"), ubl_parts.party(node, "cac:BuyerCustomerParty")


def _needing_order(node: Node) -> References:
    found = ubl_parts.references(node)
    if not found.orders:
        raise node.incomplete("cac:OrderReference/cbc:ID", "the order that it answers")
    return found


def _due_date(node: Node) -> date | None:
    """The due date of the whole (UBL 2.1), else the one that a means of payment or the terms state (UBL 2.0)."""
    stated = node.date("cbc:DueDate")
    if stated is not None:
        return stated
    places = (*node.children("cac:PaymentMeans"), *node.children("cac:PaymentTerms"))
    dates = {place.date("cbc:PaymentDueDate") for place in places} - {None}
    (day,) = dates if len(dates) == 1 else (None,)  # several are instalments (`ubl_money.billing`)
    return day


def _terms(node: Node) -> str | None:
    notes = [item.own_text() for item in node.children("cac:PaymentTerms/cbc:Note")]
    return "\n".join(text for text in notes if text is not None) or None


_READERS: Final[Mapping[str, Callable[[Node], Document]]] = {
    "Order": _order,
    "OrderChange": _order_change,
    "OrderCancellation": _order_cancellation,
    "OrderResponse": _order_response,
    "OrderResponseSimple": _order_response_simple,
    "DespatchAdvice": _despatch_advice,
    "ReceiptAdvice": _receipt_advice,
    "Invoice": _invoice,
    "CreditNote": _credit_note,
}
