"""数电票 (China's fully digital e-invoice) as XML, root ``EInvoice``, read into the canonical form.

UNVERIFIED: no specification and no real sample is public. The elements are those that public programs which take such
files in agree on:

- ``Header/EIid`` or ``TaxSupervisionInfo/InvoiceNumber``: the number (there is no 发票代码); the two have to agree
- ``TaxSupervisionInfo/IssueTime``, else ``EInvoiceData/BasicInformation/RequestTime``: the day of issue
- ``EInvoiceData/SellerInformation``, ``BuyerInformation``: ``SellerName``, ``SellerIdNum``, …
- ``EInvoiceData/BasicInformation``: ``TotalAmWithoutTax``, ``TotalTaxAm``, ``TotalTax-includedAmount``
- ``EInvoiceData/IssuItemInformation``, one a line: ``ItemName``, ``SpecMod``, ``MeaUnits``, ``Quantity``, ``UnPrice``,
  ``Amount``, ``TaxRate`` (0.13 or 13%; 免税, 不征税), ``ComTaxAm``

What a file leaves out is refused, never guessed. A red-letter invoice has amounts below zero, and makes no claim.
The tax bureau's signature in it isn't verified. Errors: as of UBL.
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
from chainfin.documents.readers.einvoice_cn import CURRENCY, UNITS
from chainfin.documents.sums import Stated, StatedTotals
from chainfin.errors import BadInput
from chainfin.values.money import Money

_DATA: Final = "EInvoiceData"
_BASIC: Final = f"{_DATA}/BasicInformation"
_WHOLE: Final = f"{_BASIC}/TotalTax-includedAmount"
_DAY: Final = re.compile(r"(\d{4}-\d{2}-\d{2})([ T].*)?", re.ASCII)
_PERCENT: Final = re.compile(r"(\d{1,2}(?:\.\d{1,4})?)%", re.ASCII)
_FRACTION: Final = re.compile(r"0(?:\.\d{1,6})?", re.ASCII)
_FREE: Final = frozenset({None, "免税", "不征税", "***"})


def read(root: etree._Element, *, source: str) -> Document:
    """The document at ``root``."""
    return bill.document(_Bill(Node(root, "/EInvoice", source)))


@dataclass(frozen=True, slots=True)
class _Bill:
    """Where an EInvoice has its facts."""

    node: Node

    @property
    def where(self) -> str:
        return self.node.where

    def kind(self) -> DocumentKind:
        return DocumentKind.INVOICE

    def head(self) -> tuple[str, dt.date]:
        stated = [self.node.text(step) for step in ("TaxSupervisionInfo/InvoiceNumber", "Header/EIid")]
        numbers = {number for number in stated if number is not None}
        if not numbers:
            raise self.node.incomplete("TaxSupervisionInfo/InvoiceNumber")
        if len(numbers) > 1:
            message = f"its number is {stated[0]}, and {stated[1]} in its head"
            raise BadInput("document_inconsistent", message, where=self.node.at("Header/EIid"))
        return numbers.pop(), self._issued()

    def _issued(self) -> dt.date:
        step = "TaxSupervisionInfo/IssueTime"
        if self.node.text(step) is None:
            step = f"{_BASIC}/RequestTime"
        stated = self.node.need_text(step)
        found = _DAY.fullmatch(stated)
        try:
            if found is None:
                raise ValueError(stated)
            return dt.date.fromisoformat(found[1])
        except ValueError:
            message = f"{stated!r} is not a date (YYYY-MM-DD)"
            raise BadInput("date_malformed", message, where=self.node.at(step)) from None

    def seller(self) -> Party:
        return self._party("Seller")

    def buyer(self) -> Party:
        return self._party("Buyer")

    def _party(self, role: str) -> Party:
        body = self.node.need(f"{_DATA}/{role}Information")
        name, number = body.text(f"{role}Name"), body.text(f"{role}IdNum")
        if name is None and number is None:
            raise body.incomplete(f"{role}Name", "the party's name or tax number")
        return Party(name, () if number is None else (LegalId("tax", number),), None)

    def currency(self) -> str:
        return CURRENCY

    def lines(self) -> Sequence[Node]:
        found = self.node.children(f"{_DATA}/IssuItemInformation")
        if not found:
            raise self.node.incomplete(f"{_DATA}/IssuItemInformation")
        return bill.not_too_many(found, self.where)

    def line(self, place: Node, currency: str) -> Line:
        quantity, price = _number(place, "Quantity"), _number(place, "UnPrice", MAX_PRICE_DECIMALS)
        parts = (place.text("ItemName"), place.text("SpecMod"))
        return Line(
            id=str(_place_of(place)),
            description=" ".join(part for part in parts if part is not None) or None,
            quantity=quantity,
            unit_code=None if quantity is None else words.unit(place.text("MeaUnits"), UNITS),
            price=None if price is None else Price(price, Decimal(1)),
            line_amount=place.need_amount("Amount", currency),
            tax=_tax(place, currency),
        )

    def totals(self, currency: str) -> StatedTotals:
        def stated(step: str) -> Stated:
            return Stated(self.node.amount(step, currency), self.node.at(step))

        self.node.need_amount(_WHOLE, currency)
        nothing, whole = Stated(None, self.where), stated(_WHOLE)
        return StatedTotals(
            lines=nothing,
            allowance=nothing,
            charge=nothing,
            net=stated(f"{_BASIC}/TotalAmWithoutTax"),
            tax=stated(f"{_BASIC}/TotalTaxAm"),
            gross=whole,
            prepaid=nothing,
            rounding=nothing,
            payable=whole,
        )

    def billing(self, currency: str) -> Billing:
        """Tax by rate is added up from the lines."""
        zero = Money.zero(currency)
        by_rate: dict[Decimal | None, tuple[Money, Money]] = {}
        for place in self.lines():
            net, tax = by_rate.get(rate := _rate(place), (zero, zero))
            by_rate[rate] = (net + place.need_amount("Amount", currency), tax + (_tax(place, currency) or zero))
        return Billing(
            taxes=tuple(TaxPart("E" if rate is None else "S", rate, net, tax) for rate, (net, tax) in by_rate.items())
        )

    def due_date(self) -> dt.date | None:
        return None

    def terms(self) -> str | None:
        return None

    def breaches(self) -> tuple[Breach, ...]:
        """EN 16931 has no rules for this format's figures."""
        return ()

    def references(self) -> References:
        return References()


def _place_of(place: Node) -> int:
    """Lines have no number: their place among the lines stands for one."""
    above = place.element.getparent()
    assert above is not None, "a line stands in its document"
    return above.findall(place.element.tag).index(place.element) + 1


def _number(place: Node, step: str, decimals: int | None = None) -> Decimal | None:
    found = place.child(step)
    if found is None or found.own_text() is None:
        return None
    value = found.decimal()
    return plain_quantity(value, found.where) if decimals is None else plain_quantity(value, found.where, decimals)


def _tax(place: Node, currency: str) -> Money | None:
    return None if place.text("ComTaxAm") in _FREE else place.amount("ComTaxAm", currency)


def _rate(place: Node) -> Decimal | None:
    """In percent; None where the line is free of tax. Raises quantity_malformed."""
    stated = place.text("TaxRate")
    if stated in _FREE:
        return None
    assert stated is not None, "nothing stated is free of tax"
    percent = _PERCENT.fullmatch(stated)
    if percent is None and _FRACTION.fullmatch(stated) is None:
        message = f"{stated!r} is no rate of tax (0.13, 13%, 免税)"
        raise BadInput("quantity_malformed", message, where=place.at("TaxRate"))
    return plain_quantity(Decimal(percent[1]) if percent else Decimal(stated) * 100, place.at("TaxRate"))
