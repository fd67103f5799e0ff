"""Accounts at banks: those that stand in a lender's name for each of its payers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from chainfin.storage.types import UtcDateTime


class VirtualAccountRow(SQLModel, table=True):
    """A number under a lender's own account (虚拟账户) to which one payer pays: the money is the lender's from its
    booking on, and never the platform's."""

    __tablename__ = "virtual_account"
    __table_args__ = (UniqueConstraint("lender_id", "payer_id"),)

    account: str = Field(primary_key=True)
    lender_id: str = Field(foreign_key="party.id", index=True)
    payer_id: str = Field(foreign_key="party.id", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
