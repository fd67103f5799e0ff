"""Prices of goods, and the sources that the operator takes them from."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from chainfin.storage.types import BigId, UtcDateTime


class PriceRow(SQLModel, table=True):
    """A price of one unit of a graded good on a day, from a named source; its owner's newest that counts is used."""

    __tablename__ = "price"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    good: str = Field(index=True)
    unit: str
    currency: str
    minor_per_unit: int = Field(sa_type=BigInteger)
    source: str
    as_of: date
    owner_id: str | None = Field(default=None, foreign_key="party.id", index=True)
    """The lender whose price it is; None: the operator's, for lenders that have none of their own."""
    proposal_id: str | None = Field(default=None, foreign_key="proposal.id")
    """Of a price so far from the one before that it takes a second person."""
    counts_from: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """None: it doesn't count, or not yet."""
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """From then on it doesn't count any more."""
    withdrawal_id: str | None = Field(default=None, foreign_key="proposal.id")
    """By whose word it was withdrawn."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class PriceSourceRow(SQLModel, table=True):
    """A source from which the operator gives prices to all lenders, approved by two of its persons."""

    __tablename__ = "price_source"

    name: str = Field(primary_key=True)
    proposal_id: str = Field(foreign_key="proposal.id")
    approved_at: datetime = Field(sa_type=UtcDateTime)
