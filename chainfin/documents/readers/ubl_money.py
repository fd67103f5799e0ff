"""The money of a UBL document: its one currency, and where its totals and what decides about a bill stand."""

from __future__ import annotations

from collections.abc import Sequence

from chainfin.documents.faults import Faults
from chainfin.documents.model import Billing, Instalment, Line, TaxPart, Totals, money_of
from chainfin.documents.node import Node, known_currency, plain_quantity
from chainfin.documents.readers import ubl_parts
from chainfin.documents.readers.bill import added, instalments
from chainfin.documents.sums import Stated, StatedTotals, order_payable_agrees, reckoned
from chainfin.errors import BadInput
from chainfin.values.money import Money


def currency_of(document: Node, *amounts: str) -> str:
    """The document's currency: as declared, else that of the first of ``amounts`` which states one (UBL 2.0).

    Raises document_incomplete, currency_unknown.
    """
    declared = document.text("cbc:DocumentCurrencyCode")
    if declared is not None:
        return known_currency(declared, document.at("cbc:DocumentCurrencyCode"))
    for step in amounts:
        found = document.child(step)
        code = None if found is None else found.attribute("currencyID")
        if found is not None and code is not None:
            return known_currency(code, f"{found.where}/@currencyID")
    raise document.incomplete("cbc:DocumentCurrencyCode", "the currency")


def not_negative(node: Node, step: str, currency: str) -> Money | None:
    """An amount of zero or more. Raises amount_negative besides what `Node.money` raises."""
    value = node.money(step, currency)
    if value is not None and value.minor < 0:
        raise BadInput("amount_negative", f"the amount must not be below zero: {value}", where=node.at(step))
    return value


def ordered_amount(node: Node, currency: str) -> Money:
    """The net amount of an order's line, zero (free goods) or more."""
    value = not_negative(node, "cbc:LineExtensionAmount", currency)
    if value is None:
        raise node.incomplete("cbc:LineExtensionAmount")
    return value


def tax_total(node: Node, currency: str) -> Money | None:
    """Sum of the tax totals in ``currency``. One that restates another is left out: it is in another currency (EN
    16931's BT-111), or has no parts where another has them.
    """
    found = node.children("cac:TaxTotal")
    at_home = [item for item in found if item.need("cbc:TaxAmount").attribute("currencyID") in (None, currency)]
    parted = [item for item in at_home if item.child("cac:TaxSubtotal") is not None]
    return added(item.need_money("cbc:TaxAmount", currency) for item in parted or at_home or found)


def line_tax(line: Node, currency: str) -> Money | None:
    """The tax of a bill's line. None, too, where it is stated to fractions of a minor unit: then the bill's own tax,
    which isn't, goes over its lines by their amounts."""
    try:
        return tax_total(line, currency)
    except BadInput as error:
        if error.code == "amount_too_precise":
            return None
        raise


def totals(document: Node, currency: str, group: str = "cac:LegalMonetaryTotal") -> StatedTotals:
    """The totals under ``group``, as they are stated. Raises document_incomplete without a payable amount."""
    body = document.need(group)

    def stated(step: str) -> Stated:
        return Stated(body.money(step, currency), body.at(step))

    body.need_money("cbc:PayableAmount", currency)
    return StatedTotals(
        lines=stated("cbc:LineExtensionAmount"),
        allowance=stated("cbc:AllowanceTotalAmount"),
        charge=stated("cbc:ChargeTotalAmount"),
        net=stated("cbc:TaxExclusiveAmount"),
        tax=Stated(tax_total(document, currency), document.at("cac:TaxTotal")),
        gross=stated("cbc:TaxInclusiveAmount"),
        prepaid=stated("cbc:PrepaidAmount"),
        rounding=stated("cbc:PayableRoundingAmount"),
        payable=stated("cbc:PayableAmount"),
    )


def order_totals(document: Node, group: str, lines: Sequence[Line], currency: str) -> Totals:
    """Totals of an order, whose payable amount may include the tax or leave it out, and may be missing altogether."""
    listed = Billing(
        allowances=listed_of(document, currency, charge=False), charges=listed_of(document, currency, charge=True)
    )
    if document.child(group) is None:
        return _from_lines(document, lines, listed, currency)
    stated = totals(document, currency, group)
    for each in (stated.lines, stated.allowance, stated.charge, stated.tax, stated.prepaid):
        if each.amount is not None and each.amount.minor < 0:
            raise BadInput("amount_negative", f"the amount must not be below zero: {each.amount}", where=each.where)
    faults = Faults()
    result = reckoned(stated, lines, listed, faults)
    _positive(result.payable, stated.payable.where, "the payable amount must be greater than zero")
    order_payable_agrees(stated, result, len(lines), faults)
    faults.stop()
    return result


def _from_lines(document: Node, lines: Sequence[Line], listed: Billing, currency: str) -> Totals:
    zero = Money.zero(currency)
    line_total = sum((money_of(line) for line in lines), zero)
    _positive(line_total, document.where, "the lines must add up to more than zero")
    charge, allowance = listed.charges or zero, listed.allowances or zero
    stated = tax_total(document, currency)
    tax = sum((line.tax for line in lines if line.tax is not None), zero) if stated is None else stated
    return Totals(line_total, allowance, charge, tax, zero, zero, line_total - allowance + charge + tax)


def _positive(amount: Money, where: str, what: str) -> None:
    if amount.minor <= 0:
        raise BadInput("amount_not_positive", f"{what}, not {amount}", where=where)


def listed_of(place: Node, currency: str, *, charge: bool) -> Money | None:
    """The sum of the allowances (or charges) that the document, or a line, lists; None where it lists none."""
    found = []
    for item in place.children("cac:AllowanceCharge"):
        is_charge = item.flag("cbc:ChargeIndicator")
        if is_charge is None:
            raise item.incomplete("cbc:ChargeIndicator")
        if is_charge is charge:
            found.append(item.need_money("cbc:Amount", currency))
    return added(found)


def adjustment(line: Node, currency: str) -> Money | None:
    """A line's charges less its allowances, which are in its amount; None where it has none."""
    charge, allowance = (listed_of(line, currency, charge=charge) for charge in (True, False))
    if charge is None and allowance is None:
        return None
    zero = Money.zero(currency)
    return (charge or zero) - (allowance or zero)


def billing(document: Node, currency: str) -> Billing:
    """What the invoice says of its kind, its payee, taxes, prepayments and instalments.

    Tax parts restated in another currency are left out, as in `tax_total`.
    """
    parts = document.children("cac:TaxTotal/cac:TaxSubtotal")
    at_home = [part for part in parts if part.need("cbc:TaxAmount").attribute("currencyID") in (None, currency)]
    return Billing(
        type_code=document.text("cbc:InvoiceTypeCode") or document.text("cbc:CreditNoteTypeCode"),
        copy=document.flag("cbc:CopyIndicator"),
        payee=ubl_parts.payee(document),
        withheld=_sum(document, "cac:WithholdingTaxTotal", "cbc:TaxAmount", currency),
        prepayments=_sum(document, "cac:PrepaidPayment", "cbc:PaidAmount", currency),
        allowances=listed_of(document, currency, charge=False),
        charges=listed_of(document, currency, charge=True),
        taxes=tuple(_tax_part(part, currency) for part in at_home or parts),
        instalments=_instalments(document, currency),
    )


def _tax_part(part: Node, currency: str) -> TaxPart:
    percent = part.child("cac:TaxCategory/cbc:Percent") or part.child("cbc:Percent")
    return TaxPart(
        category=part.text("cac:TaxCategory/cbc:ID"),
        percent=None if percent is None else plain_quantity(percent.decimal(), percent.where),
        taxable=part.money("cbc:TaxableAmount", currency),
        tax=part.need_money("cbc:TaxAmount", currency),
    )


def _instalments(document: Node, currency: str) -> tuple[Instalment, ...]:
    """The days on which parts are due, where there are several; amounts where the terms state them."""
    found = [
        (day, place.money("cbc:Amount", currency))
        for place in document.children("cac:PaymentTerms")
        if (day := place.date("cbc:InstallmentDueDate") or place.date("cbc:PaymentDueDate")) is not None
    ]
    known = {day for day, _ in found}
    for place in document.children("cac:PaymentMeans"):
        day = place.date("cbc:PaymentDueDate")
        if day is not None and day not in known:
            known.add(day)
            found.append((day, None))
    return instalments(found)


def _sum(document: Node, group: str, step: str, currency: str) -> Money | None:
    found = document.children(group)
    values = [item.money(step, currency) for item in found]
    return sum((value for value in values if value is not None), Money.zero(currency)) if found else None
