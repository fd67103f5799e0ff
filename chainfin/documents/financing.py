"""Whether an invoice that was read makes a claim that may be financed: what it is, who is to be paid, and whether its
figures bear each other out. All that is wrong with it is said at once, each fault with the rule that it breaks.

The rules are those of EN 16931 (BR-…) and Peppol BIS 3 (PEPPOL-…), with tolerances of our own: what rounding line by
line can explain, and no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from chainfin.documents.en16931 import BASES
from chainfin.documents.matching import same_party
from chainfin.documents.model import Document, Line, TaxPart, Totals, money_of
from chainfin.errors import Refusal
from chainfin.values.money import EXPONENTS, Money

CLAIMS: Final = {
    "71": "request for payment",
    "80": "debit note for goods or services",
    "82": "metered services invoice",
    "84": "debit note for financial adjustments",
    "326": "partial invoice",
    "380": "commercial invoice",
    "383": "debit note",
    "384": "corrected invoice, in the place of the one that it names",
    "388": "tax invoice",
    "389": "self-billed invoice",
    "780": "freight invoice",
    "875": "partial construction invoice",
    "876": "partial final construction invoice",
    "877": "final construction invoice",
    "SalesInvoice": "a sales invoice, by the word that OASIS's first examples use",
}
"""Types (UN/EDIFACT 1001, as EN 16931 allows them) of an invoice for something delivered: it makes a claim."""

CORRECTED: Final = "384"
NO_CLAIMS: Final = {
    "81": "a credit note",
    "83": "a credit note",
    "261": "a self-billed credit note",
    "262": "a credit note",
    "296": "a credit note",
    "308": "a credit note of an agent",
    "325": "a proforma invoice: nothing is owed by it",
    "381": "a credit note: it makes a claim smaller",
    "385": "a consolidated invoice: what it lists was billed before",
    "386": "a prepayment invoice: nothing was delivered for it",
    "393": "a factored invoice: its claim is assigned already",
    "395": "a consignment invoice: the goods are not sold yet",
    "396": "a factored credit note",
    "420": "a credit note",
    "458": "a credit note",
    "532": "a credit note of a forwarder",
    "575": "an insurer's invoice",
    "623": "a forwarder's invoice",
}
"""Types that make no claim which may be financed, and why."""


def unless_claim(invoice: Document, today: date) -> Refusal | None:
    """Why no claim of ``invoice`` may be financed on ``today``: all its faults (``faults`` in the proof), under the
    code of the first.

    Refusals: invoice_type_refused, correction_unnamed, invoice_is_copy, payee_foreign, invoice_date_future,
    invoice_nothing_payable, amount_below_zero, invoice_without_lines, line_takes_back, line_id_repeated,
    prepayment_unstated, allowance_unstated, tax_unexplained, tax_base_unexplained, line_amount_unexplained.
    """
    found = list(_faults(invoice, today))
    if not found:
        return None
    places = {each.rule: {"where": each.where} for each in reversed(invoice.breaches)}
    faults = [
        {"code": each.code, "message": each.message, **each.proof, **places.get(str(each.proof.get("rule")), {})}
        for each in found
    ]
    message = "; ".join(each.message for each in found)
    return Refusal(found[0].code, f"invoice {invoice.id}: {message}", {"document": invoice.id, "faults": faults})


def _faults(invoice: Document, today: date) -> Iterator[Refusal]:
    """Each with the ``rule`` of the standard that it breaks."""
    billing, totals = invoice.billing, invoice.totals
    assert totals is not None, "an invoice has totals"
    kind = billing.type_code
    if kind is not None and kind not in CLAIMS:
        what = NO_CLAIMS.get(kind, "none that makes a claim here")
        yield Refusal("invoice_type_refused", f"type {kind} is {what}", {"rule": "BR-CL-01"})
    if kind == CORRECTED and not invoice.references.invoices:
        yield Refusal("correction_unnamed", "it corrects an invoice, and doesn't say which", {"rule": "BG-3"})
    if billing.copy:
        yield Refusal("invoice_is_copy", "it says itself that it is a copy")
    if billing.payee is not None and not same_party(invoice.seller, billing.payee):
        message = f"{billing.payee.label} is to be paid: the claim isn't the seller's any more"
        yield Refusal("payee_foreign", message, {"rule": "BG-10"})
    if invoice.issue_date > today + timedelta(days=1):
        yield Refusal("invoice_date_future", f"it is dated {invoice.issue_date}")
    yield from _below_zero(totals)
    yield from _lines(invoice)
    yield from _listed(invoice, totals)
    yield from _taxes(invoice, totals)
    yield from _bases(invoice, totals)
    for line in invoice.lines:
        if not _explained(line):
            message = f"line {line.id}: {money_of(line)} isn't its quantity times its price"
            yield Refusal("line_amount_unexplained", message, {"rule": "PEPPOL-EN16931-R120"})


def _below_zero(totals: Totals) -> Iterator[Refusal]:
    """Something is owed, and nothing in the totals makes it more by being less than nothing."""
    if totals.payable.minor <= 0:
        yield Refusal("invoice_nothing_payable", f"{totals.payable} is payable by it", {"rule": "BT-115"})
    for name in ("allowance", "charge", "tax", "prepaid"):
        amount: Money = getattr(totals, name)
        if amount.minor < 0:
            yield Refusal("amount_below_zero", f"its {name} is {amount}")


def _lines(invoice: Document) -> Iterator[Refusal]:
    """There are lines to be matched with goods, each for goods that came and known by an id of its own."""
    if not invoice.lines:
        yield Refusal("invoice_without_lines", "it has no lines: what was delivered for it, a person has to say")
    seen: set[str] = set()
    for line in invoice.lines:
        if money_of(line).minor < 0 or (line.quantity or 0) < 0:
            yield Refusal("line_takes_back", f"line {line.id} takes back {money_of(line)}")
        if line.id in seen:
            yield Refusal("line_id_repeated", f"two lines have the id {line.id!r}")
        seen.add(line.id)


def _listed(invoice: Document, totals: Totals) -> Iterator[Refusal]:
    """What the document lists stands in its totals."""
    billing, lines = invoice.billing, len(invoice.lines)
    if _differs(billing.prepayments, totals.prepaid, lines):
        message = f"it lists {billing.prepayments} paid before, its totals say {totals.prepaid}"
        yield Refusal("prepayment_unstated", message, {"rule": "BR-CO-16"})
    if _differs(billing.allowances, totals.allowance, lines):
        message = f"its allowances add up to {billing.allowances}, its totals say {totals.allowance}"
        yield Refusal("allowance_unstated", message, {"rule": "BR-CO-11"})
    if _differs(billing.charges, totals.charge, lines):
        message = f"its charges add up to {billing.charges}, its totals say {totals.charge}"
        yield Refusal("allowance_unstated", message, {"rule": "BR-CO-12"})


def _taxes(invoice: Document, totals: Totals) -> Iterator[Refusal]:
    parts, lines = invoice.billing.taxes, len(invoice.lines)
    if not parts:
        return
    zero = Money.zero(totals.tax.currency)
    total = sum((part.tax for part in parts), zero)
    if _differs(total, totals.tax, len(parts)):
        message = f"its tax is {totals.tax}, but by category it adds up to {total}"
        yield Refusal("tax_unexplained", message, {"rule": "BR-CO-14"})
    for part in parts:
        if not _at_rate(part, lines):
            message = f"{part.tax} is not {part.percent} % of {part.taxable}"
            yield Refusal("tax_unexplained", message, {"rule": "BR-CO-17"})
    if all(part.taxable is not None for part in parts):
        taxable = sum((part.taxable for part in parts if part.taxable is not None), zero)
        # where tax is due on the goods before an allowance, that is taxed
        nets = (totals.gross - totals.tax, totals.line_total)
        if all(_differs(taxable, net, lines + len(parts)) for net in nets):
            message = f"it taxes {taxable} of a net total of {nets[0]}"
            yield Refusal("tax_unexplained", message, {"rule": "BR-S-08"})


def _bases(invoice: Document, totals: Totals) -> Iterator[Refusal]:
    """What is taxed in each category is what its lines come to: else somebody pays tax that isn't due, or none that is.
    The other rules that a file breaks are asked above, with the tolerance of this module."""
    scale, most = Decimal(10) ** EXPONENTS[totals.tax.currency], max(1, (len(invoice.lines) + 1) // 2)
    for each in invoice.breaches:
        if each.rule in BASES and each.off is not None and each.off * scale > most:
            yield Refusal("tax_base_unexplained", each.message, {"rule": each.rule})


def _at_rate(part: TaxPart, lines: int) -> bool:
    if part.percent is None or part.taxable is None:
        return True
    wanted = Decimal(part.taxable.minor) * part.percent / 100
    return abs(Decimal(part.tax.minor) - wanted) <= max(1, (lines + 1) // 2)


def _explained(line: Line) -> bool:
    """Within a minor unit, and what a price that is rounded to its last digit leaves open."""
    if line.price is None or line.quantity is None:
        return True
    amount = money_of(line)
    scale = Decimal(10) ** EXPONENTS[amount.currency]
    times = line.quantity / line.price.base_quantity
    wanted = times * line.price.amount * scale + (0 if line.adjustment is None else line.adjustment.minor)
    exponent = line.price.amount.as_tuple().exponent
    digit = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
    return abs(amount.minor - wanted) <= 1 + times * min(digit, Decimal("0.01")) / 2 * scale


def _differs(one: Money | None, other: Money, parts: int) -> bool:
    """By more than rounding part by part explains; what isn't stated differs from nothing."""
    return one is not None and abs(one.minor - other.minor) > max(1, (parts + 1) // 2)
