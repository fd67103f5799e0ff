"""What opens a receivable's two hashes to the parties of its invoice."""

from __future__ import annotations

from chainfin.documents.fingerprint import invoice_key, serials
from chainfin.documents.model import Document
from chainfin.documents.opening import Opening
from chainfin.errors import NotFound
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.trade import claim_ids, trade_documents
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import DocumentRow, ReceivableRow


def opening(ctx: Context, actor: Actor, receivable_id: str) -> Opening:
    """For the invoice's debtor and seller alone: with it every field of the invoice can be opened, so neither a later
    holder nor a lender gets it.

    Raises NotFound receivable_unknown, also of a part: its id is no fingerprint.
    """
    with ctx.store.read() as session:
        row = session.get(ReceivableRow, receivable_id)
        if row is None or row.parent_id is not None or actor.party_id not in (row.debtor_id, row.seller_id):
            raise NotFound("receivable_unknown", f"there is no receivable {receivable_id} on an invoice of yours")
        seller = session.get_one(PartyRow, row.seller_id)
        document = session.get_one(DocumentRow, row.document_id)
    invoice = Document.from_canonical(document.canonical)
    series = next(
        each for each in serials(invoice) if claim_ids.fingerprint(ctx, seller.legal_value, invoice.id, each) == row.id
    )
    key = invoice_key(ctx.fingerprint_key, seller.legal_value, invoice.id, series=series)
    return Opening(key, trade_documents.secret_of(ctx, document), seller.legal_value)
