"""What lenders have placed for lending, and what of it is held for loans that aren't paid out yet."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from chainfin.storage.types import UtcDateTime


class FundingAccountRow(SQLModel, table=True):
    """A lender's money for lending in one currency, minor units. The CHECK is the last line against an overdraft."""

    __tablename__ = "funding_account"
    __table_args__ = (
        UniqueConstraint("lender_id", "currency"),
        CheckConstraint("committed >= 0 and overdrawn >= 0 and balance + overdrawn >= committed", name="covered"),
    )

    id: str = Field(primary_key=True)
    cell: str
    lender_id: str = Field(foreign_key="party.id", index=True)
    currency: str
    balance: int = Field(default=0, sa_type=BigInteger)
    """The lender's cash in the book, less what of it is owed on to holders."""
    committed: int = Field(default=0, sa_type=BigInteger)
    """The sum of what is held (`FundingHoldRow`)."""
    overdrawn: int = Field(default=0, sa_type=BigInteger)
    """How far the balance was ever below what is committed: lent before accounts were kept, or lent before the bank's
    late news took money back; 0 of every other lender."""
    updated_at: datetime = Field(sa_type=UtcDateTime)


class FundingHoldRow(SQLModel, table=True):
    """What a loan takes of its lender's money. ``state``: held → used (the bank paid) or freed."""

    __tablename__ = "funding_hold"

    loan_id: str = Field(primary_key=True, foreign_key="loan.id")
    account_id: str = Field(foreign_key="funding_account.id", index=True)
    amount: int = Field(sa_type=BigInteger)
    state: str = "held"
    """`rules.facility.HoldState`"""
    updated_at: datetime = Field(sa_type=UtcDateTime)
