"""Under which ids an invoice makes its claims, and which of these stand already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from chainfin.documents.fingerprint import invoice_fingerprint, invoice_key, series_of
from chainfin.documents.instalments import DuePart
from chainfin.documents.model import Document
from chainfin.errors import Conflict
from chainfin.services.kernel.context import Context
from chainfin.services.trade.claim_family import NOT_BILLED
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import DocumentRow, OrderRow, ReceivableRow


@dataclass(frozen=True, slots=True)
class Open:
    """The parts of an invoice for which no claim stands, with the ids of their claims, and the claims of the others."""

    parts: tuple[DuePart, ...]
    ids: tuple[str, ...]
    standing: tuple[ReceivableRow, ...]


def fingerprint(ctx: Context, seller_legal_id: str, number: str, series: str) -> str:
    """The id of the claim of this invoice, 0x-hex."""
    key = invoice_key(ctx.fingerprint_key, seller_legal_id, number, series=series)
    return "0x" + invoice_fingerprint(key, seller_legal_id, number, series=series).hex()


def unless_registered(
    session: Session, ctx: Context, seller: PartyRow, document: Document, order: OrderRow, parts: Sequence[DuePart]
) -> Open:
    """What of the invoice may still make claims on this order. A number that was taken in another year is taken to be
    counted anew; that it isn't the same goods again is for the match to say.

    A claim that was withdrawn before its confirmation may be issued again, put right; the contract agrees. Parts may
    follow others of the same invoice, and of no other under its number: days and amounts have to be the same.
    Raises Conflict invoice_already_registered.
    """
    parts_left, ids, standing = [], [], []
    for part in parts:
        claim_id, row = _taken(session, ctx, seller, document, order.number, part.number)
        if row is None:
            parts_left.append(part)
            ids.append(claim_id)
        else:
            standing.append(row)
    others = [
        row for row in standing if row.order_id != order.id or _written(session, row) != document.billing.instalments
    ]
    if others or not parts_left:
        raise Conflict(
            "invoice_already_registered",
            f"invoice {document.id} made a receivable before; an invoice is financed once",
            receivable=standing[0].id,
        )
    return Open(tuple(parts_left), tuple(ids), tuple(standing))


def _taken(
    session: Session, ctx: Context, seller: PartyRow, document: Document, order: str, part: int
) -> tuple[str, ReceivableRow | None]:
    """The id of the part's claim, and the claim that stands under it."""
    for anew in (False, True):
        series = series_of(document, order=order, anew=anew, part=part)
        claim_id = fingerprint(ctx, seller.legal_value, document.id, series)
        row = _standing(session, claim_id)
        if row is None or _issued_on(session, row).year == document.issue_date.year:
            break
    return claim_id, row


def _standing(session: Session, claim_id: str) -> ReceivableRow | None:
    row = session.get(ReceivableRow, claim_id)
    return None if row is None or row.status in NOT_BILLED else row


def _issued_on(session: Session, row: ReceivableRow) -> date:
    return _invoice(session, row).issue_date


def _written(session: Session, row: ReceivableRow) -> object:
    return _invoice(session, row).billing.instalments


def _invoice(session: Session, row: ReceivableRow) -> Document:
    return Document.from_canonical(session.get_one(DocumentRow, row.document_id).canonical)
