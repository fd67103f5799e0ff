"""Credit notes: dilution (贸易折减) of a receivable, and what it takes from the loans that were lent on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from chainfin.documents.crediting import dilution
from chainfin.documents.fingerprint import normalised
from chainfin.documents.model import Document, DocumentKind
from chainfin.errors import Conflict, Refused, unless_refused
from chainfin.eth.bindings.receivables_acts import Credit
from chainfin.rules import receivable as rules
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.lending import margin_calls
from chainfin.services.trade import goods_sent_back, receivable_state, receivables, trade_documents
from chainfin.services.views.acts import ActView
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import DocumentRow, ReceivableRow
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class Dilution:
    """What a credit note does: ``diluted`` goes off the free part by ``act``; ``top_up`` is called from the borrower
    where the note cuts into what is pledged; ``never_claimed`` costs nothing: it was no part of the face."""

    diluted: Money
    top_up: Money
    never_claimed: Money
    act: ActView | None


def credit(ctx: Context, actor: Actor, receivable_id: str, data: bytes, source: str = "request") -> Dilution:
    """The holder's credit note (红字发票). It cuts the free part at once; what exceeds it is called as a top-up. Before
    the claim is confirmed it is withdrawn, and may be issued again for the rest.

    What of the invoice never became part of the face is credited first, and costs the receivable nothing: of goods that
    didn't come, line by line (`crediting.off_the_face`). Raises NotFound receivable_unknown; BadInput document_…;
    Refused not_holder, party_mismatch, invoice_reference_mismatch, credit_above_invoice, receivable_state_wrong,
    credit_above_part (of an invoice due in parts); Conflict credit_note_already_taken.
    """
    document = trade_documents.understand(data, source, DocumentKind.CREDIT_NOTE)
    with ctx.store.begin() as session:
        row = receivable_state.for_party(session, actor, receivable_id)
        invoice = Document.from_canonical(session.get_one(DocumentRow, row.document_id).canonical)
        earlier = trade_documents.credit_notes(session, row.order_id, row.number)
        if normalised(document.id) in {normalised(each.id) for each in earlier}:
            raise Conflict("credit_note_already_taken", f"credit note {document.id} was taken before")
        value = receivable_state.value(session, row)
        if not value.confirmed and row.status == rules.State.ISSUED:
            return _before_confirmation(session, ctx, actor, row, invoice, (document, data), earlier)
        unless_refused(rules.may_credit(value, by=actor.require()))
        note = unless_refused(dilution(invoice, document, earlier=earlier))
        cut = _cut(session, row, earlier, document)
        held = goods_sent_back.uncarried(session, row)  # until this note came
        if len(trade_documents.claims_of(session, row)) > 1 and cut.minor > receivable_state.outstanding(row):
            message = f"the note takes {cut}, more than is left of the part due on {row.due_date}: credit each part"
            raise Refused(
                "credit_above_part", message, left=str(Money(receivable_state.outstanding(row), row.currency))
            )
        diluted = min(cut, Money(max(0, receivable_state.unpromised(session, row) + held), row.currency))
        seller, debtor = (session.get_one(PartyRow, each) for each in (row.seller_id, row.debtor_id))
        kept = trade_documents.keep(session, ctx, document, data, seller=seller, buyer=debtor, order_id=row.order_id)
        top_up = margin_calls.call(session, ctx, row, cut - diluted, kept.row.id)
        if diluted.minor == 0:
            return Dilution(diluted, top_up, note - cut, None)
        unless_refused(rules.credit(value, diluted, by=actor.require()))
        act = Credit(id=row.id, document_root=kept.root, amount=diluted.minor)
        made = receivables.act_of(session, ctx, row, row.holder_id, act)
        return Dilution(diluted, top_up, note - cut, ActView.of(made))


def _before_confirmation(
    session: Session,
    ctx: Context,
    actor: Actor,
    row: ReceivableRow,
    invoice: Document,
    note_as_sent: tuple[Document, bytes],
    earlier: Sequence[Document],
) -> Dilution:
    """Nobody has confirmed the claim yet: the note withdraws it, and the same invoice is issued again for the rest."""
    document, data = note_as_sent
    note = unless_refused(dilution(invoice, document, earlier=earlier))
    act = receivables.withdrawal(session, ctx, row, by=actor.require())
    seller, debtor = (session.get_one(PartyRow, each) for each in (row.seller_id, row.debtor_id))
    trade_documents.keep(session, ctx, document, data, seller=seller, buyer=debtor, order_id=row.order_id)
    zero = Money.zero(row.currency)
    return Dilution(note, zero, zero, ActView.of(act))


def _cut(session: Session, row: ReceivableRow, earlier: Sequence[Document], note: Document) -> Money:
    """What ``note`` takes off the face of the whole invoice, beyond what was withheld from it."""
    whole = row
    while whole.parent_id is not None:
        whole = session.get_one(ReceivableRow, whole.parent_id)
    before, after = (trade_documents.off_the_face(session, whole, notes) for notes in (earlier, (*earlier, note)))
    return after - before
