"""How a debtor checks for itself that a receivable is its invoice: it computes both hashes on chain again, and compares
the amount and the due day with its own copy.

The id is the invoice's keyed fingerprint, the root a salted commitment to its fields. Key and salt are random to
everybody else; the registrar's service opens them, for this one invoice, to the parties of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chainfin.documents.commitment import commit
from chainfin.documents.fingerprint import invoice_fingerprint, serials
from chainfin.documents.instalments import due_parts
from chainfin.documents.model import Document, as_first_read
from chainfin.errors import BadInput, Refused, unless_refused
from chainfin.values.money import Money
from chainfin.values.party import LegalId, lei, uscc


@dataclass(frozen=True, slots=True)
class Revealed:
    """What a debtor is asked to confirm: ``fingerprint`` and ``root`` are 0x-hex."""

    fingerprint: str
    root: str
    face: Money
    due_date: date


@dataclass(frozen=True, slots=True)
class Opening:
    """For one invoice: the key of its fingerprint, the secret that salts its fields (32 bytes each), and its seller."""

    fingerprint_key: bytes
    document_secret: bytes
    seller_legal_id: str

    def check(self, invoice: Document, detail: Revealed, *, seller: str | None = None, due: date | None = None) -> None:
        """``invoice`` is one's own copy; ``said`` is what one is asked to sign.

        ``seller``: the legal id under which one knows the seller, where the invoice names it by another. ``due``: the
        day that was agreed, where the invoice names none. Less than the invoice asks for may be owed (goods that never
        came), never more.

        Raises Refused invoice_seller_foreign, invoice_fingerprint_foreign, invoice_root_foreign, invoice_face_foreign,
        invoice_due_date_foreign; BadInput fingerprint_key_short, document_secret_invalid, invoice_identity_empty.
        """
        ids = {found.value for item in invoice.seller.legal_ids if (found := _legal(item.value)) is not None}
        known = {seller} if seller is not None else ids
        if known and self.seller_legal_id not in known:
            raise Refused("invoice_seller_foreign", f"the invoice's seller isn't {self.seller_legal_id}")
        key, seller_id = self.fingerprint_key, self.seller_legal_id
        made = [f"0x{invoice_fingerprint(key, seller_id, invoice.id, series=each).hex()}" for each in serials(invoice)]
        if detail.fingerprint.lower() not in made:
            raise Refused("invoice_fingerprint_foreign", f"invoice {invoice.id} has the fingerprint {made[0]}")
        committed = ["0x" + commit(form, self.document_secret).root.hex() for form in (invoice, as_first_read(invoice))]
        if detail.root.lower() not in committed:
            raise Refused("invoice_root_foreign", f"my copy of invoice {invoice.id} has the root {committed[0]}")
        asked = None if invoice.totals is None else invoice.claim
        if asked is None or asked.currency != detail.face.currency or detail.face > asked:
            raise Refused("invoice_face_foreign", f"invoice {invoice.id} asks for {asked}, not {detail.face}")
        if invoice.billing.instalments:
            _unless_due(invoice, detail)
            return
        day = invoice.due_date or due
        if day != detail.due_date:
            raise Refused("invoice_due_date_foreign", f"invoice {invoice.id} is due on {day}, not on {detail.due_date}")


def _unless_due(invoice: Document, detail: Revealed) -> None:
    """Raises Refused invoice_due_date_foreign, invoice_face_foreign: no such part, or no such amount, is due."""
    parts = unless_refused(due_parts(invoice))
    part = next((each for each in parts if each.due_date == detail.due_date), None)
    if part is None:
        days = ", ".join(str(each.due_date) for each in parts)
        raise Refused("invoice_due_date_foreign", f"invoice {invoice.id} is due on {days}, not on {detail.due_date}")
    if detail.face > part.amount:
        message = f"invoice {invoice.id} asks for {part.amount} on {part.due_date}, not {detail.face}"
        raise Refused("invoice_face_foreign", message)


def _legal(value: str) -> LegalId | None:
    """A USCC or LEI, if the text is one; documents name sellers by other numbers too."""
    for kind in (uscc, lei):
        try:
            return kind(value)
        except BadInput:
            continue
    return None
