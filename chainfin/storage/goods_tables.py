"""What is said of goods beside what the chain says: inspections and insurance, as their keepers record them, and the
least value that a lender wants while they move."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from chainfin.storage.types import UtcDateTime


class InspectionRow(SQLModel, table=True):
    """An inspection that a keeper made."""

    __tablename__ = "inspection"

    id: str = Field(primary_key=True)
    receipt_id: str = Field(foreign_key="warehouse_receipt.id", index=True)
    made_on: date
    next_by: date
    """By when the next one is made."""
    report_root: str
    """Keccak-256 of the report, 0x-hex."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class InsuranceRow(SQLModel, table=True):
    """A policy over the goods, as their keeper has seen it. The newest of a receipt counts."""

    __tablename__ = "insurance_policy"

    id: str = Field(primary_key=True)
    receipt_id: str = Field(foreign_key="warehouse_receipt.id", index=True)
    number: str
    insurer: str
    starts_on: date
    ends_on: date
    """Its last day."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class GoodsMinimumRow(SQLModel, table=True):
    """The least value of a loan's goods while they move (最低价值控制), as two persons of its lender set it."""

    __tablename__ = "goods_minimum"

    loan_id: str = Field(primary_key=True, foreign_key="loan.id")
    currency: str
    amount: int = Field(sa_type=BigInteger)
    """Minor units."""
    proposal_id: str = Field(foreign_key="proposal.id")
    set_at: datetime = Field(sa_type=UtcDateTime)
