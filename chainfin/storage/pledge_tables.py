"""Pledges, and what is promised, sold, given back and exchanged under them.

Rows of pledge and undertaking are a projection of final chain events.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, SQLModel

from chainfin.storage.types import UtcDateTime, paid_under


class UndertakingRow(SQLModel, table=True):
    """An undertaking to buy back what is pledged: goods (保兑仓; thousandths of the receipt's unit) or a receivable
    (有追索权; minor units)."""

    __tablename__ = "undertaking"

    pledge_id: str = Field(primary_key=True, foreign_key="pledge.id")
    buyer_id: str = Field(primary_key=True, foreign_key="party.id", index=True)
    amount: int = Field(sa_type=BigInteger)
    left: int = Field(sa_type=BigInteger)
    """What it hasn't bought yet."""
    until: date
    """Last day on which it can be called."""
    document_root: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class UndertakingTermsRow(SQLModel, table=True):
    """The terms of an undertaking, of which the hash is in its act: the ``document_root`` of `UndertakingRow`."""

    __tablename__ = "undertaking_terms"

    document_root: str = Field(primary_key=True)
    pledge_id: str = Field(foreign_key="pledge.id", index=True)
    buyer_id: str = Field(foreign_key="party.id")
    wording: str
    currency: str | None = None
    price: int | None = Field(default=None, sa_type=BigInteger)
    """Minor units for a unit of the goods; None: the day's price."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class BuyBackPromiseRow(SQLModel, table=True):
    """A core enterprise's promise to undertake, once goods of a receipt are lent on, to buy them back (保兑仓)."""

    __tablename__ = "buy_back_promise"

    id: str = Field(primary_key=True)
    cell: str
    receipt_id: str = Field(foreign_key="warehouse_receipt.id", index=True)
    buyer_id: str = Field(foreign_key="party.id", index=True)
    quantity: int = Field(sa_type=BigInteger)
    """Thousandths of the receipt's unit."""
    currency: str | None = None
    price: int | None = Field(default=None, sa_type=BigInteger)
    """Minor units for a unit of the goods; None: the day's price."""
    until: date
    wording: str
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)


class TakenSaleRow(SQLModel, table=True):
    """A sale of goods that a lender took on default. ``status``: offered → paid, or withdrawn."""

    __tablename__ = "taken_sale"

    id: str = Field(primary_key=True)
    cell: str
    pledge_id: str = Field(foreign_key="pledge.id", index=True)
    receipt_id: str = Field(foreign_key="warehouse_receipt.id", index=True)
    """The lender's receipt over what it took."""
    quantity: int = Field(sa_type=BigInteger)
    """Thousandths of the receipt's unit."""
    currency: str
    amount: int = Field(sa_type=BigInteger)
    """What the buyer pays, minor units."""
    least: int | None = Field(default=None, sa_type=BigInteger)
    """What it has to bring unless the pledgor agrees to less; None: nobody could tell what it was worth."""
    payer_account: str
    wording: str
    document_root: str
    """Hash of the terms, which the pledgor signs where it agrees."""
    status: str = "offered"
    incoming_id: str | None = Field(default=None, foreign_key="incoming_payment.id")
    created_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class TakenReturnRow(SQLModel, table=True):
    """Taken goods that go back to their pledgor before the loan is repaid, as two persons approved."""

    __tablename__ = "taken_return"

    id: str = Field(primary_key=True)
    cell: str
    pledge_id: str = Field(foreign_key="pledge.id", index=True)
    receipt_id: str = Field(foreign_key="warehouse_receipt.id", index=True)
    """The lender's receipt over what it took."""
    quantity: int = Field(sa_type=BigInteger)
    """Thousandths of the receipt's unit."""
    valuation: dict[str, object] = Field(sa_type=JSON)
    """`risk.valuation.Valuation`: by what it was approved."""
    proposal_id: str = Field(foreign_key="proposal.id")
    act_id: str = Field(foreign_key="act.id", index=True)
    """The lender's order to hand them out: the newest, where one came to nothing. They are back once it is final."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class SubstitutionRow(SQLModel, table=True):
    """Goods of pledge ``sold_id`` to be set free for a pledge (``pledge_id``) over the receivable of their sale.

    ``status``: offered → registering → pledging → done; or expired, withdrawn, failed.
    """

    __tablename__ = "substitution"

    pledge_id: str = Field(primary_key=True)
    """Of the new pledge: its row exists once the pledgor has granted it."""
    cell: str
    sold_id: str = Field(foreign_key="pledge.id", index=True)
    receivable_id: str = Field(foreign_key="receivable.id", index=True)
    lender_id: str = Field(foreign_key="party.id", index=True)
    pledgor_id: str = Field(foreign_key="party.id", index=True)
    quantity: int = Field(sa_type=BigInteger)
    """Goods set free, thousandths of the receipt's unit."""
    amount: int = Field(sa_type=BigInteger)
    """Of the receivable, minor units."""
    act_id: str = Field(foreign_key="act.id")
    """The pledgor's grant."""
    status: str = Field(default="offered", index=True)
    error_code: str | None = None
    error_message: str | None = None
    expires_at: datetime = Field(sa_type=UtcDateTime)
    """Of the offer."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class PledgeRow(SQLModel, table=True):
    """A pledge over a part of an asset. ``amount``: fen of a receivable or thousandths of a receipt's unit."""

    __tablename__ = "pledge"

    id: str = Field(primary_key=True)
    cell: str
    loan_id: str | None = Field(default=None, foreign_key="loan.id", index=True)
    """None: made past this service, for a loan that isn't in this book."""
    asset_kind: str
    """receivable | warehouse_receipt"""
    asset_id: str = Field(index=True)
    pledgor_id: str = Field(foreign_key="party.id", index=True)
    lender_id: str = Field(foreign_key="party.id", index=True)
    amount: int = Field(sa_type=BigInteger)
    released: int = Field(default=0, sa_type=BigInteger)
    settled: int = Field(default=0, sa_type=BigInteger)
    """Paid: by the debtor, or by who bought it back."""
    lost: int = Field(default=0, sa_type=BigInteger)
    """Goods under it that a count didn't find any more."""
    decision_hash: str
    registry_number: str | None = Field(default=None, unique=True)
    status: str = "pending"
    """pending | active | releasing | released | enforced | lost | failed"""
    reference: str = Field(
        default=None, nullable=False, index=True, unique=True, sa_column_kwargs={"default": paid_under("buy_back")}
    )
    """The creditor reference (ISO 11649) under which what is pledged is bought back."""
    drawn: bool = False
    """Whether the chain knows that the lender has paid out; else it can expire."""
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    taken_id: str | None = Field(default=None, index=True)
    """Once enforced: the asset that the lender holds instead."""
    tx_hash: str | None = None
    block_number: int | None = Field(default=None, sa_type=BigInteger)
    created_at: datetime = Field(sa_type=UtcDateTime)

    @property
    def left(self) -> int:
        """What is still locked under it, once it is on chain."""
        if self.status in ("enforced", "failed"):
            return 0
        return self.amount - self.released - self.settled - self.lost
