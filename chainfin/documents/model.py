"""The canonical form of a trade document: what a UBL file (or another format) says, once it has been read.

Frozen values only. `Document.canonical` gives plain JSON (amounts, quantities and dates as strings, nothing that is
missing), `canonical_bytes` its RFC 8785 bytes, and `Document.from_canonical` reads it back: the round trip is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Final, TypeAlias

from chainfin.canon import canonical_bytes
from chainfin.documents.fields import Fields, plain
from chainfin.documents.parts import (
    NO_BILLING,
    Billing,
    Breach,
    Instalment,
    LegalId,
    Line,
    Party,
    Price,
    References,
    TaxPart,
    Totals,
    money_of,
)
from chainfin.values.money import Money

__all__ = [
    "NO_BILLING", "Billing", "Breach", "Document", "DocumentKind", "Instalment", "LegalId", "Line", "Party", "Price",
    "References", "TaxPart", "Totals", "as_first_read", "money_of",
]  # fmt: skip

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
class Document:
    """A trade document. ``currency`` and ``totals`` are None where the kind carries no money.

    ``breaches``: the rules that its file breaks. They are of the file, not of the trade: no part of the canonical form.
    """

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
    billing: Billing = NO_BILLING
    breaches: tuple[Breach, ...] = field(default=(), compare=False)

    @property
    def claim(self) -> Money:
        """What an invoice makes its buyer owe: what is payable, less the tax that the buyer keeps back (an invoice may
        have taken it off already)."""
        totals, withheld = self.totals, self.billing.withheld
        if totals is None:
            raise ValueError("only a document with amounts makes a claim")
        if withheld is None:
            return totals.payable
        return min(totals.payable, totals.gross - totals.prepaid + totals.rounding - withheld)

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
            "billing": _billing(self.billing) or None,
        }
        return _stated(body)

    def canonical_bytes(self) -> bytes:
        """RFC 8785 bytes of `canonical`."""
        return canonical_bytes(self.canonical())

    @classmethod
    def from_canonical(cls, body: Mapping[str, object]) -> Document:
        """Read `canonical` back. Raises BadInput document_canonical_invalid with a JSON pointer."""
        return _document(Fields(body, ""))


def as_first_read(document: Document) -> Document:
    """The document with the facts alone that the first readers took down: claims of that time commit to these."""
    lines = tuple(replace(line, order_ref=None, status=None, adjustment=None) for line in document.lines)
    return replace(document, lines=lines, billing=NO_BILLING)


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
            "order_ref": line.order_ref,
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
            "status": line.status,
            "adjustment": None if line.adjustment is None else str(line.adjustment),
        }
    )


def _billing(billing: Billing) -> dict[str, Json]:
    """What is stated of it: nothing at all of documents from before it was read, so that these keep their form."""
    amounts = {name: getattr(billing, name) for name in BILLED}
    taxes = [
        _stated(
            {
                "category": part.category,
                "percent": plain(part.percent),
                "taxable": None if part.taxable is None else str(part.taxable),
                "tax": str(part.tax),
            }
        )
        for part in billing.taxes
    ]
    instalments = [
        _stated({"due_date": each.due_date.isoformat(), "amount": None if each.amount is None else str(each.amount)})
        for each in billing.instalments
    ]
    return _stated(
        {
            "type_code": billing.type_code,
            "copy": billing.copy,
            "payee": None if billing.payee is None else _party(billing.payee),
            **{name: None if amount is None else str(amount) for name, amount in amounts.items()},
            "taxes": taxes or None,
            "instalments": instalments or None,
        }
    )


BILLED: Final = ("withheld", "prepayments", "allowances", "charges")
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
        lines=tuple(
            _read_line(line, currency, signed=kind is DocumentKind.RECEIPT_ADVICE) for line in body.children("lines")
        ),
        totals=None if totals is None else Totals(*(totals.money(name, currency) for name in TOTALS)),
        due_date=body.date_or_none("due_date"),
        terms=body.text_or_none("terms"),
        references=References(*(references.texts(name) for name in ("orders", "invoices", "despatches", "receipts"))),
        accepted=body.flag_or_none("accepted"),
        billing=_read_billing(body.child_or_none("billing"), currency),
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


def _read_line(body: Fields, currency: str | None, *, signed: bool) -> Line:
    price = body.child_or_none("price")
    return Line(
        id=body.text("id"),
        order_line_ref=body.text_or_none("order_line_ref"),
        order_ref=body.text_or_none("order_ref"),
        buyers_item_id=body.text_or_none("buyers_item_id"),
        sellers_item_id=body.text_or_none("sellers_item_id"),
        standard_item_id=body.text_or_none("standard_item_id"),
        description=body.text_or_none("description"),
        quantity=body.decimal_or_none("quantity", signed=signed),
        unit_code=body.text_or_none("unit_code"),
        rejected=body.decimal_or_none("rejected"),
        price=None if price is None else Price(price.decimal("amount"), price.decimal("base_quantity")),
        line_amount=body.money_or_none("line_amount", currency),
        tax=body.money_or_none("tax", currency),
        status=body.text_or_none("status"),
        adjustment=body.money_or_none("adjustment", currency),
    )


def _read_billing(body: Fields | None, currency: str | None) -> Billing:
    if body is None:
        return NO_BILLING
    payee = body.child_or_none("payee")
    amounts = {name: body.money_or_none(name, currency) for name in BILLED}
    return Billing(
        type_code=body.text_or_none("type_code"),
        copy=body.flag_or_none("copy"),
        payee=None if payee is None else _read_party(payee),
        taxes=tuple(
            TaxPart(
                part.text_or_none("category"),
                part.decimal_or_none("percent"),
                part.money_or_none("taxable", currency),
                part.money("tax", currency),
            )
            for part in body.children_or_none("taxes")
        ),
        instalments=tuple(
            Instalment(each.date("due_date"), each.money_or_none("amount", currency))
            for each in body.children_or_none("instalments")
        ),
        **amounts,
    )
