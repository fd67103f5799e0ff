"""Credit notes (红字发票/贷项通知): by how much one shrinks the claim of an invoice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chainfin.documents.fingerprint import normalised
from chainfin.documents.line_values import line_values
from chainfin.documents.matching import same_party
from chainfin.documents.model import Document, DocumentKind
from chainfin.documents.order_lines import OrderLines, Placed
from chainfin.errors import Refusal
from chainfin.values.money import Money


def dilution(invoice: Document, note: Document, *, earlier: Sequence[Document] = ()) -> Money | Refusal:
    """The amount by which ``note`` cuts ``invoice``, of which the ``earlier`` notes have cut a part already.

    Refusals: document_kind_wrong, invoice_reference_missing, invoice_reference_mismatch, party_mismatch,
    currency_mismatch, credit_nothing, credit_above_invoice.
    """
    place = {"document": note.id, "invoice": invoice.id}
    if note.kind is not DocumentKind.CREDIT_NOTE or note.totals is None or invoice.totals is None:
        return Refusal("document_kind_wrong", f"{note.id}: {note.kind}, not a credit note for an invoice", place)
    if not note.references.invoices:
        return Refusal("invoice_reference_missing", f"credit note {note.id} names no invoice", place)
    if {normalised(each) for each in note.references.invoices} != {normalised(invoice.id)}:
        named = ", ".join(note.references.invoices)
        return Refusal("invoice_reference_mismatch", f"credit note {note.id} is for {named}", place)
    if not same_party(invoice.seller, note.seller) or not same_party(invoice.buyer, note.buyer):
        return Refusal("party_mismatch", f"credit note {note.id} is between other parties than the invoice", place)
    if note.currency != invoice.currency:
        return Refusal("currency_mismatch", f"credit note {note.id} is in {note.currency}", place)
    if note.totals.payable.minor <= 0:
        return Refusal("credit_nothing", f"credit note {note.id} credits {note.totals.payable}", place)
    before = sum((item.totals.payable for item in earlier if item.totals), Money.zero(invoice.totals.payable.currency))
    if before + note.totals.payable > invoice.totals.payable:
        return Refusal(
            "credit_above_invoice",
            f"credit note {note.id} over {note.totals.payable} is more than what is left of invoice {invoice.id}",
            {**place, "credited_before": str(before), "payable": str(invoice.totals.payable)},
        )
    return note.totals.payable


def off_the_face(order: Document, notes: Iterable[Document], never: Mapping[str, Money], *, rest: Money) -> Money:
    """What ``notes`` on an invoice take together off the face of its claim.

    Of the invoice not all may have become face: of goods that didn't come, ``never`` by order line; ``rest`` for other
    reasons (a prepayment, notes before the claim was issued). What is credited of a line costs the claim nothing up to
    what never came of just this line: goods that came are taken off, however much is missing of others. A line that
    names none of the order's may be of any of them: it costs nothing as long as something is missing.
    """
    credited: dict[str, Money] = {}
    for note in notes:
        for line, value in _by_order_line(order, note).items():
            credited[line] = credited.get(line, Money.zero(rest.currency)) + value
    zero = Money.zero(rest.currency)
    unplaced = credited.pop("", zero)
    beyond = sum((max(value - never.get(line, zero), zero) for line, value in credited.items()), zero)
    spare = sum((max(value - credited.get(line, zero), zero) for line, value in never.items()), zero)
    return max(beyond + max(unplaced - spare, zero) - rest, zero)


def _by_order_line(order: Document, note: Document) -> dict[str, Money]:
    """The note's payable amount by order line; under "" what stands for no one line of it."""
    if note.totals is None:
        return {}
    found: dict[str, Money] = {}
    left = note.totals.payable
    values, lines = line_values(note) if note.lines else {}, OrderLines(order)
    for line in note.lines:
        target = lines.placed(line, note)
        if isinstance(target, Placed):
            value = min(values[line.id], left)
            found[target.target.id] = found.get(target.target.id, Money.zero(left.currency)) + value
            left -= value
    return {**found, "": left}
