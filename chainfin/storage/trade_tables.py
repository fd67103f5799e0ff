"""Trade documents, the acts that parties sign, and what the chain says of orders, receivables and receipts.

Rows of order, receivable and warehouse_receipt are a projection of final chain events; only
``reserved`` (an amount promised to an application that is not yet on chain) is ours.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from chainfin.storage.types import UtcDateTime, paid_under
from chainfin.values.before_chain import BeforeChain


class DocumentRow(SQLModel, table=True):
    """A trade document in canonical form. Its root is on chain; ``secret`` (sealed) salts the leaves."""

    __tablename__ = "document"

    id: str = Field(primary_key=True)
    cell: str
    kind: str
    number: str
    root: str = Field(unique=True)
    secret: str
    canonical: dict[str, object] = Field(sa_type=JSON)
    source_sha256: str = Field(index=True)
    seller_id: str | None = Field(default=None, foreign_key="party.id", index=True)
    buyer_id: str | None = Field(default=None, foreign_key="party.id", index=True)
    order_id: str | None = Field(default=None, index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)


class ActRow(SQLModel, table=True):
    """One act of a party: typed data made here, signed by the party, relayed to the chain.

    ``status``: awaiting_signature → signed → final | refused; or expired. ``auths`` holds signatures of other
    parties that the act needs (a registrar's attestation, a pledgor's grant).
    """

    __tablename__ = "act"
    __table_args__ = (UniqueConstraint("signer", "contract", "nonce"),)

    id: str = Field(primary_key=True)
    cell: str
    contract: str
    function: str
    party_id: str | None = Field(default=None, foreign_key="party.id", index=True)
    """None: the operator's own act."""
    signer: str
    params: dict[str, object] = Field(sa_type=JSON)
    extra: dict[str, object] = Field(default_factory=dict, sa_type=JSON)
    auths: list[dict[str, object]] = Field(default_factory=list, sa_type=JSON)
    typed_data: dict[str, object] = Field(sa_type=JSON)
    nonce: int = Field(sa_type=BigInteger)
    deadline: int = Field(sa_type=BigInteger)
    signature: str | None = None
    subject: str = Field(index=True)
    """Id of the thing that the act is about (order, receivable, pledge …)."""
    status: str = "awaiting_signature"
    error_code: str | None = None
    error_message: str | None = None
    tx_hash: str | None = Field(default=None, index=True)
    block_number: int | None = Field(default=None, sa_type=BigInteger)
    created_at: datetime = Field(sa_type=UtcDateTime)
    final_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ActNonceRow(SQLModel, table=True):
    """Next unused act nonce of a signer at a contract (handed out in order, so that bitmap words fill up)."""

    __tablename__ = "act_nonce"

    signer: str = Field(primary_key=True)
    contract: str = Field(primary_key=True)
    next: int = Field(sa_type=BigInteger)


class OrderRow(SQLModel, table=True):
    """A purchase order; amounts are gross minor units, cumulative."""

    __tablename__ = "purchase_order"
    __table_args__ = (
        CheckConstraint("confirmed <= invoiced and invoiced <= received and received <= despatched", name="match"),
        Index("ix_order_number", "buyer_id", "number"),
    )

    id: str = Field(primary_key=True)
    cell: str
    number: str
    buyer_id: str = Field(foreign_key="party.id", index=True)
    seller_id: str = Field(foreign_key="party.id", index=True)
    document_id: str = Field(foreign_key="document.id")
    currency: str
    ordered: int = Field(sa_type=BigInteger)
    despatched: int = Field(default=0, sa_type=BigInteger)
    received: int = Field(default=0, sa_type=BigInteger)
    invoiced: int = Field(default=0, sa_type=BigInteger)
    confirmed: int = Field(default=0, sa_type=BigInteger)
    status: str = BeforeChain.POSTING.value
    """posting (not final yet) | posted | acknowledged | despatched | received | invoiced | cancelled."""
    goods_returned: bool = False
    """Whether the buyer told of goods that it sent back: what its claims are worth is looked up then."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class OrderStateRow(SQLModel, table=True):
    """An order as it was last reckoned from its documents, and which they were. A convenience: it can be lost."""

    __tablename__ = "order_state"

    order_id: str = Field(primary_key=True, foreign_key="purchase_order.id")
    document: dict[str, object] = Field(sa_type=JSON)
    """The order as it stands after its amendments, canonical."""
    state: str
    """`rules.order.State` of its goods, without its invoices."""
    lines: list[dict[str, object]] = Field(sa_type=JSON)
    """`rules.order.OrderLine`, numbers as text."""
    invoiced: int = Field(sa_type=BigInteger)
    steps: int
    """How many signed steps of the goods are in it, and (digest) which."""
    steps_digest: str
    invoices: int
    """How many invoices are in it, and (digest) which."""
    invoices_digest: str


class ReceivableRow(SQLModel, table=True):
    """A receivable. ``face = free + pledged + split_away + settled + diluted``; reserved is part of free."""

    __tablename__ = "receivable"
    __table_args__ = (
        CheckConstraint(
            "pledged >= 0 and split_away >= 0 and settled >= 0 and diluted >= 0 and reserved >= 0 "
            "and pledged + split_away + settled + diluted + reserved <= face",
            name="conserved",
        ),
    )

    id: str = Field(primary_key=True)
    """Keyed fingerprint of the invoice (bytes32, hex)."""
    cell: str
    number: str
    order_id: str = Field(foreign_key="purchase_order.id", index=True)
    document_id: str = Field(foreign_key="document.id")
    seller_id: str = Field(foreign_key="party.id", index=True)
    debtor_id: str = Field(foreign_key="party.id", index=True)
    holder_id: str = Field(foreign_key="party.id", index=True)
    parent_id: str | None = Field(default=None, foreign_key="receivable.id", index=True)
    """Of a part: what it was split off, or taken out of by a lender."""
    currency: str
    face: int = Field(sa_type=BigInteger)
    due_date: date
    pledged: int = Field(default=0, sa_type=BigInteger)
    split_away: int = Field(default=0, sa_type=BigInteger)
    settled: int = Field(default=0, sa_type=BigInteger)
    diluted: int = Field(default=0, sa_type=BigInteger)
    reserved: int = Field(default=0, sa_type=BigInteger)
    lined: bool = False
    """Its confirmation drew on the debtor's credit line, which gets back what is paid or credited of it."""
    status: str = BeforeChain.ISSUING.value
    """issuing | issued | confirmed | disputed | settled | defaulted | cancelled."""
    reference: str = Field(
        default=None, nullable=False, index=True, unique=True, sa_column_kwargs={"default": paid_under("receivable")}
    )
    """The creditor reference (ISO 11649) under which it is paid."""
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_on: date | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


class CreditNoteRow(SQLModel, table=True):
    """What a credit note takes off a claim after its confirmation: kept until all of it is off on chain."""

    __tablename__ = "credit_note"
    __table_args__ = (CheckConstraint('amount > 0 and "left" >= 0 and "left" <= amount', name="counted"),)

    document_id: str = Field(primary_key=True, foreign_key="document.id")
    receivable_id: str = Field(foreign_key="receivable.id")
    """The claim on which it was given: the whole invoice's, or a part of it."""
    order_id: str = Field(foreign_key="purchase_order.id", index=True)
    invoice_id: str = Field(foreign_key="document.id")
    """With ``order_id`` these name the invoice's claim and all its parts (`ReceivableRow.document_id`)."""
    holder_id: str = Field(foreign_key="party.id")
    """Whose note it is: it is taken off claims that this party holds."""
    amount: int = Field(sa_type=BigInteger)
    left: int = Field(sa_type=BigInteger, index=True)
    """What of it isn't off on chain yet, acts on their way included."""
    waited: bool = False
    """Whether a part of it couldn't be taken off at once: then it stands, whatever becomes of its acts."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class LineRow(SQLModel, table=True):
    """What all lenders together allow a marked debtor (授信额度), and what of it its confirmed debt uses; minor units.

    Use may be above the limit: lowering a line stops new confirmations only.
    """

    __tablename__ = "credit_line"
    __table_args__ = (CheckConstraint('"limit" >= 0 and used >= 0', name="counted"),)

    debtor_id: str = Field(primary_key=True, foreign_key="party.id")
    currency: str | None = None
    """Ours, as the lender named it: on chain a line is a number in the currency of the debtor's orders."""
    limit: int = Field(default=0, sa_type=BigInteger)
    used: int = Field(default=0, sa_type=BigInteger)


class LineShareRow(SQLModel, table=True):
    """What one lender has set of a debtor's line; minor units."""

    __tablename__ = "credit_line_share"

    lender_id: str = Field(primary_key=True, foreign_key="party.id")
    debtor_id: str = Field(primary_key=True, foreign_key="party.id", index=True)
    limit: int = Field(sa_type=BigInteger)


class WarehouseReceiptRow(SQLModel, table=True):
    """An electronic warehouse receipt; quantities in thousandths of ``unit``."""

    __tablename__ = "warehouse_receipt"
    __table_args__ = (
        CheckConstraint(
            "pledged >= 0 and released >= 0 and liquidated >= 0 and missing >= 0 and reserved >= 0 "
            "and pledged + released + liquidated + missing + reserved <= issued",
            name="conserved",
        ),
        Index("one_number", "keeper_id", "number_folded", unique=True),
        Index("one_lot", "lot_place", "lot_seal", unique=True),
    )

    id: str = Field(primary_key=True)
    cell: str
    number: str
    number_folded: str | None = None
    """`rules.lot.folded`; None of a part, and of what was refused: it keeps no number from others."""
    lot: dict[str, object] | None = Field(default=None, sa_type=JSON)
    """`rules.lot.Lot`; None of a receipt from before lots were named."""
    lot_place: str | None = None
    lot_seal: str | None = None
    """`rules.lot.Identity`; both None where ``number_folded`` is."""
    keeper_id: str = Field(foreign_key="party.id", index=True)
    owner_id: str = Field(foreign_key="party.id", index=True)
    parent_id: str | None = Field(default=None, foreign_key="warehouse_receipt.id", index=True)
    """Of goods taken out of another receipt, by a lender or by who bought them back."""
    good: str = Field(index=True)
    """Its code in the catalogue; of a receipt from before there was one, what its keeper called the commodity."""
    goods: dict[str, object] = Field(sa_type=JSON)
    document_root: str
    unit: str
    issued: int = Field(sa_type=BigInteger)
    pledged: int = Field(default=0, sa_type=BigInteger)
    released: int = Field(default=0, sa_type=BigInteger)
    liquidated: int = Field(default=0, sa_type=BigInteger)
    missing: int = Field(default=0, sa_type=BigInteger)
    """What counts of the keeper didn't find any more."""
    reserved: int = Field(default=0, sa_type=BigInteger)
    status: str = BeforeChain.ISSUING.value
    """issuing | issued | released | liquidated."""
    created_at: datetime = Field(sa_type=UtcDateTime)
