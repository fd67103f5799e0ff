"""Credit notes: dilution (贸易折减) of a receivable, and what it takes from the loans that were lent on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from chainfin.documents.crediting import dilution
from chainfin.documents.model import Document, DocumentKind
from chainfin.errors import Conflict, unless_refused
from chainfin.eth.bindings.receivables_acts import Credit
from chainfin.rules import receivable as rules
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.lending import margin_calls
from chainfin.services.trade import receivables, trade_documents
from chainfin.services.views.acts import ActView
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, DocumentRow, ReceivableRow
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class Dilution:
    """What a credit note does: ``diluted`` goes off the free part by ``act``; ``top_up`` is called from the borrower
    where the note cuts into what is pledged."""

    diluted: Money
    top_up: Money
    act: ActView | None


def credit(ctx: Context, actor: Actor, receivable_id: str, data: bytes, source: str = "request") -> Dilution:
    """The holder's credit note (红字发票). It cuts the free part at once; what exceeds it is called as a top-up.

    What of the invoice never became part of the face (goods that didn't come) is credited first: it costs the
    receivable nothing. Raises NotFound receivable_unknown; BadInput document_…; Refused not_holder, party_mismatch,
    invoice_reference_mismatch, credit_above_invoice, receivable_state_wrong; Conflict credit_note_already_taken.
    """
    document = trade_documents.understand(data, source, DocumentKind.CREDIT_NOTE)
    with ctx.store.begin() as session:
        row = receivables.for_party(session, actor, receivable_id)
        value = receivables.value(session, row)
        unless_refused(rules.may_credit(value, by=actor.require()))
        invoice = Document.from_canonical(session.get_one(DocumentRow, row.document_id).canonical)
        earlier = _notes(session, row)
        if document.id in {each.id for each in earlier}:
            raise Conflict("credit_note_already_taken", f"credit note {document.id} was taken before")
        note = unless_refused(dilution(invoice, document, earlier=earlier))
        cut = _cut(session, row, invoice, earlier, note)
        diluted = min(cut, Money(max(0, receivables.unpromised(session, row)), row.currency))
        seller, debtor = (session.get_one(PartyRow, each) for each in (row.seller_id, row.debtor_id))
        kept = trade_documents.keep(session, ctx, document, data, seller=seller, buyer=debtor, order_id=row.order_id)
        top_up = margin_calls.call(session, ctx, row, cut - diluted, kept.row.id)
        if diluted.minor == 0:
            return Dilution(diluted, top_up, None)
        unless_refused(rules.credit(value, diluted, by=actor.require()))
        act = Credit(id=row.id, document_root=kept.root, amount=diluted.minor)
        return Dilution(diluted, top_up, ActView.of(receivables.act_of(session, ctx, row, row.holder_id, act)))


def _notes(session: Session, row: ReceivableRow) -> list[Document]:
    """The credit notes that were taken for this invoice before, but those whose act came to nothing."""
    same = select(ReceivableRow.id).where(ReceivableRow.document_id == row.document_id)
    ended = session.exec(
        select(ActRow).where(
            col(ActRow.subject).in_(same),
            ActRow.function == Credit.FUNCTION,
            col(ActRow.status).in_(("refused", "expired")),
        )
    )
    void = {Credit.from_params(act.params).document_root for act in ended}
    kept = session.exec(
        select(DocumentRow)
        .where(DocumentRow.order_id == row.order_id, DocumentRow.kind == DocumentKind.CREDIT_NOTE.value)
        .order_by(col(DocumentRow.id))
    )
    notes = [Document.from_canonical(each.canonical) for each in kept if each.root not in void]
    return [note for note in notes if note.references.invoices == (row.number,)]


def _cut(session: Session, row: ReceivableRow, invoice: Document, earlier: Sequence[Document], note: Money) -> Money:
    """What ``note`` takes off the face of the whole invoice, after what was withheld from it has been used up."""
    assert invoice.totals is not None, "an invoice has totals"
    whole = row
    while whole.parent_id is not None:
        whole = session.get_one(ReceivableRow, whole.parent_id)
    withheld = invoice.totals.payable - Money(whole.face, whole.currency)
    before = sum((each.totals.payable for each in earlier if each.totals), Money.zero(row.currency))
    zero = Money.zero(row.currency)
    return max(before + note - withheld, zero) - max(before - withheld, zero)
