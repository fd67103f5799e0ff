"""The money of a UBL document: its one currency, its totals, and whether they add up.

A document whose own figures contradict each other is refused (document_inconsistent) rather than financed on the
figure that happens to be read first. Tolerance: half a minor unit for each line and never less than one minor unit,
the most that rounding line by line can explain.
"""

from __future__ import annotations

from collections.abc import Sequence

from chainfin.documents import ubl_parts
from chainfin.documents.model import Billing, Instalment, Line, TaxPart, Totals, money_of
from chainfin.documents.node import Node, known_currency, plain_quantity
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


def line_amount(node: Node, currency: str) -> Money:
    """A line's net amount, zero (free goods) or more: a return belongs in a credit note, not in a negative line."""
    value = not_negative(node, "cbc:LineExtensionAmount", currency)
    if value is None:
        raise node.incomplete("cbc:LineExtensionAmount")
    return value


def tax_total(node: Node, currency: str, other: str | None = None) -> Money | None:
    """Sum of the tax totals in the document's currency; one restated in the declared tax currency is left out."""
    found = node.children("cac:TaxTotal")
    total: Money | None = None
    for item in found:
        amount = item.need("cbc:TaxAmount")
        if other is not None and other != currency and amount.attribute("currencyID") == other:
            continue
        value = not_negative(item, "cbc:TaxAmount", currency)
        if value is None:
            raise item.incomplete("cbc:TaxAmount")
        total = value if total is None else total + value
    return total


def totals(document: Node, group: str, lines: Sequence[Line], currency: str) -> Totals:
    """The totals under ``group``, checked against the lines and against each other, for a document to be paid.

    payable = lines - allowances + charges + tax - prepaid + rounding, and greater than zero; tax that the buyer keeps
    back may have been taken off.
    """
    result = _stated(document, group, lines, currency)
    due = result.gross - result.prepaid + result.rounding
    withheld = _sum(document, "cac:WithholdingTaxTotal", "cbc:TaxAmount", currency)
    if withheld is None or not _close(result.payable, due - withheld, len(lines)):
        _agree(document.need(f"{group}/cbc:PayableAmount"), result.payable, due, len(lines), "the payable amount")
    return result


def order_totals(document: Node, group: str, lines: Sequence[Line], currency: str) -> Totals:
    """Totals of an order, whose payable amount may include the tax or leave it out, and may be missing altogether."""
    if document.child(group) is None:
        return _from_lines(document, lines, currency)
    result = _stated(document, group, lines, currency)
    due = result.gross - result.prepaid + result.rounding
    if not _close(result.payable, due - result.tax, len(lines)):
        _agree(document.need(f"{group}/cbc:PayableAmount"), result.payable, due, len(lines), "the payable amount")
    return result


def _stated(document: Node, group: str, lines: Sequence[Line], currency: str) -> Totals:
    body = document.need(group)
    zero = Money.zero(currency)
    payable = body.need_money("cbc:PayableAmount", currency)
    if payable.minor <= 0:
        raise BadInput(
            "amount_not_positive",
            f"the payable amount must be greater than zero, not {payable}",
            where=body.at("cbc:PayableAmount"),
        )
    summed = sum((money_of(line) for line in lines), zero)
    line_total = not_negative(body, "cbc:LineExtensionAmount", currency)
    if line_total is None:
        line_total = summed
    else:
        _agree(body.need("cbc:LineExtensionAmount"), line_total, summed, len(lines), "the total of the lines")
    charge = _adjustment(document, body, "cbc:ChargeTotalAmount", currency, charge=True) or zero
    allowance = _adjustment(document, body, "cbc:AllowanceTotalAmount", currency, charge=False)
    exclusive = body.money("cbc:TaxExclusiveAmount", currency)
    if allowance is None:
        # UBL 2.0 credit notes state the net total but not the allowance that leads to it.
        implied = zero if exclusive is None else line_total + charge - exclusive
        allowance = implied if implied.minor > 0 else zero
    result = Totals(
        line_total=line_total,
        allowance=allowance,
        charge=charge,
        tax=_tax(document, lines, currency),
        prepaid=not_negative(body, "cbc:PrepaidAmount", currency) or zero,
        rounding=body.money("cbc:PayableRoundingAmount", currency) or zero,
        payable=payable,
    )
    if exclusive is not None:
        _agree(body.need("cbc:TaxExclusiveAmount"), exclusive, result.gross - result.tax, len(lines), "the net total")
    inclusive = body.money("cbc:TaxInclusiveAmount", currency)
    if inclusive is not None and not _close(inclusive, result.gross + result.rounding, len(lines)):
        _agree(body.need("cbc:TaxInclusiveAmount"), inclusive, result.gross, len(lines), "the total with tax")
    return result


def _from_lines(document: Node, lines: Sequence[Line], currency: str) -> Totals:
    zero = Money.zero(currency)
    line_total = sum((money_of(line) for line in lines), zero)
    if line_total.minor <= 0:
        raise BadInput("amount_not_positive", "the lines add up to nothing", where=document.where)
    charge = _adjustment(document, None, "", currency, charge=True) or zero
    allowance = _adjustment(document, None, "", currency, charge=False) or zero
    tax = _tax(document, lines, currency)
    return Totals(line_total, allowance, charge, tax, zero, zero, line_total - allowance + charge + tax)


def _tax(document: Node, lines: Sequence[Line], currency: str) -> Money:
    stated = tax_total(document, currency, document.text("cbc:TaxCurrencyCode"))
    if stated is not None:
        return stated
    return sum((line.tax for line in lines if line.tax is not None), Money.zero(currency))


def _adjustment(document: Node, body: Node | None, step: str, currency: str, *, charge: bool) -> Money | None:
    """The stated total of allowances (or charges), else the sum of the document's own, else None."""
    stated = None if body is None else not_negative(body, step, currency)
    return _listed(document, currency, charge=charge) if stated is None else stated


def _listed(document: Node, currency: str, *, charge: bool) -> Money | None:
    """The sum of the allowances (or charges) that the document, or a line, lists; None where it lists none."""
    total: Money | None = None
    for item in document.children("cac:AllowanceCharge"):
        is_charge = item.flag("cbc:ChargeIndicator")
        if is_charge is None:
            raise item.incomplete("cbc:ChargeIndicator")
        if is_charge is charge:
            value = not_negative(item, "cbc:Amount", currency)
            if value is None:
                raise item.incomplete("cbc:Amount")
            total = value if total is None else total + value
    return total


def adjustment(line: Node, currency: str) -> Money | None:
    """A line's charges less its allowances, which are in its amount; None where it has none."""
    charge, allowance = (_listed(line, currency, charge=charge) for charge in (True, False))
    if charge is None and allowance is None:
        return None
    zero = Money.zero(currency)
    return (charge or zero) - (allowance or zero)


def billing(document: Node, currency: str) -> Billing:
    """What the invoice says of its kind, its payee, taxes, prepayments and instalments.

    Tax parts restated in the tax currency are left out, as in `tax_total`.
    """
    other = document.text("cbc:TaxCurrencyCode")
    return Billing(
        type_code=document.text("cbc:InvoiceTypeCode") or document.text("cbc:CreditNoteTypeCode"),
        copy=document.flag("cbc:CopyIndicator"),
        payee=ubl_parts.payee(document),
        withheld=_sum(document, "cac:WithholdingTaxTotal", "cbc:TaxAmount", currency),
        prepayments=_sum(document, "cac:PrepaidPayment", "cbc:PaidAmount", currency),
        allowances=_listed(document, currency, charge=False),
        charges=_listed(document, currency, charge=True),
        taxes=tuple(
            _tax_part(part, currency)
            for part in document.children("cac:TaxTotal/cac:TaxSubtotal")
            if other in (None, currency) or part.need("cbc:TaxAmount").attribute("currencyID") != other
        ),
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
    terms = document.children("cac:PaymentTerms")
    found = [
        (day, place.money("cbc:Amount", currency))
        for place in terms
        if (day := place.date("cbc:InstallmentDueDate") or place.date("cbc:PaymentDueDate")) is not None
    ]
    known = {day for day, _ in found}
    for place in document.children("cac:PaymentMeans"):
        day = place.date("cbc:PaymentDueDate")
        if day is not None and day not in known:
            known.add(day)
            found.append((day, None))
    if len(found) < 2 and not (found and found[0][1] is not None):
        return ()
    return tuple(Instalment(day, amount) for day, amount in sorted(found, key=lambda each: each[0]))


def _sum(document: Node, group: str, step: str, currency: str) -> Money | None:
    found = document.children(group)
    values = [not_negative(item, step, currency) for item in found]
    return sum((value for value in values if value is not None), Money.zero(currency)) if found else None


def _close(stated: Money, reckoned: Money, lines: int) -> bool:
    return abs(stated.minor - reckoned.minor) <= max(1, (lines + 1) // 2)


def _agree(place: Node, stated: Money, reckoned: Money, lines: int, what: str) -> None:
    if not _close(stated, reckoned, lines):
        raise BadInput(
            "document_inconsistent", f"{what} is {stated}, but the parts add up to {reckoned}", where=place.where
        )
