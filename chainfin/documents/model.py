"""The canonical form of a trade document: what a UBL file (or another format) says, once it has been read.

Frozen values only. `Document.canonical` gives plain JSON (amounts, quantities and dates as strings, nothing that is
missing), `canonical_bytes` its RFC 8785 bytes, and `Document.from_canonical` reads it back: the round trip is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeAlias, cast

import rfc8785

from chainfin.documents.fields import Fields, plain
from chainfin.values.money import Money

VERSION: Final = "chainfin/document/1"

Json: TypeAlias = "str | bool | Sequence[Json] | Mapping[str, Json]"


class DocumentKind(StrEnum):
    """What a document is, by its UBL name; both response types are one kind."""

    ORDER = "order"
    ORDER_RESPONSE = "order_response"
    ORDER_CHANGE = "order_change"
    ORDER_CANCELLATION = "order_cancellation"
    DESPATCH_ADVICE = "despatch_advice"
    RECEIPT_ADVICE = "receipt_advice"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class LegalId:
    """A party's identifier. ``kind`` is legal (company register), tax or party (any other); ``scheme`` as stated."""

    kind: str
    value: str
    scheme: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """Seller or buyer as the document names it. ``country`` is ISO 3166 alpha-2."""

    name: str | None
    legal_ids: tuple[LegalId, ...] = ()
    country: str | None = None

    @property
    def legal_id(self) -> str | None:
        """The best identifier that is stated: from the company register, else from the tax office, else any."""
        ranked = sorted(self.legal_ids, key=lambda item: ("legal", "tax", "party").index(item.kind))
        return ranked[0].value if ranked else None

    @property
    def label(self) -> str:
        return self.name or self.legal_id or ""


@dataclass(frozen=True, slots=True)
class Price:
    """``amount`` major units of the document's currency for ``base_quantity`` units. Shown, never computed with."""

    amount: Decimal
    base_quantity: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """A line. ``quantity`` in ``unit_code`` (UN/ECE Rec 20); ``rejected`` is the part of a receipt sent back."""

    id: str
    order_line_ref: str | None = None
    buyers_item_id: str | None = None
    sellers_item_id: str | None = None
    standard_item_id: str | None = None
    description: str | None = None
    quantity: Decimal | None = None
    unit_code: str | None = None
    rejected: Decimal | None = None
    price: Price | None = None
    line_amount: Money | None = None
    tax: Money | None = None

    @property
    def accepted(self) -> Decimal:
        """Quantity that stayed: what was received less what was rejected (the reading that favours the lender)."""
        return (self.quantity or Decimal(0)) - (self.rejected or Decimal(0))


@dataclass(frozen=True, slots=True)
class Totals:
    """All in the document's currency. ``payable`` is what the document asks for (an order may leave the tax out)."""

    line_total: Money
    allowance: Money
    charge: Money
    tax: Money
    prepaid: Money
    rounding: Money
    payable: Money

    @property
    def gross(self) -> Money:
        """Goods and tax after allowances and charges, before prepayment and rounding."""
        return self.line_total - self.allowance + self.charge + self.tax


@dataclass(frozen=True, slots=True)
class References:
    """Ids of the documents that this one refers to, in order of appearance, each once."""

    orders: tuple[str, ...] = ()
    invoices: tuple[str, ...] = ()
    despatches: tuple[str, ...] = ()
    receipts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A trade document. ``currency`` and ``totals`` are None where the kind carries no money."""

    kind: DocumentKind
    id: str
    issue_date: date
    seller: Party
    buyer: Party
    currency: str | None = None
    lines: tuple[Line, ...] = ()
    totals: Totals | None = None
    due_date: date | None = None
    terms: str | None = None
    references: References = field(default_factory=References)
    accepted: bool | None = None

    def canonical(self) -> dict[str, Json]:
        """Plain JSON, the same for the same facts whatever file they came from."""
        body: dict[str, Json | None] = {
            "version": VERSION,
            "kind": self.kind.value,
            "id": self.id,
            "issue_date": self.issue_date.isoformat(),
            "currency": self.currency,
            "seller": _party(self.seller),
            "buyer": _party(self.buyer),
            "lines": [_line(line) for line in self.lines],
            "totals": None if self.totals is None else _totals(self.totals),
            "due_date": None if self.due_date is None else self.due_date.isoformat(),
            "terms": self.terms,
            "references": {
                "orders": list(self.references.orders),
                "invoices": list(self.references.invoices),
                "despatches": list(self.references.despatches),
                "receipts": list(self.references.receipts),
            },
            "accepted": self.accepted,
        }
        return _stated(body)

    def canonical_bytes(self) -> bytes:
        """RFC 8785 bytes of `canonical`."""
        return rfc8785.dumps(cast("dict[str, object]", self.canonical()))  # type: ignore[arg-type]  # its alias is narrower than ours

    @classmethod
    def from_canonical(cls, body: Mapping[str, object]) -> Document:
        """Read `canonical` back. Raises BadInput document_canonical_invalid with a JSON pointer."""
        return _document(Fields(body, ""))


def money_of(line: Line) -> Money:
    """The net amount of a line of a kind that must state one (order, invoice, credit note)."""
    if line.line_amount is None:
        raise ValueError(f"line {line.id} has no amount: only orders, invoices and credit notes are reckoned")
    return line.line_amount


def _stated(body: Mapping[str, Json | None]) -> dict[str, Json]:
    return {key: value for key, value in body.items() if value is not None}


def _party(party: Party) -> dict[str, Json]:
    ids = [_stated({"kind": item.kind, "value": item.value, "scheme": item.scheme}) for item in party.legal_ids]
    return _stated({"name": party.name, "legal_ids": ids, "country": party.country})


def _line(line: Line) -> dict[str, Json]:
    price = line.price
    return _stated(
        {
            "id": line.id,
            "order_line_ref": line.order_line_ref,
            "buyers_item_id": line.buyers_item_id,
            "sellers_item_id": line.sellers_item_id,
            "standard_item_id": line.standard_item_id,
            "description": line.description,
            "quantity": plain(line.quantity),
            "unit_code": line.unit_code,
            "rejected": plain(line.rejected),
            "price": None
            if price is None
            else {"amount": plain(price.amount) or "0", "base_quantity": plain(price.base_quantity) or "0"},
            "line_amount": None if line.line_amount is None else str(line.line_amount),
            "tax": None if line.tax is None else str(line.tax),
        }
    )


TOTALS: Final = ("line_total", "allowance", "charge", "tax", "prepaid", "rounding", "payable")


def _totals(totals: Totals) -> dict[str, Json]:
    return {name: str(getattr(totals, name)) for name in TOTALS}


def _document(body: Fields) -> Document:
    body.equals("version", VERSION)
    kind = body.one_of("kind", DocumentKind)
    currency = body.text_or_none("currency")
    totals = body.child_or_none("totals")
    references = body.child("references")
    document = Document(
        kind=kind,
        id=body.text("id"),
        issue_date=body.date("issue_date"),
        seller=_read_party(body.child("seller")),
        buyer=_read_party(body.child("buyer")),
        currency=currency,
        lines=tuple(_read_line(line, currency) for line in body.children("lines")),
        totals=None if totals is None else Totals(*(totals.money(name, currency) for name in TOTALS)),
        due_date=body.date_or_none("due_date"),
        terms=body.text_or_none("terms"),
        references=References(*(references.texts(name) for name in ("orders", "invoices", "despatches", "receipts"))),
        accepted=body.flag_or_none("accepted"),
    )
    if document.canonical() != body.values:
        raise body.wrong("", "it is not in canonical form (an unknown field, or a number written another way)")
    return document


def _read_party(body: Fields) -> Party:
    ids = tuple(
        LegalId(item.text("kind"), item.text("value"), item.text_or_none("scheme"))
        for item in body.children("legal_ids")
    )
    return Party(body.text_or_none("name"), ids, body.text_or_none("country"))


def _read_line(body: Fields, currency: str | None) -> Line:
    price = body.child_or_none("price")
    return Line(
        id=body.text("id"),
        order_line_ref=body.text_or_none("order_line_ref"),
        buyers_item_id=body.text_or_none("buyers_item_id"),
        sellers_item_id=body.text_or_none("sellers_item_id"),
        standard_item_id=body.text_or_none("standard_item_id"),
        description=body.text_or_none("description"),
        quantity=body.decimal_or_none("quantity"),
        unit_code=body.text_or_none("unit_code"),
        rejected=body.decimal_or_none("rejected"),
        price=None if price is None else Price(price.decimal("amount"), price.decimal("base_quantity")),
        line_amount=body.money_or_none("line_amount", currency),
        tax=body.money_or_none("tax", currency),
    )
