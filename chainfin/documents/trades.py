"""Sorts documents into trades: each order with what belongs to it. Copies are told from conflicting documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chainfin.documents.matching import belongs, same_party
from chainfin.documents.model import Document, DocumentKind


@dataclass(frozen=True, slots=True)
class Trade:
    """An order and the documents that name it, each kind by date; ``changes`` are changes and cancellations."""

    order: Document
    responses: tuple[Document, ...]
    despatches: tuple[Document, ...]
    receipts: tuple[Document, ...]
    invoices: tuple[Document, ...]
    credit_notes: tuple[Document, ...]
    changes: tuple[Document, ...]

    @property
    def can_be_financed(self) -> bool:
        """Whether it has all that a receivable needs: accepted by the seller as it stands, received, invoiced."""
        agreed = any(item.accepted for item in self.responses) and not self.changes
        return agreed and bool(self.receipts and self.invoices)


@dataclass(frozen=True, slots=True)
class Heap:
    """The trades, and the documents left over with the reason: copy, same_id_other_content, no_order."""

    trades: tuple[Trade, ...]
    left_over: tuple[tuple[Document, str], ...]


def assemble(documents: Sequence[Document]) -> Heap:
    """Sort ``documents`` into trades. Of two with the same kind, parties and id the first one counts.

    A document without a currency may belong to two orders with the same number and parties: it is given to each.
    """
    kept: list[Document] = []
    left: list[tuple[Document, str]] = []
    for document in documents:
        twin = next((other for other in kept if _same_identity(other, document)), None)
        if twin is None:
            kept.append(document)
        else:
            same = twin.canonical_bytes() == document.canonical_bytes()
            left.append((document, "copy" if same else "same_id_other_content"))
    orders = [document for document in kept if document.kind is DocumentKind.ORDER]
    trades = tuple(_trade(order, kept) for order in orders)
    placed = {id(item) for trade in trades for item in _all(trade)}
    left.extend((document, "no_order") for document in kept if id(document) not in placed)
    return Heap(trades, tuple(left))


def _trade(order: Document, documents: Sequence[Document]) -> Trade:
    def of(kind: DocumentKind) -> tuple[Document, ...]:
        found = (item for item in documents if item.kind is kind and belongs(order, item) is None)
        return tuple(sorted(found, key=lambda item: item.issue_date))

    invoices = of(DocumentKind.INVOICE)
    numbers = {invoice.id for invoice in invoices}
    notes = (
        item
        for item in documents
        if item.kind is DocumentKind.CREDIT_NOTE
        and numbers.intersection(item.references.invoices)
        and item.currency == order.currency
        and same_party(order.seller, item.seller)
        and same_party(order.buyer, item.buyer)
    )
    return Trade(
        order=order,
        responses=of(DocumentKind.ORDER_RESPONSE),
        despatches=of(DocumentKind.DESPATCH_ADVICE),
        receipts=of(DocumentKind.RECEIPT_ADVICE),
        invoices=invoices,
        credit_notes=tuple(sorted(notes, key=lambda item: item.issue_date)),
        changes=(*of(DocumentKind.ORDER_CHANGE), *of(DocumentKind.ORDER_CANCELLATION)),
    )


def _all(trade: Trade) -> Iterable[Document]:
    yield trade.order
    yield from (*trade.responses, *trade.despatches, *trade.receipts, *trade.invoices)
    yield from (*trade.credit_notes, *trade.changes)


def _same_identity(one: Document, other: Document) -> bool:
    """Same kind, number, currency and parties: one document, or two that claim to be it."""
    return (
        (one.kind, one.id, one.currency) == (other.kind, other.id, other.currency)
        and same_party(one.seller, other.seller)
        and same_party(one.buyer, other.buyer)
    )
