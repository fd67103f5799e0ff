"""Amounts as trade documents: one line, a fen a piece. So the rules of orders, which read documents, are the model."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from chainfin.documents.model import Document, DocumentKind, Line, Party, References, Totals
from chainfin.values.money import Money

_DAY = date(2026, 3, 2)


def paper(kind: DocumentKind, order: bytes, buyer: str, seller: str, currency: str, amount: int) -> Document:
    """A document of ``kind`` about ``amount`` fen of the order."""
    value, nothing = Money(amount, currency), Money(0, currency)
    line = Line("1", order_line_ref="1", quantity=Decimal(amount), unit_code="C62", line_amount=value, tax=nothing)
    name = order.hex()
    return Document(
        kind, name, _DAY, Party(seller), Party(buyer), currency, (line,),
        Totals(value, nothing, nothing, nothing, nothing, nothing, value),
        references=References(orders=(name,)), accepted=True,
    )  # fmt: skip
