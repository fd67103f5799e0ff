"""A claim's family: the whole claim that an invoice made for one due day, and every part that was split off it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlmodel import Session, col, select

from chainfin.rules.receivable_value import State
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.before_chain import BeforeChain

NOT_BILLED: Final = (BeforeChain.REFUSED.value, State.CANCELLED.value)
"""States, as they are stored, of receivables that bill nothing: their invoice may make one again."""


def whole(session: Session, row: ReceivableRow) -> ReceivableRow:
    """The claim that the invoice made, of which ``row`` is a part, or itself. Locks nothing."""
    while row.parent_id is not None:
        row = session.get_one(ReceivableRow, row.parent_id)
    return row


def members(session: Session, row: ReceivableRow) -> Sequence[ReceivableRow]:
    """The whole claim to which ``row`` belongs and all its parts, in the order in which they were made."""
    same = select(ReceivableRow).where(
        ReceivableRow.order_id == row.order_id, ReceivableRow.document_id == row.document_id
    )
    rows = session.exec(same.order_by(col(ReceivableRow.created_at), col(ReceivableRow.id))).all()
    parents = {each.id: each.parent_id for each in rows}
    return [each for each in rows if _whole_id(parents, each.id) == _whole_id(parents, row.id)]


def _whole_id(parents: Mapping[str, str | None], claim: str) -> str:
    parent = parents.get(claim)
    return claim if parent is None else _whole_id(parents, parent)


def ids(session: Session, receivable_id: str) -> list[str]:
    """The receivable, its parts, and theirs: downwards from this one only."""
    found, newest = [receivable_id], [receivable_id]
    while newest:
        newest = _parts_of(session, newest)
        found += newest
    return found


def lock(session: Session, receivable_id: str) -> None:
    """Lock the receivable, its parts, and theirs, each before the parts split off it are looked for."""
    newest = [receivable_id]
    while newest:
        for each in newest:
            session.get(ReceivableRow, each, with_for_update=True)
        newest = _parts_of(session, newest)


def _parts_of(session: Session, receivable_ids: Sequence[str]) -> list[str]:
    parts = select(ReceivableRow.id).where(col(ReceivableRow.parent_id).in_(receivable_ids))
    return sorted(session.exec(parts).all())
