"""The journal (append-only), and the outbox of commands for drivers."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index
from sqlmodel import Field, SQLModel

from chainfin.storage.types import BigId, UtcDateTime
from chainfin.values.command_state import CommandState


class JournalRow(SQLModel, table=True):
    """One balanced posting. ``key`` makes it happen once; ``number`` is its place in its book, without gaps, and
    ``hash`` chains it to the one before it there.

    ``business_date``: in which period it is booked; ``value_date``: when what it tells of happened. ``book``: whose
    book it is in (a lender), empty for the collection account's.
    """

    __tablename__ = "journal"
    __table_args__ = (Index("ix_journal_number", "book", "number", unique=True),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    key: str = Field(unique=True)
    kind: str
    ref: str = Field(index=True)
    business_date: date = Field(index=True)
    value_date: date = Field(index=True)
    book: str = ""
    number: int = Field(sa_type=BigInteger)
    reverses: str | None = None
    previous_hash: str
    hash: str = Field(unique=True)
    payment: str | None = Field(default=None, index=True)
    """The incoming payment for which it was posted (its id). Beside the book: the hash doesn't cover it."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class EntryRow(SQLModel, table=True):
    """One line of a journal: exactly one of debit and credit, in minor units."""

    __tablename__ = "entry"
    __table_args__ = (
        CheckConstraint("(debit > 0 and credit = 0) or (credit > 0 and debit = 0)", name="one_side"),
        Index("ix_entry_account_ref", "account", "ref"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    journal_id: int = Field(sa_type=BigId, foreign_key="journal.id", index=True)
    account: str
    ref: str = Field(index=True)
    """Sub-ledger: the loan (or what else the line belongs to); may be empty."""
    party: str = ""
    """Whose line it is (a lender, a holder)."""
    currency: str
    debit: int = Field(default=0, sa_type=BigInteger)
    credit: int = Field(default=0, sa_type=BigInteger)


class JournalHeadRow(SQLModel, table=True):
    """The last journal of a book: the next one takes the number after it, in the transaction that commits it."""

    __tablename__ = "journal_head"

    book: str = Field(primary_key=True)
    number: int = Field(sa_type=BigInteger)
    hash: str


class DailyRootRow(SQLModel, table=True):
    """One hash over the heads of all books at an end of day; see `rules.daily_root`. ``heads``: book → number, hash."""

    __tablename__ = "daily_root"

    day: date = Field(primary_key=True)
    root: str = Field(unique=True)
    previous: str
    heads: dict[str, object] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)


class PeriodRow(SQLModel, table=True):
    """A month whose books are closed: nothing is booked in it any more."""

    __tablename__ = "closed_period"

    period: str = Field(primary_key=True)
    """YYYY-MM"""
    last_day: date = Field(unique=True)
    closed_by: str
    closed_at: datetime = Field(sa_type=UtcDateTime)


class OutboxRow(SQLModel, table=True):
    """A command for a driver, committed with the state it belongs to.

    ``status``: a `CommandState`, moved by the table beside it. ``unknown``: it was sent and nobody knows: the driver
    asks again, it never repeats blindly; ``parked``: nobody asks any more until a person has it asked again, or says
    what became of it.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_due", "topic", "status", "not_before"),
        Index("ix_outbox_subject", "topic", "subject"),
        Index("ix_outbox_correlation", "topic", "correlation"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    cell: str = "c0"
    topic: str
    key: str = Field(unique=True)
    """Makes the command be given once. It is compared and never read: what a command is about stands beside it."""
    subject: str = ""
    """What it is about: a loan, pledge, party, payment, application or act."""
    correlation: str = ""
    """The loan, application or payment that it belongs to."""
    payload: dict[str, object] = Field(sa_type=JSON)
    status: str = CommandState.DUE.value
    attempts: int = 0
    in_vain: int = 0
    """How often there was an answer that couldn't be taken in."""
    not_before: datetime = Field(sa_type=UtcDateTime)
    claimed_by: str | None = None
    claimed_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    result: dict[str, object] | None = Field(default=None, sa_type=JSON)
    error: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
