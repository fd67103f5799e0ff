"""Where a CrossIndustryInvoice states the figures that EN 16931 has rules for."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from chainfin.documents.en16931 import CII, Figure, Figures, Taxed, TaxGroup, TaxTotal, breaches
from chainfin.documents.node import Node
from chainfin.documents.parts import Breach

_TOTALS: Final = {
    "lines": "ram:LineTotalAmount",
    "allowance": "ram:AllowanceTotalAmount",
    "charge": "ram:ChargeTotalAmount",
    "net": "ram:TaxBasisTotalAmount",
    "gross": "ram:GrandTotalAmount",
    "prepaid": "ram:TotalPrepaidAmount",
    "rounding": "ram:RoundingAmount",
    "payable": "ram:DuePayableAmount",
}
_SUMMATION: Final = "ram:SpecifiedTradeSettlementHeaderMonetarySummation"
_LINE: Final = "rsm:SupplyChainTradeTransaction/ram:IncludedSupplyChainTradeLineItem/ram:SpecifiedLineTradeSettlement"


def breaches_of(document: Node) -> tuple[Breach, ...]:
    """The rules that the figures of the invoice or credit note break; none where it has no totals, which its reader
    says."""
    settlement = document.child("rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement")
    if settlement is None:
        return ()
    lines = document.children(_LINE)
    listed = settlement.children("ram:SpecifiedTradeAllowanceCharge")
    groups = settlement.children("ram:ApplicableTradeTax")
    currency = settlement.text("ram:InvoiceCurrencyCode")
    amounts = settlement.children(f"{_SUMMATION}/ram:TaxTotalAmount")
    own = [place.as_figure() for place in amounts if place.attribute("currencyID") == currency]
    by_group = sum((group.figure("ram:CalculatedAmount").value or Decimal(0) for group in groups), Decimal(0))
    figures = Figures(
        totals={name: settlement.figure(f"{_SUMMATION}/{step}") for name, step in _TOTALS.items()},
        lines=[_line(line) for line in lines],
        allowances=[_listed(place) for place in listed if _indicator(place) in ("false", "0")],
        charges=[_listed(place) for place in listed if _indicator(place) in ("true", "1")],
        tax_totals=[TaxTotal(each, by_group) for each in own],
        taxes=None if currency is None else [each.value for each in own if each.value is not None],
        groups=[_group(place) for place in groups],
    )
    return breaches(figures, CII)


def _line(place: Node) -> Taxed:
    amount = place.figure("ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount")
    return _taxed(amount, place.children("ram:ApplicableTradeTax"))


def _listed(place: Node) -> Taxed:
    return _taxed(place.figure("ram:ActualAmount"), place.children("ram:CategoryTradeTax"))


def _taxed(amount: Figure, categories: tuple[Node, ...]) -> Taxed:
    return Taxed(
        amount.value or Decimal(0),
        frozenset(text for each in categories if (text := each.text("ram:CategoryCode")) is not None),
        frozenset(rate for each in categories if (rate := each.figure("ram:RateApplicablePercent").value) is not None),
    )


def _indicator(place: Node) -> str | None:
    return place.text("ram:ChargeIndicator/udt:Indicator")


def _group(place: Node) -> TaxGroup:
    category, rate = place.text("ram:CategoryCode"), place.figure("ram:RateApplicablePercent").value
    is_vat = (place.text("ram:TypeCode") or "").upper() == "VAT"
    return TaxGroup(
        category=category,
        rate=rate,
        vat_rate=rate if is_vat else None,
        base=place.figure("ram:BasisAmount"),
        tax=place.figure("ram:CalculatedAmount"),
        checked=is_vat or category in ("S", "Z"),
    )
