"""Where a UBL invoice or credit note states the figures that EN 16931 has rules for."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from chainfin.documents.en16931 import UBL, Figure, Figures, Taxed, TaxGroup, TaxTotal, breaches
from chainfin.documents.node import Node
from chainfin.documents.parts import Breach

_TOTALS: Final = {
    "lines": "cbc:LineExtensionAmount",
    "allowance": "cbc:AllowanceTotalAmount",
    "charge": "cbc:ChargeTotalAmount",
    "net": "cbc:TaxExclusiveAmount",
    "gross": "cbc:TaxInclusiveAmount",
    "prepaid": "cbc:PrepaidAmount",
    "rounding": "cbc:PayableRoundingAmount",
    "payable": "cbc:PayableAmount",
}


def breaches_of(document: Node) -> tuple[Breach, ...]:
    """The rules that the figures of an invoice or credit note break."""
    lines = (*document.children("cac:InvoiceLine"), *document.children("cac:CreditNoteLine"))
    listed = document.children("cac:AllowanceCharge")
    tax_totals = document.children("cac:TaxTotal")
    currency = document.text("cbc:DocumentCurrencyCode")
    amounts = [place for total in tax_totals for place in total.children("cbc:TaxAmount")]
    stated = [place.number() for place in amounts if place.attribute("currencyID") == currency]
    figures = Figures(
        totals={name: document.figure(f"cac:LegalMonetaryTotal/{step}") for name, step in _TOTALS.items()},
        lines=[_taxed(line, "cbc:LineExtensionAmount", "cac:Item/cac:ClassifiedTaxCategory") for line in lines],
        allowances=[_listed(place) for place in listed if place.text("cbc:ChargeIndicator") in ("false", "0")],
        charges=[_listed(place) for place in listed if place.text("cbc:ChargeIndicator") in ("true", "1")],
        tax_totals=[_tax_total(place) for place in tax_totals],
        taxes=None if currency is None else [value for value in stated if value is not None],
        groups=[
            *(_group(place, checked=True) for total in tax_totals for place in total.children("cac:TaxSubtotal")),
            *(
                _group(place, checked=False)
                for line in lines
                for place in line.children("cac:TaxTotal/cac:TaxSubtotal")
            ),
        ],
    )
    return breaches(figures, UBL)


def _listed(place: Node) -> Taxed:
    return _taxed(place, "cbc:Amount", "cac:TaxCategory")


def _taxed(place: Node, amount: str, category: str) -> Taxed:
    found = place.children(category)
    return Taxed(
        place.figure(amount).value or Decimal(0),
        frozenset(text for each in found if (text := each.text("cbc:ID")) is not None),
        frozenset(rate for each in found if (rate := each.figure("cbc:Percent").value) is not None),
    )


def _tax_total(place: Node) -> TaxTotal:
    groups = place.children("cac:TaxSubtotal")
    summed = sum((group.figure("cbc:TaxAmount").value or Decimal(0) for group in groups), Decimal(0))
    return TaxTotal(place.figure("cbc:TaxAmount"), summed if groups else None)


def _group(place: Node, *, checked: bool) -> TaxGroup:
    category = place.child("cac:TaxCategory")
    rates = [found for found in place.children("cac:TaxCategory") if _is_vat(found)]
    vat_rate: Figure | None = next(iter(_stated(rates)), None)
    return TaxGroup(
        category=None if category is None else category.text("cbc:ID"),
        rate=None if category is None else category.figure("cbc:Percent").value,
        vat_rate=None if vat_rate is None else vat_rate.value,
        base=place.figure("cbc:TaxableAmount"),
        tax=place.figure("cbc:TaxAmount"),
        checked=checked and bool(rates),
    )


def _stated(categories: list[Node]) -> Iterator[Figure]:
    return (figure for each in categories if (figure := each.figure("cbc:Percent")).value is not None)


def _is_vat(category: Node) -> bool:
    return (category.text("cac:TaxScheme/cbc:ID") or "").upper() == "VAT"
