"""Accounts at banks, what banks' statements say of them, and what became of orders that were sent to banks as files."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from chainfin.storage.types import BigId, UtcDateTime


class VirtualAccountRow(SQLModel, table=True):
    """A number under a lender's own account (虚拟账户) to which one payer pays: the money is the lender's from its
    booking on, and never the platform's."""

    __tablename__ = "virtual_account"
    __table_args__ = (UniqueConstraint("lender_id", "payer_id"),)

    account: str = Field(primary_key=True)
    lender_id: str = Field(foreign_key="party.id", index=True)
    payer_id: str = Field(foreign_key="party.id", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)


class BankFileRow(SQLModel, table=True):
    """A bank's file that a person fed by hand, whole: taken in once a second one has approved it."""

    __tablename__ = "bank_file"

    id: str = Field(primary_key=True)
    name: str
    sha256: str = Field(index=True)
    """Of ``document`` in UTF-8, hex."""
    document: str = Field(sa_type=Text)
    proposal_id: str | None = Field(default=None, foreign_key="proposal.id")
    became: dict[str, object] | None = Field(default=None, sa_type=JSON)
    """What became of it once it was taken in; None before."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class BankStatementRow(SQLModel, table=True):
    """A statement (a page of one) or notification as it was taken in. Balances in minor units, below zero: overdrawn.

    ``difference``: the code of the first thing that didn't fit (`connectors.iso20022.continuity`), None if all does.
    """

    __tablename__ = "bank_statement"
    __table_args__ = (UniqueConstraint("account", "currency", "kind", "digest"),)

    id: str = Field(primary_key=True)
    account: str = Field(index=True)
    iban: bool
    currency: str
    kind: str
    number: str
    """The bank's own id of it."""
    sequence: int | None = Field(default=None, sa_type=BigInteger)
    page: int = Field(sa_type=BigInteger)
    last_page: bool
    digest: str
    """SHA-256 of what it says, however it is laid out."""
    opening: int | None = Field(default=None, sa_type=BigInteger)
    opening_on: date | None = None
    closing: int | None = Field(default=None, sa_type=BigInteger)
    closing_on: date | None = None
    source: str
    """The file's name."""
    difference: str | None = None
    difference_minor: int = Field(default=0, sa_type=BigInteger)
    parked_id: str | None = Field(default=None, foreign_key="parked_item.id")
    """Of the difference: a person asks the bank."""
    cash_difference: int | None = Field(default=None, sa_type=BigInteger)
    """The bank's balance less the book's, minor units, once the two were compared after this statement."""
    opening_difference: int | None = Field(default=None, sa_type=BigInteger)
    """Of an account's first statement: its opening balance less what the book had on the account by then, minor units,
    once the two were compared."""
    opening_parked_id: str | None = Field(default=None, foreign_key="parked_item.id")
    """Of that difference: a person says what it is."""
    taken_at: datetime = Field(sa_type=UtcDateTime)


class BankEntryRow(SQLModel, table=True):
    """One payment of a booked entry. ``status``: a `rules.bank_order.EntryState`."""

    __tablename__ = "bank_entry"
    __table_args__ = (UniqueConstraint("statement_id", "place"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    statement_id: str = Field(foreign_key="bank_statement.id", index=True)
    place: str
    """Entry and payment within it, counted from 1 ("3/1")."""
    amount: int | None = Field(default=None, sa_type=BigInteger)
    """Signed, minor units; None: not even that could be read."""
    bank_ref: str = Field(index=True)
    instruction_id: str = Field(default="", index=True)
    """Ours, of an order that it carries out or gives back; else empty."""
    status: str
    code: str | None = None
    parked_id: str | None = Field(default=None, foreign_key="parked_item.id")


class BankPaymentRow(SQLModel, table=True):
    """What the bank has said of an order of ours that it was sent as a file. ``standing``: a
    `rules.bank_order.Standing`."""

    __tablename__ = "bank_payment"

    instruction_id: str = Field(primary_key=True)
    standing: str
    code: str | None = None
    text: str | None = None
    bank_ref: str = ""
    amount: int | None = Field(default=None, sa_type=BigInteger)
    currency: str | None = None
    evidence: dict[str, object] = Field(sa_type=JSON)
    """Which file said so, and how."""
    said_at: datetime = Field(sa_type=UtcDateTime)
    paid_on: date | None = None
    """The bank's own day on which it paid: that of its debit entry, or until there is one of its word."""
    written_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Its file was written, and is never written again but by a person's word."""
    written_again: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    """Who had it written again, when and why."""
