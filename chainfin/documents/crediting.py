"""Credit notes (红字发票/贷项通知): by how much one shrinks the claim of an invoice."""

from __future__ import annotations

from collections.abc import Sequence

from chainfin.documents.fingerprint import normalised
from chainfin.documents.matching import same_party
from chainfin.documents.model import Document, DocumentKind
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
