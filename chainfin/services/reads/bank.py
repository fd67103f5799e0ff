"""Statements of accounts, as their holders see them."""

from __future__ import annotations

from sqlmodel import col, select

from chainfin.services.kernel.context import Actor, Context
from chainfin.storage.bank_tables import BankStatementRow, VirtualAccountRow
from chainfin.storage.party_tables import PartyRow
from chainfin.values.party import Role


def statements(ctx: Context, actor: Actor, *, after: str = "", limit: int = 50) -> list[BankStatementRow]:
    """All for the operator and auditors; a lender's of its own account and those under it. Raises Forbidden
    role_missing."""
    query = select(BankStatementRow).where(BankStatementRow.id > after)
    if not actor.sees_all:
        lender_id = actor.require(Role.LENDER)
        own = select(PartyRow.account).where(PartyRow.id == lender_id)
        under = select(VirtualAccountRow.account).where(VirtualAccountRow.lender_id == lender_id)
        query = query.where(col(BankStatementRow.account).in_(own.union(under)))
    with ctx.store.read() as session:
        return list(session.exec(query.order_by(col(BankStatementRow.id)).limit(limit)).all())
