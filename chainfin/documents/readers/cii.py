"""UN/CEFACT CrossIndustryInvoice (D16B, D22B; also what Factur-X, ZUGFeRD 2 and XRechnung carry), read as canonical.

The facts are those of EN 16931's binding to CII (EN 16931-3-3) and of Factur-X's EXTENDED profile. Errors: as of UBL.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from chainfin.documents.model import Billing, Breach, Document, DocumentKind, LegalId, Line, Party, References, TaxPart
from chainfin.documents.node import Node, known_currency, plain_quantity
from chainfin.documents.readers import bill, cii_figures
from chainfin.documents.readers.bill import added, unique
from chainfin.documents.sums import Stated, StatedTotals
from chainfin.errors import BadInput
from chainfin.values.money import Money

CREDIT_NOTES: Final = frozenset({"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"})
"""Types (UN/EDIFACT 1001, as EN 16931 allows them) that make a claim smaller: one root element serves for both."""

_TRADE: Final = "rsm:SupplyChainTradeTransaction"
_AGREEMENT: Final = f"{_TRADE}/ram:ApplicableHeaderTradeAgreement"
_DELIVERY: Final = f"{_TRADE}/ram:ApplicableHeaderTradeDelivery"
_SETTLEMENT: Final = f"{_TRADE}/ram:ApplicableHeaderTradeSettlement"
_LINE_AMOUNT: Final = "ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"

# A line that only groups others, or only tells something (Factur-X EXTENDED): its amount is in the other lines.
_NOT_BILLED: Final = frozenset({"GROUP", "INFORMATION"})


def read(root: etree._Element, *, source: str) -> Document:
    """The document at ``root``."""
    return bill.document(_Bill(Node(root, "/rsm:CrossIndustryInvoice", source)))


@dataclass(frozen=True, slots=True)
class _Bill:
    """Where a CrossIndustryInvoice has its facts."""

    node: Node

    @property
    def where(self) -> str:
        return self.node.where

    @property
    def _settlement(self) -> Node:
        return self.node.need(_SETTLEMENT)

    def kind(self) -> DocumentKind:
        credits = self.node.need_text("rsm:ExchangedDocument/ram:TypeCode") in CREDIT_NOTES
        return DocumentKind.CREDIT_NOTE if credits else DocumentKind.INVOICE

    def head(self) -> tuple[str, dt.date]:
        head = self.node.need("rsm:ExchangedDocument")
        issued = _date(head, "ram:IssueDateTime")
        if issued is None:
            raise head.incomplete("ram:IssueDateTime")
        return head.need_text("ram:ID"), issued

    def seller(self) -> Party:
        return _party(self.node.need(f"{_AGREEMENT}/ram:SellerTradeParty"))

    def buyer(self) -> Party:
        return _party(self.node.need(f"{_AGREEMENT}/ram:BuyerTradeParty"))

    def currency(self) -> str:
        """As declared, else that of what is due (ZUGFeRD 1 states it with every amount)."""
        place = self._settlement
        declared = place.text("ram:InvoiceCurrencyCode")
        due = place.child("ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:DuePayableAmount")
        stated = None if due is None else due.attribute("currencyID")
        if declared is None and due is not None and stated is not None:
            return known_currency(stated, f"{due.where}/@currencyID")
        return known_currency(place.need_text("ram:InvoiceCurrencyCode"), place.at("ram:InvoiceCurrencyCode"))

    def lines(self) -> Sequence[Node]:
        """None in the profiles that only carry totals (MINIMUM, BASIC WL)."""
        found = self.node.children(f"{_TRADE}/ram:IncludedSupplyChainTradeLineItem")
        bill.not_too_many(found, self.where)
        status = "ram:AssociatedDocumentLineDocument/ram:LineStatusReasonCode"
        return [place for place in found if place.text(status) not in _NOT_BILLED]

    def line(self, place: Node, currency: str) -> Line:
        settled = place.need("ram:SpecifiedLineTradeSettlement")
        product = "ram:SpecifiedTradeProduct"
        order = "ram:SpecifiedLineTradeAgreement/ram:BuyerOrderReferencedDocument"
        net = "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice"
        quantity = place.quantity("ram:SpecifiedLineTradeDelivery/ram:BilledQuantity", signed=True)
        price = place.child(f"{net}/ram:ChargeAmount")
        return Line(
            id=place.need_text("ram:AssociatedDocumentLineDocument/ram:LineID"),
            order_line_ref=place.text(f"{order}/ram:LineID"),
            order_ref=place.text(f"{order}/ram:IssuerAssignedID"),
            buyers_item_id=place.text(f"{product}/ram:BuyerAssignedID"),
            sellers_item_id=place.text(f"{product}/ram:SellerAssignedID"),
            standard_item_id=place.text(f"{product}/ram:GlobalID"),
            description=place.text(f"{product}/ram:Name") or place.text(f"{product}/ram:Description"),
            quantity=None if quantity is None else quantity[0],
            unit_code=None if quantity is None else quantity[1],
            price=None if price is None else bill.price(price, place.child(f"{net}/ram:BasisQuantity"), currency),
            line_amount=settled.need_amount(_LINE_AMOUNT, currency),
            tax=settled.amount("ram:ApplicableTradeTax/ram:CalculatedAmount", currency),
            adjustment=_adjustment(settled, currency),
        )

    def totals(self, currency: str) -> StatedTotals:
        group = self._settlement.need("ram:SpecifiedTradeSettlementHeaderMonetarySummation")

        def stated(step: str) -> Stated:
            return Stated(group.amount(step, currency), group.at(step))

        group.need_amount("ram:DuePayableAmount", currency)
        return StatedTotals(
            lines=stated("ram:LineTotalAmount"),
            allowance=stated("ram:AllowanceTotalAmount"),
            charge=stated("ram:ChargeTotalAmount"),
            net=stated("ram:TaxBasisTotalAmount"),
            tax=Stated(self._tax(group, currency), group.at("ram:TaxTotalAmount")),
            gross=stated("ram:GrandTotalAmount"),
            prepaid=stated("ram:TotalPrepaidAmount"),
            rounding=stated("ram:RoundingAmount"),
            payable=stated("ram:DuePayableAmount"),
        )

    def _tax(self, group: Node, currency: str) -> Money | None:
        """The stated tax total (one restated in the tax currency is left out), else the sum of the tax by rate."""
        other = self._settlement.text("ram:TaxCurrencyCode")
        for place in group.children("ram:TaxTotalAmount"):
            if other in (None, currency) or place.attribute("currencyID") != other:
                return place.own_amount(currency)
        return added(part.tax for part in self._taxes(currency))

    def billing(self, currency: str) -> Billing:
        settlement = self._settlement
        copy = self.node.child("rsm:ExchangedDocument/ram:CopyIndicator")
        steps = ("ram:PayeeTradeParty", "ram:SpecifiedTradePaymentTerms/ram:PayeeTradeParty")
        payees = [_party(place) for step in steps for place in settlement.children(step)]
        paid = settlement.children("ram:SpecifiedAdvancePayment")
        return Billing(
            type_code=self.node.text("rsm:ExchangedDocument/ram:TypeCode"),
            copy=None if copy is None else copy.flag("udt:Indicator"),
            payee=bill.payee_of(self.seller(), payees),
            prepayments=added(place.need_amount("ram:PaidAmount", currency) for place in paid),
            allowances=_listed(settlement, currency, charge=False),
            charges=_listed(settlement, currency, charge=True),
            taxes=self._taxes(currency),
            instalments=bill.instalments(
                (day, place.amount("ram:PartialPaymentAmount", currency)) for day, place in self._due()
            ),
        )

    def _taxes(self, currency: str) -> tuple[TaxPart, ...]:
        return tuple(_tax_part(place, currency) for place in self._settlement.children("ram:ApplicableTradeTax"))

    def _due(self) -> Iterable[tuple[dt.date, Node]]:
        for place in self._settlement.children("ram:SpecifiedTradePaymentTerms"):
            day = _date(place, "ram:DueDateDateTime")
            if day is not None:
                yield day, place

    def due_date(self) -> dt.date | None:
        days = {day for day, _ in self._due()}
        return days.pop() if len(days) == 1 else None  # several are instalments

    def terms(self) -> str | None:
        found = self._settlement.children("ram:SpecifiedTradePaymentTerms/ram:Description")
        return "\n".join(unique(place.own_text() for place in found)) or None

    def references(self) -> References:
        lines = self.node.children(f"{_TRADE}/ram:IncludedSupplyChainTradeLineItem")

        def named(parent: str, line_parent: str, document: str) -> tuple[str, ...]:
            number = f"{document}/ram:IssuerAssignedID"
            places = (
                *self.node.children(f"{parent}/{number}"),
                *(place for line in lines for place in line.children(f"{line_parent}/{number}")),
            )
            return unique(place.own_text() for place in places)

        line_delivery = "ram:SpecifiedLineTradeDelivery"
        return References(
            orders=named(_AGREEMENT, "ram:SpecifiedLineTradeAgreement", "ram:BuyerOrderReferencedDocument"),
            invoices=named(_SETTLEMENT, "ram:SpecifiedLineTradeSettlement", "ram:InvoiceReferencedDocument"),
            despatches=named(_DELIVERY, line_delivery, "ram:DespatchAdviceReferencedDocument"),
            receipts=named(_DELIVERY, line_delivery, "ram:ReceivingAdviceReferencedDocument"),
        )

    def breaches(self) -> tuple[Breach, ...]:
        return cii_figures.breaches_of(self.node)


def _party(body: Node) -> Party:
    """The trading name comes before the registered one, and of a tax id the number counts, as in UBL."""
    ids = (
        *_ids(body, "ram:SpecifiedLegalOrganization/ram:ID", "legal"),
        *(LegalId("tax", each.value) for each in _ids(body, "ram:SpecifiedTaxRegistration/ram:ID", "tax")),
        *_ids(body, "ram:ID", "party"),
        *_ids(body, "ram:GlobalID", "party"),
    )
    name = body.text("ram:SpecifiedLegalOrganization/ram:TradingBusinessName") or body.text("ram:Name")
    if name is None and not ids:
        raise body.incomplete("ram:Name", "the party's name or an identifier")
    return Party(name, tuple(dict.fromkeys(ids)), body.text("ram:PostalTradeAddress/ram:CountryID"))


def _ids(body: Node, step: str, kind: str) -> Iterable[LegalId]:
    for place in body.children(step):
        value = place.own_text()
        if value is not None:
            yield LegalId(kind, value, place.attribute("schemeID"))


def _tax_part(place: Node, currency: str) -> TaxPart:
    percent = place.child("ram:RateApplicablePercent")
    return TaxPart(
        category=place.text("ram:CategoryCode"),
        percent=None if percent is None else plain_quantity(percent.decimal(), percent.where),
        taxable=place.amount("ram:BasisAmount", currency),
        tax=place.need_amount("ram:CalculatedAmount", currency),
    )


def _listed(place: Node, currency: str, *, charge: bool) -> Money | None:
    """The sum of the allowances (or charges, freight among them) that the document, or a line, lists; or None."""
    found = []
    for item in place.children("ram:SpecifiedTradeAllowanceCharge"):
        is_charge = item.flag("ram:ChargeIndicator/udt:Indicator")
        if is_charge is None:
            raise item.incomplete("ram:ChargeIndicator/udt:Indicator")
        if is_charge is charge:
            found.append(item.need_amount("ram:ActualAmount", currency))
    if charge:
        freight = place.children("ram:SpecifiedLogisticsServiceCharge")
        found.extend(item.need_amount("ram:AppliedAmount", currency) for item in freight)
    return added(found)


def _adjustment(settled: Node, currency: str) -> Money | None:
    charge, allowance = (_listed(settled, currency, charge=charge) for charge in (True, False))
    if charge is None and allowance is None:
        return None
    zero = Money.zero(currency)
    return (charge or zero) - (allowance or zero)


def _date(place: Node, step: str) -> dt.date | None:
    """A day in UN/EDIFACT 2379's formats that begin with one (102: YYYYMMDD; 203, 204: with the time), or in ISO's."""
    found = place.child(f"{step}/udt:DateTimeString")
    if found is None:
        return place.date(f"{step}/udt:DateTime")
    value, form = found.own_text(), found.attribute("format")
    if value is None:
        return None
    try:
        if form not in (None, "102", "203", "204") or not value[:8].isascii() or not value[:8].isdigit():
            raise ValueError(value)
        return dt.date(int(value[:4]), int(value[4:6]), int(value[6:8]))
    except ValueError:
        message = f"{value!r} is not a date (YYYYMMDD, format 102)"
        raise BadInput("date_malformed", message, where=found.where) from None
