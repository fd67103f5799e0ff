"""Trade documents as they come in: read, kept in canonical form, committed to; and whom they name."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, select

from chainfin.documents import crediting, read
from chainfin.documents.commitment import SECRET_BYTES, commit
from chainfin.documents.fingerprint import normalised
from chainfin.documents.model import Document, DocumentKind
from chainfin.documents.model import Party as NamedParty
from chainfin.errors import BadInput, Forbidden, Refused
from chainfin.eth.bindings.receivables_acts import Credit, Issue
from chainfin.rules.act import CAME_TO_NOTHING, ActState
from chainfin.services.kernel.context import Context
from chainfin.services.trade.claim_family import NOT_BILLED
from chainfin.storage.party_tables import PartyAliasRow, PartyRow
from chainfin.storage.trade_tables import ActRow, CreditNoteRow, DocumentRow, OrderRow, ReceivableRow
from chainfin.storage.types import new_id
from chainfin.values.money import Money

NEVER_CAME = "never_came"
"""Where the act of an issue keeps what of the invoice was withheld for goods that didn't come, by order line."""


@dataclass(frozen=True, slots=True)
class TradeDocument:
    """A document, what it says, and where it is kept."""

    document: Document
    row: DocumentRow

    @property
    def root(self) -> str:
        return self.row.root


def understand(data: bytes, source: str, *kinds: DocumentKind) -> Document:
    """Read a document of one of ``kinds``. Raises BadInput document_…, document_kind_wrong."""
    document = read(data, source=source)
    if document.kind not in kinds:
        wanted = " or ".join(kind.value for kind in kinds)
        raise BadInput("document_kind_wrong", f"{document.id} is of kind {document.kind}, not {wanted}", where=source)
    return document


def keep(
    session: Session,
    ctx: Context,
    document: Document,
    data: bytes,
    *,
    seller: PartyRow,
    buyer: PartyRow,
    order_id: str | None,
) -> TradeDocument:
    """Store the canonical form and its salted commitment. The secret that salts the leaves is sealed."""
    secret = secrets.token_bytes(SECRET_BYTES)
    doc_id = new_id("doc")
    row = DocumentRow(
        id=doc_id,
        cell=ctx.cell,
        kind=document.kind.value,
        number=document.id,
        root="0x" + commit(document, secret).root.hex(),
        secret=ctx.vault.seal(secret, context=doc_id),
        canonical=dict(document.canonical()),
        source_sha256=hashlib.sha256(data).hexdigest(),
        seller_id=seller.id,
        buyer_id=buyer.id,
        order_id=order_id,
        created_at=ctx.clock.now(),
    )
    session.add(row)
    session.flush()
    return TradeDocument(document, row)


def credit_notes(session: Session, order_id: str, invoice: str) -> list[Document]:
    """The credit notes that were taken for the invoice of this number on the order, but those whose act came to
    nothing (`pending_credits.came_to_nothing`)."""
    ended = session.exec(
        select(ActRow)
        .where(ActRow.function == Credit.FUNCTION, col(ActRow.status).in_(CAME_TO_NOTHING))
        .join(ReceivableRow, col(ReceivableRow.id) == col(ActRow.subject))
        .where(ReceivableRow.order_id == order_id)
    )
    void = {Credit.from_params(act.params).document_root for act in ended}
    standing = set(session.exec(select(CreditNoteRow.document_id).where(CreditNoteRow.order_id == order_id)))
    kept = session.exec(
        select(DocumentRow)
        .where(DocumentRow.order_id == order_id, DocumentRow.kind == DocumentKind.CREDIT_NOTE.value)
        .order_by(col(DocumentRow.id))
    )
    notes = [Document.from_canonical(each.canonical) for each in kept if each.root not in void or each.id in standing]
    number = normalised(invoice)
    return [note for note in notes if {normalised(each) for each in note.references.invoices} == {number}]


def credited(notes: Iterable[Document], currency: str) -> Money:
    """What the notes credit together."""
    return sum((each.totals.payable for each in notes if each.totals), Money.zero(currency))


def never_came(session: Session, row: ReceivableRow) -> dict[str, Money]:
    """What of the claim's invoice was withheld when it was issued, for goods that didn't come, by order line."""
    query = select(ActRow).where(ActRow.subject == row.id, ActRow.function == Issue.FUNCTION)
    issued = session.exec(query.where(ActRow.status == ActState.FINAL).order_by(col(ActRow.id).desc())).first()
    kept = {} if issued is None else issued.extra.get(NEVER_CAME)
    return {line: Money(value, row.currency) for line, value in kept.items()} if isinstance(kept, dict) else {}


def claims_of(session: Session, whole: ReceivableRow) -> list[ReceivableRow]:
    """The standing claims that the invoice of ``whole`` made on its order: one, or one for each day on which a part of
    it is due, the earliest first."""
    standing = session.exec(
        select(ReceivableRow, DocumentRow.canonical)
        .join(DocumentRow, col(DocumentRow.id) == col(ReceivableRow.document_id))
        .where(
            ReceivableRow.order_id == whole.order_id,
            col(ReceivableRow.parent_id).is_(None),
            col(ReceivableRow.status).not_in(NOT_BILLED),
        )
        .order_by(col(ReceivableRow.due_date), col(ReceivableRow.id))
    ).all()
    issued = {row.id: str(canonical["issue_date"])[:4] for row, canonical in standing}
    number, year = normalised(whole.number), issued.get(whole.id)
    return [row for row, _ in standing if normalised(row.number) == number and issued[row.id] == year]


def off_the_face(session: Session, whole: ReceivableRow, notes: Iterable[Document]) -> Money:
    """What the notes take together off the claims of an invoice, beyond what was withheld from them."""
    zero = Money.zero(whole.currency)
    invoice = Document.from_canonical(session.get_one(DocumentRow, whole.document_id).canonical)
    never = never_came(session, whole)
    faces = sum((Money(each.face, each.currency) for each in claims_of(session, whole)), zero)
    withheld = invoice.claim - faces
    rest = max(withheld - sum(never.values(), zero), zero)
    posted = session.get_one(OrderRow, whole.order_id).document_id
    order = Document.from_canonical(session.get_one(DocumentRow, posted).canonical)
    return crediting.off_the_face(order, notes, never, rest=rest)


def secret_of(ctx: Context, row: DocumentRow) -> bytes:
    """The 32 bytes that salt the document's leaves."""
    return ctx.vault.unseal(row.secret, context=row.id)


def named(session: Session, party: NamedParty, role: str) -> PartyRow:
    """The participant that a document names. Raises Refused document_party_unknown."""
    values = [identifier.value for identifier in party.legal_ids]
    alias = session.exec(select(PartyAliasRow).where(col(PartyAliasRow.value).in_(values))).first()
    if alias is None:
        shown = ", ".join(values) or "no identifier"
        raise Refused(
            "document_party_unknown",
            f"the {role} {party.label!r} ({shown}) is no participant",
            where=role,
        )
    return session.get_one(PartyRow, alias.party_id)


def must_be(party: PartyRow, actor_party_id: str, role: str) -> None:
    """Raises Forbidden document_party_foreign: nobody brings a document in another's name."""
    if party.id != actor_party_id:
        raise Forbidden("document_party_foreign", f"the document names another {role} than you", where=role)
