"""The invoice in a Chinese e-invoice's OFD (``original_invoice.xml``, root ``eInvoice``) read into the canonical form.

No specification is public: the elements are those that public samples show. The number is 发票代码 (where there is
one) and 发票号码 together, since numbers are counted anew for each code. ``Payee`` is the clerk who took the money
(收款人), and no party. A red-letter invoice has amounts below zero, and makes no claim. Errors: as of UBL.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from lxml import etree

from chainfin.documents.model import (
    Billing,
    Breach,
    Document,
    DocumentKind,
    LegalId,
    Line,
    Party,
    Price,
    References,
    TaxPart,
)
from chainfin.documents.node import Node, plain_quantity
from chainfin.documents.readers import bill, words
from chainfin.documents.readers.bill import MAX_PRICE_DECIMALS
from chainfin.documents.sums import Stated, StatedTotals
from chainfin.errors import BadInput
from chainfin.values.money import Money

CURRENCY: Final = "CNY"
_DATE: Final = re.compile(r"(\d{4})[年-](\d{1,2})[月-](\d{1,2})日?", re.ASCII)
_RATE: Final = re.compile(r"(\d{1,2}(?:\.\d{1,4})?)%", re.ASCII)
UNITS: Final = {
    "千克": "KGM", "公斤": "KGM", "克": "GRM", "吨": "TNE", "升": "LTR", "毫升": "MLT", "米": "MTR", "平方米": "MTK",
    "立方米": "MTQ", "个": "C62", "件": "C62", "台": "C62", "只": "C62", "套": "SET", "双": "PR", "小时": "HUR",
    "天": "DAY",
}  # fmt: skip


def read(root: etree._Element, *, source: str) -> Document:
    """The document at ``root``."""
    return bill.document(_Bill(Node(root, "/eInvoice", source)))


@dataclass(frozen=True, slots=True)
class _Bill:
    """Where an eInvoice has its facts."""

    node: Node

    @property
    def where(self) -> str:
        return self.node.where

    def kind(self) -> DocumentKind:
        return DocumentKind.INVOICE

    def head(self) -> tuple[str, dt.date]:
        number = (self.node.text("fp:InvoiceCode") or "") + self.node.need_text("fp:InvoiceNo")
        stated = self.node.need_text("fp:IssueDate")
        found = _DATE.fullmatch(stated)
        try:
            if found is None:
                raise ValueError(stated)
            return number, dt.date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            where = self.node.at("fp:IssueDate")
            raise BadInput("date_malformed", f"{stated!r} is not a date (YYYY年MM月DD日)", where=where) from None

    def seller(self) -> Party:
        return self._party("Seller")

    def buyer(self) -> Party:
        return self._party("Buyer")

    def _party(self, role: str) -> Party:
        body = self.node.need(f"fp:{role}")
        name, number = body.text(f"fp:{role}Name"), body.text(f"fp:{role}TaxID")
        if name is None and number is None:
            raise body.incomplete(f"fp:{role}Name", "the party's name or tax number")
        return Party(name, () if number is None else (LegalId("tax", number),), None)

    def currency(self) -> str:
        return CURRENCY

    def lines(self) -> Sequence[Node]:
        found = self.node.children("fp:GoodsInfos/fp:GoodsInfo")
        if not found:
            raise self.node.incomplete("fp:GoodsInfos/fp:GoodsInfo")
        return bill.not_too_many(found, self.where)

    def line(self, place: Node, currency: str) -> Line:
        quantity, price = _number(place, "fp:Quantity"), _number(place, "fp:Price", MAX_PRICE_DECIMALS)
        parts = (place.text("fp:Item"), place.text("fp:Specification"))
        return Line(
            id=str(self._number_of(place)),
            description=" ".join(part for part in parts if part is not None) or None,
            quantity=quantity,
            unit_code=None if quantity is None else words.unit(place.text("fp:MeasurementDimension"), UNITS),
            price=None if price is None else Price(price, Decimal(1)),
            line_amount=place.need_amount("fp:Amount", currency),
            tax=_amount(place, "fp:TaxAmount", currency),
        )

    def _number_of(self, place: Node) -> int:
        """Lines have no number: their place stands for one."""
        above = place.element.getparent()
        assert above is not None, "a line stands in its list"
        return above.index(place.element) + 1

    def totals(self, currency: str) -> StatedTotals:
        def stated(step: str) -> Stated:
            return Stated(self.node.amount(step, currency), self.node.at(step))

        self.node.need_amount("fp:TaxInclusiveTotalAmount", currency)
        nothing = Stated(None, self.where)
        whole = stated("fp:TaxInclusiveTotalAmount")
        return StatedTotals(
            lines=nothing,
            allowance=nothing,
            charge=nothing,
            net=stated("fp:TaxExclusiveTotalAmount"),
            tax=stated("fp:TaxTotalAmount"),
            gross=whole,
            prepaid=nothing,
            rounding=nothing,
            payable=whole,
        )

    def billing(self, currency: str) -> Billing:
        """Tax by rate is added up from the lines. A type other than the plain one (0) is kept, and makes no claim."""
        stated = self.node.text("fp:TypeCode")
        by_rate: dict[Decimal | None, list[tuple[Money, Money]]] = {}
        zero = Money.zero(currency)
        for place in self.lines():
            net, tax = place.need_amount("fp:Amount", currency), _amount(place, "fp:TaxAmount", currency)
            by_rate.setdefault(_rate(place), []).append((net, tax or zero))
        zero = Money.zero(currency)
        return Billing(
            type_code=None if stated in (None, "0") else f"TypeCode {stated}",
            taxes=tuple(
                TaxPart(
                    category="E" if rate is None else "S",
                    percent=rate,
                    taxable=sum((net for net, _ in each), zero),
                    tax=sum((tax for _, tax in each), zero),
                )
                for rate, each in by_rate.items()
            ),
        )

    def due_date(self) -> dt.date | None:
        return None

    def terms(self) -> str | None:
        return self.node.text("fp:Note")

    def breaches(self) -> tuple[Breach, ...]:
        """EN 16931 has no rules for this format's figures."""
        return ()

    def references(self) -> References:
        return References()


def _rate(place: Node) -> Decimal | None:
    """The rate of a line; None where it is free of tax (免税, 不征税)."""
    found = _RATE.fullmatch(place.text("fp:TaxScheme") or "")
    return None if found is None else plain_quantity(Decimal(found[1]), place.where)


def _number(place: Node, step: str, decimals: int = 6) -> Decimal | None:
    if place.text(step) is None:
        return None
    found = place.need(step)
    return plain_quantity(found.decimal(), found.where, decimals)


def _amount(place: Node, step: str, currency: str) -> Money | None:
    """An amount; None where it isn't stated or starred out."""
    return None if place.text(step) in (None, "***", "*") else place.amount(step, currency)
