"""Credit notes: dilution (贸易折减) of a receivable, and what it takes from the loans that were lent on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from chainfin.documents.crediting import dilution
from chainfin.documents.fingerprint import normalised
from chainfin.documents.model import Document, DocumentKind
from chainfin.errors import Conflict, Refusal, Refused, unless_refused
from chainfin.eth.bindings.receivables_acts import Credit
from chainfin.rules import receivable as rules
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.lending import margin_calls
from chainfin.services.trade import claim_family, pending_credits, receivable_state, receivables, trade_documents
from chainfin.services.views.acts import ActView
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, CreditNoteRow, DocumentRow, ReceivableRow
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class Dilution:
    """What a credit note does: ``diluted`` goes off the free part by ``act`` (several where parts bear it);
    ``pending`` stays to be taken off, and ``top_up`` is called from the borrower where that cuts into what is pledged;
    ``never_claimed`` costs nothing: it was no part of the face."""

    diluted: Money
    pending: Money
    top_up: Money
    never_claimed: Money
    act: ActView | None


def credit(ctx: Context, actor: Actor, receivable_id: str, data: bytes, source: str = "request") -> Dilution:
    """The holder's credit note (红字发票). It cuts the free part at once; what exceeds it is kept, called as a top-up,
    and taken off as soon as something comes free. Before the claim is confirmed it is withdrawn, and may be issued
    again for the rest.

    What of the invoice never became part of the face is credited first, and costs the receivable nothing: of goods that
    didn't come, line by line (`crediting.off_the_face`). Raises NotFound receivable_unknown; BadInput document_…;
    Refused not_holder, party_mismatch, invoice_reference_mismatch, credit_above_invoice, receivable_state_wrong,
    credit_above_part (of an invoice due in parts); Conflict credit_note_already_taken.
    """
    document = trade_documents.understand(data, source, DocumentKind.CREDIT_NOTE)
    with ctx.store.begin() as session:
        known = session.get(ReceivableRow, receivable_id)
        if known is not None:
            claim_family.lock(session, claim_family.whole(session, known).id)
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
        left = Money(receivable_state.outstanding(row) - pending_credits.on(session, row), row.currency)
        if len(trade_documents.claims_of(session, row)) > 1 and cut > left:
            message = f"the note takes {cut}, more than is left of the part due on {row.due_date}: credit each part"
            raise Refused("credit_above_part", message, left=str(left))
        seller, debtor = (session.get_one(PartyRow, each) for each in (row.seller_id, row.debtor_id))
        kept = trade_documents.keep(session, ctx, document, data, seller=seller, buyer=debtor, order_id=row.order_id)
        zero = Money.zero(row.currency)
        if not cut.minor:
            return Dilution(zero, zero, zero, note, None)
        given = CreditNoteRow(
            document_id=kept.row.id,
            receivable_id=row.id,
            order_id=row.order_id,
            invoice_id=row.document_id,
            holder_id=row.holder_id,
            amount=cut.minor,
            left=cut.minor,
            created_at=ctx.clock.now(),
        )
        session.add(given)
        session.flush()
        made = _take_off(session, ctx, given, asked=row.id)
        later = [share for share in pending_credits.shares(session, row) if share.note == kept.row.id and share.later]
        called = [margin_calls.call(session, ctx, _claim(session, each.claim), kept.row.id) for each in later]
        diluted = Money(sum(Credit.from_params(act.params).amount for act in made), row.currency)
        given.waited = diluted < cut
        session.add(given)
        mine = next((act for act in made if act.subject == row.id), None)
        act = mine or next(iter(made), None)
        return Dilution(diluted, cut - diluted, sum(called, zero), note - cut, None if act is None else ActView.of(act))


def take_off_due(ctx: Context, *, limit: int = 100) -> int:
    """Take off what earlier notes have still to take off and has come free since. Returns how many acts were made."""
    with ctx.store.read() as session:
        due = pending_credits.due(session, ctx, limit=limit)
        found = [(note.document_id, _whole_of(session, note)) for note in due]
    made = 0
    for note_id, whole_id in found:
        with ctx.store.begin() as session:
            claim_family.lock(session, whole_id)
            note = session.get(CreditNoteRow, note_id, with_for_update=True)
            made += 0 if note is None else len(_take_off(session, ctx, note))
    return made


def _whole_of(session: Session, note: CreditNoteRow) -> str:
    return claim_family.whole(session, session.get_one(ReceivableRow, note.receivable_id)).id


def _take_off(session: Session, ctx: Context, note: CreditNoteRow, *, asked: str | None = None) -> list[ActRow]:
    """The acts of the note's giver that take off what is free now. The family is locked. ``asked``: the claim that the
    note was brought for; a refusal of it is told, parts that can't be credited now are passed over."""
    root = session.get_one(DocumentRow, note.document_id).root
    made = []
    for share in pending_credits.shares(session, _claim(session, note.receivable_id)):
        if share.note != note.document_id or not share.now:
            continue
        row = _claim(session, share.claim)
        may = rules.credit(receivable_state.value(session, row), Money(share.now, row.currency), by=note.holder_id)
        if row.id == asked:
            unless_refused(may)
        if not isinstance(may, Refusal):
            act = Credit(id=row.id, document_root=root, amount=share.now)
            made.append(receivables.act_of(session, ctx, row, note.holder_id, act))
            session.flush()
    return made


def _claim(session: Session, receivable_id: str) -> ReceivableRow:
    return session.get_one(ReceivableRow, receivable_id, with_for_update=True)


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
    return Dilution(note, zero, zero, zero, ActView.of(act))


def _cut(session: Session, row: ReceivableRow, earlier: Sequence[Document], note: Document) -> Money:
    """What ``note`` takes off the face of the whole invoice, beyond what was withheld from it."""
    whole = claim_family.whole(session, row)
    before, after = (trade_documents.off_the_face(session, whole, notes) for notes in (earlier, (*earlier, note)))
    return after - before
