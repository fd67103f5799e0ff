"""What was sent to the chain and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import JSON, BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from chainfin.storage.types import BigId, UtcDateTime
from chainfin.values.transaction_state import TransactionState


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """A decoded log of one of our contracts in a final block.

    ``args``: ints, bools, addresses (EIP-55), bytes as 0x-hex.
    """

    contract: str
    name: str
    args: dict[str, object]
    block_number: int
    block_hash: str
    log_index: int
    tx_hash: str
    block_time: datetime


class ChainTxRow(SQLModel, table=True):
    """A transaction of a relayer key. Written with its signed bytes BEFORE it is sent; resending them is safe.

    ``status``: a `TransactionState`. Of one that is displaced the command is signed anew; a row is never deleted, its
    nonce never given out twice.
    """

    __tablename__ = "chain_tx"
    __table_args__ = (UniqueConstraint("sender", "nonce"),)

    hash: str = Field(primary_key=True)
    sender: str
    nonce: int = Field(sa_type=BigInteger)
    outbox_id: int | None = Field(default=None, sa_type=BigId, foreign_key="outbox.id", index=True)
    raw: str
    status: str = Field(default=TransactionState.STORED.value, index=True)
    block_number: int | None = Field(default=None, sa_type=BigInteger)
    created_at: datetime = Field(sa_type=UtcDateTime)


class RelayerNonceRow(SQLModel, table=True):
    """Next transaction nonce of a relayer key; locked while one is given out."""

    __tablename__ = "relayer_nonce"

    sender: str = Field(primary_key=True)
    next: int = Field(sa_type=BigInteger)


class ChainBlockRow(SQLModel, table=True):
    """A final block that the indexer has taken in."""

    __tablename__ = "chain_block"

    number: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    hash: str = Field(unique=True)
    parent_hash: str
    timestamp: datetime = Field(sa_type=UtcDateTime)


class ChainEventRow(SQLModel, table=True):
    """A log as it was taken in; what follows from it was committed in the same transaction."""

    __tablename__ = "chain_event"

    block_hash: str = Field(primary_key=True)
    log_index: int = Field(primary_key=True)
    block_number: int = Field(sa_type=BigInteger, index=True)
    tx_hash: str = Field(index=True)
    contract: str
    name: str
    args: dict[str, object] = Field(sa_type=JSON)
    subject: str | None = Field(default=None, index=True)
