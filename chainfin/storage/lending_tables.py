"""Applications, offers, limits, loans and repayments."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from chainfin.storage.types import BigId, UtcDateTime, paid_under

COLLECTION_ACCOUNT = "chainfin-collection"
"""The account at the settlement bank that payers were told before lenders had accounts of their own for each payer."""


class ApplicationRow(SQLModel, table=True):
    """A request for money. ``record`` is the canonical decision record, byte for byte as it was hashed."""

    __tablename__ = "application"

    id: str = Field(primary_key=True)
    cell: str
    product: str
    """`values.product.Product`"""
    borrower_id: str = Field(foreign_key="party.id", index=True)
    lender_id: str = Field(foreign_key="party.id", index=True)
    asset_id: str | None = Field(default=None, index=True)
    currency: str
    requested: int = Field(sa_type=BigInteger)
    days: int
    consent: dict[str, object] = Field(default_factory=dict, sa_type=JSON)
    status: str = "received"
    """`rules.application.State`"""
    record: str | None = None
    record_hash: str | None = Field(default=None, index=True)
    refusals: list[dict[str, object]] = Field(default_factory=list, sa_type=JSON)
    loan_id: str | None = Field(default=None, index=True)
    appeal_of: str | None = Field(default=None, index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class ApplicationNodeRow(SQLModel, table=True):
    """One node of an application's way: started, ended, outcome. Rows are only added and ended, never rewritten."""

    __tablename__ = "application_node"
    __table_args__ = (UniqueConstraint("application_id", "seq"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    application_id: str = Field(foreign_key="application.id", index=True)
    seq: int
    name: str
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: str | None = None
    detail: dict[str, object] = Field(default_factory=dict, sa_type=JSON)


class SourceDataRow(SQLModel, table=True):
    """What a data partner said of a party, as signed by it, with the day it speaks of."""

    __tablename__ = "source_data"

    id: str = Field(primary_key=True)
    party_id: str = Field(foreign_key="party.id", index=True)
    application_id: str | None = Field(default=None, index=True)
    source: str
    payload: dict[str, object] = Field(sa_type=JSON)
    as_of: date
    fetched_at: datetime = Field(sa_type=UtcDateTime)


class OfferRow(SQLModel, table=True):
    """Terms offered on an approved application. ``status``: open | accepted | expired | withdrawn."""

    __tablename__ = "offer"

    id: str = Field(primary_key=True)
    application_id: str = Field(foreign_key="application.id", unique=True)
    terms: dict[str, object] = Field(sa_type=JSON)
    amount: int = Field(sa_type=BigInteger)
    pledge_amount: int = Field(default=0, sa_type=BigInteger)
    act_id: str | None = None
    """The act (grant of pledge, or acceptance) whose signature accepts the offer."""
    status: str = "open"
    expires_at: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)


class LimitRow(SQLModel, table=True):
    """A credit limit of a lender on a key (debtor, borrower …). The CHECK is the last line against a breach."""

    __tablename__ = "credit_limit"
    __table_args__ = (
        UniqueConstraint("lender_id", "kind", "key", "currency"),
        CheckConstraint("held >= 0 and used >= 0 and held + used <= amount", name="within"),
    )

    id: str = Field(primary_key=True)
    cell: str
    lender_id: str = Field(foreign_key="party.id", index=True)
    kind: str
    """debtor | borrower | lender | mandate"""
    key: str
    currency: str
    amount: int = Field(sa_type=BigInteger)
    held: int = Field(default=0, sa_type=BigInteger)
    used: int = Field(default=0, sa_type=BigInteger)
    lowered_to: int | None = Field(default=None, sa_type=BigInteger)
    """What the lender lowered it to while more was held and used; ``amount`` is then what the CHECK can hold."""
    grade: str | None = None
    """The grade (A–D) that the lender's underwriter gives the party; None: the scorecard's."""
    proposal_id: str | None = None
    """What was last asked for and takes the lender's second person; None: nothing, or it was set anew since. (No
    foreign key: SQLite would make the table anew for it, without its CHECK.)"""
    updated_at: datetime = Field(sa_type=UtcDateTime)


class MandateRow(SQLModel, table=True):
    """A lender's mandate (资金授权): the text that it signed, and until when. What of it is held and used stands in the
    credit limit of kind ``mandate`` whose key is this id. ``status``: `rules.mandate.MandateState`. ``proposal_id``: of
    the second person whom a signature in custody needed."""

    __tablename__ = "mandate"

    id: str = Field(primary_key=True)
    cell: str
    lender_id: str = Field(foreign_key="party.id", index=True)
    currency: str
    amount: int = Field(sa_type=BigInteger)
    policies: dict[str, str] = Field(sa_type=JSON)
    """Product → hash of the policy that decides on it."""
    documents: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    """Product → hash of the product document; {} in mandates from before they named any."""
    grades: list[str] = Field(sa_type=JSON)
    rate_floor: str
    not_before: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    signer: str
    typed_data: dict[str, object] = Field(sa_type=JSON)
    signature: str | None = None
    status: str = "prepared"
    created_at: datetime = Field(sa_type=UtcDateTime)
    signed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    proposal_id: str | None = Field(default=None, foreign_key="proposal.id")
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revocation: dict[str, object] | None = Field(default=None, sa_type=JSON)
    """The lender's word on it, to be signed; None for one that was never signed, or was revoked before there were such
    words."""
    revocation_signature: str | None = None


class HoldRow(SQLModel, table=True):
    """A part of a limit taken by an application. ``state``: held → used → freed, or held → freed."""

    __tablename__ = "limit_hold"
    __table_args__ = (UniqueConstraint("application_id", "limit_id"),)

    id: str = Field(primary_key=True)
    application_id: str = Field(foreign_key="application.id", index=True)
    limit_id: str = Field(foreign_key="credit_limit.id", index=True)
    amount: int = Field(sa_type=BigInteger)
    state: str = "held"
    updated_at: datetime = Field(sa_type=UtcDateTime)


class LoanRow(SQLModel, table=True):
    """A loan's terms and state. What is owed is read from the ledger, never stored here."""

    __tablename__ = "loan"

    id: str = Field(primary_key=True)
    cell: str
    application_id: str = Field(foreign_key="application.id", unique=True)
    borrower_id: str = Field(foreign_key="party.id", index=True)
    lender_id: str = Field(foreign_key="party.id", index=True)
    product: str
    currency: str
    principal: int = Field(sa_type=BigInteger)
    terms: dict[str, object] = Field(sa_type=JSON)
    start_date: date | None = None
    maturity: date
    status: str = "approved"
    """`rules.loan.LoanState`"""
    reference: str = Field(
        default=None, nullable=False, index=True, unique=True, sa_column_kwargs={"default": paid_under("loan")}
    )
    """The creditor reference (ISO 11649) under which it is repaid."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    funded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    impaired_from: date | None = None
    """The first value date on which the book follows what the loan may not earn and its allowance; None: always."""


class RepaymentRow(SQLModel, table=True):
    """Money that came in for a loan, of each incoming payment once, and how it was allocated."""

    __tablename__ = "repayment"
    __table_args__ = (UniqueConstraint("loan_id", "incoming_id"),)

    id: str = Field(primary_key=True)
    loan_id: str = Field(foreign_key="loan.id", index=True)
    source: str
    """borrower | debtor"""
    incoming_id: str = Field(foreign_key="incoming_payment.id", index=True)
    currency: str
    amount: int = Field(sa_type=BigInteger)
    allocation: dict[str, object] = Field(sa_type=JSON)
    received_on: date
    created_at: datetime = Field(sa_type=UtcDateTime)


class EndOfDayRow(SQLModel, table=True):
    """An end of day that ran to its end; a second run of the same date posts nothing."""

    __tablename__ = "end_of_day"

    business_date: date = Field(primary_key=True)
    loans: int
    journals: int
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """None of those that ran before it was noted."""
    unchecked: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    """Loan → why nobody can tell what the goods under it are worth."""
    finished_at: datetime = Field(sa_type=UtcDateTime)


class LoanEventRow(SQLModel, table=True):
    """What happened to a loan, in order; the loan's state is the fold of these. Rows are only ever added."""

    __tablename__ = "loan_event"
    __table_args__ = (UniqueConstraint("loan_id", "seq"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    loan_id: str = Field(foreign_key="loan.id", index=True)
    seq: int
    kind: str
    """disburse | start_moved | accrue | pay_borrower | pay_debtor | payout_returned"""
    on: date
    amount: int = Field(default=0, sa_type=BigInteger)
    payment: str = ""
    """What the book calls the payment (`IncomingRow.book_ref`)."""
    holder: str = ""
    whole: bool = False
    """Posted when the book was one; see `rules.loan.history.Happening`."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class IncomingRow(SQLModel, table=True):
    """A payment that reached the settlement bank, as the bank signed it, under an id of our own.

    ``bank_ref``, ``payer_account`` and ``remittance`` are the partner's text: any characters, never part of an id or a
    key of ours. The bank names a payment by its reference alone (so are refunds asked for and settlements attested),
    whatever account it came in on: the first line of a reference is the payment. A further line that says the same is
    the same payment; one that says something else is kept with the next ``repeat`` and held for a person.

    ``status``: `rules.payment.State`. ``reason`` says why, where it is not plainly applied.
    """

    __tablename__ = "incoming_payment"
    __table_args__ = (UniqueConstraint("bank_ref", "repeat"),)

    id: str = Field(primary_key=True)
    bank_ref: str
    repeat: int = 0
    book_ref: str = Field(unique=True)
    """What journals and loan events call it: its id. Of payments taken in before they had ids it is the bank's
    reference, since nothing that was posted is ever rewritten."""
    sequence: int = Field(sa_type=BigInteger, index=True)
    account: str = COLLECTION_ACCOUNT
    """Ours or a lender's, on which it came in; the holder's own where ``direct``."""
    direct: bool = False
    """Paid to the holder itself: nothing of it is in the book, or leaves again."""
    receivable_id: str | None = Field(default=None, index=True)
    """The receivable that it pays, as far as its text said so when it came."""
    beyond: int = Field(default=0, sa_type=BigInteger)
    """What of a direct payment was above what was owed: between debtor and holder, and in no book here."""
    payer_account: str
    currency: str
    amount: int = Field(sa_type=BigInteger)
    unapplied: int = Field(default=0, sa_type=BigInteger)
    remittance: str
    received_on: date
    status: str
    reason: str | None = None
    allocated_by: str | None = None
    """The proposal of two persons by which it was allocated, where the payer's text didn't say to what."""
    evidence: dict[str, object] = Field(default_factory=dict, sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)


class MarginCallRow(SQLModel, table=True):
    """A call (补仓) on a borrower whose collateral shrank: pay this much of the loan, or bring other collateral."""

    __tablename__ = "margin_call"
    __table_args__ = (UniqueConstraint("loan_id", "cause"),)

    id: str = Field(primary_key=True)
    loan_id: str = Field(foreign_key="loan.id", index=True)
    asset_id: str = Field(index=True)
    cause: str
    """What shrank the collateral: a document (a credit note), a price, or the end of a day."""
    currency: str
    amount: int = Field(sa_type=BigInteger)
    quantity: int | None = Field(default=None, sa_type=BigInteger)
    """Thousandths more of the goods that were lent on, which do the same. None of a loan on receivables."""
    due_on: date | None = None
    """The last day to meet it. None of a loan on receivables; older calls get theirs at the next look."""
    status: str = "open"
    """`rules.margin.State`. What was paid on it is read from the repayments."""
    escalated_on: date | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
