"""The documents' part of an evidence bundle: the fields that a check needs, each with its proof, and no others."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeAlias, cast

from sqlmodel import Session, select

from chainfin.audit.trade_documents import DISCLOSED, KINDS
from chainfin.documents.commitment import Commitment, commit, commit_fields, disclose
from chainfin.documents.model import Document, Json
from chainfin.eth.bindings import receivables_events, warehouse_receipts_events
from chainfin.eth.bindings.orders_events import Amended, GoodsReceived, Posted
from chainfin.services.kernel.context import Context
from chainfin.services.trade import trade_documents
from chainfin.storage.chain_tables import ChainEventRow
from chainfin.storage.trade_tables import DocumentRow, WarehouseReceiptRow

_OfDocument: TypeAlias = Posted | Amended | GoodsReceived | receivables_events.Issued | warehouse_receipts_events.Issued
_EVENTS: Final[Mapping[str, type[_OfDocument]]] = {
    f"{event.CONTRACT}.{event.NAME}": event
    for event in (Posted, Amended, GoodsReceived, receivables_events.Issued, warehouse_receipts_events.Issued)
}
"""The events of `KINDS`."""


def documents(session: Session, ctx: Context, events: Sequence[ChainEventRow]) -> list[dict[str, object]]:
    """Disclosures for every event that carries a document which is kept here."""
    found: list[dict[str, object]] = []
    for number, event in enumerate(events):
        event_name = f"{event.contract}.{event.name}"
        if event_name not in KINDS:
            continue
        root = _EVENTS[event_name].from_args(event.args).document_root
        commitment = _commitment(session, ctx, event, root)
        if commitment is None or "0x" + commitment.root.hex() != root:
            continue
        paths = [leaf.path for leaf in commitment.leaves if DISCLOSED.fullmatch(leaf.path)]
        found.append({"fact": number, "fields": [disclose(commitment, path).to_json() for path in paths]})
    return found


def _commitment(session: Session, ctx: Context, event: ChainEventRow, root: str) -> Commitment | None:
    receipt = session.get(WarehouseReceiptRow, event.subject) if event.contract == "WarehouseReceipts" else None
    if receipt is not None:
        return _receipt(ctx, receipt)
    row = session.exec(select(DocumentRow).where(DocumentRow.root == root)).one_or_none()
    if row is None:
        return None
    return commit(Document.from_canonical(row.canonical), trade_documents.secret_of(ctx, row))


def _receipt(ctx: Context, row: WarehouseReceiptRow) -> Commitment | None:
    """A receipt's commitment is made again from its row; how its quantity was written is found by trying."""
    salt = hmac.new(ctx.vault.derive("receipts"), row.id.encode(), hashlib.sha256).digest()
    for quantity in _spellings(row.issued):
        goods = {name: str(value) for name, value in row.goods.items()}
        body: dict[str, Json] = {"number": row.number, "goods": goods, "unit": row.unit, "quantity": quantity}
        if row.lot is not None:
            body["lot"] = cast(Json, row.lot)
        commitment = commit_fields(body, salt)
        if "0x" + commitment.root.hex() == row.document_root:
            return commitment
    return None


def _spellings(thousandths: int) -> Iterator[str]:
    exact = Decimal(thousandths).scaleb(-3)
    for places in range(4):
        rounded = exact.quantize(Decimal(1).scaleb(-places))
        if rounded == exact:
            yield str(rounded)
