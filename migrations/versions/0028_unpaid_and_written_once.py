"""What the bank didn't pay, and payments under a used reference, can be dealt with; an order's file is written once.

Revision ID: 0028
Revises: 0027
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Connection

from chainfin.storage.types import UtcDateTime, new_id

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

OUTBOX = sa.table(
    "outbox",
    *(sa.column(name, sa.String()) for name in ("topic", "key", "subject", "status", "error")),
    sa.column("id", sa.BigInteger()),
    sa.column("payload", sa.JSON()),
)
INCOMING = sa.table(
    "incoming_payment",
    *(sa.column(name, sa.String()) for name in ("id", "currency", "status", "reason")),
    sa.column("amount", sa.BigInteger()),
    sa.column("received_on", sa.Date()),
)
TEXTS = ("id", "source", "subject", "kind", "payload", "digest", "reason", "detail", "status", "resolved_by", "resolution")
PARKED = sa.table(
    "parked_item",
    *(sa.column(name, sa.String()) for name in TEXTS),
    *(sa.column(name, UtcDateTime(timezone=True)) for name in ("first_seen_at", "last_tried_at")),
    sa.column("attempts", sa.Integer()),
)


def upgrade() -> None:
    op.add_column("bank_payment", sa.Column("written_at", UtcDateTime(timezone=True), nullable=True))
    op.add_column("bank_payment", sa.Column("paid_on", sa.Date(), nullable=True))
    op.add_column("bank_payment", sa.Column("written_again", sa.JSON(), nullable=False, server_default="[]"))
    op.execute("UPDATE bank_payment SET written_at = said_at")
    connection = op.get_bind()
    _refunds(connection)
    _reused(connection)
    _refused(connection)


def downgrade() -> None:
    for column in ("written_again", "paid_on", "written_at"):
        op.drop_column("bank_payment", column)


def _refunds(connection: Connection) -> None:
    """A refund says which attempt it is, and to whom, if not to who sent it."""
    for row in connection.execute(sa.select(OUTBOX).where(OUTBOX.c.topic == "payment.refund")).mappings().all():
        payload = {**row["payload"], "attempt": 1, "payee_account": "", "payee_name": ""}
        connection.execute(OUTBOX.update().where(OUTBOX.c.id == row["id"]).values(payload=payload))


def _reused(connection: Connection) -> None:
    """Money under a used reference was held, and nobody could move it: it is unmatched from now on."""
    held = sa.and_(INCOMING.c.status == "suspense", INCOMING.c.reason == "bank_reference_reused")
    for row in connection.execute(sa.select(INCOMING).where(held)).mappings().all():
        detail = f"{row['amount']} minor units of {row['currency']} on {row['received_on']}"
        _park(connection, "unmatched_payments", "incoming_payment", "", row["id"], row["reason"], detail)
    connection.execute(INCOMING.update().where(held).values(status="unmatched"))
    closed = {"status": "resolved", "resolved_by": "system", "resolution": "goes on as an unmatched payment"}
    old = sa.and_(PARKED.c.source == "reused_references", PARKED.c.status == "open")
    connection.execute(PARKED.update().where(old).values(**closed))


def _refused(connection: Connection) -> None:
    """What the bank had refused to give back or to pay to a holder waits for a person."""
    refused = sa.and_(OUTBOX.c.topic.in_(("payment.refund", "payment.holder")), OUTBOX.c.status == "refused")
    for row in connection.execute(sa.select(OUTBOX).where(refused)).mappings().all():
        payload = row["payload"]
        detail = f"{payload['amount']} {payload['currency']}: {row['error'] or 'refused'}"
        what = {"command": row["key"]}
        _park(connection, "unpaid_money", row["topic"], row["subject"], what, "payment_refused", detail)


def _park(
    connection: Connection, source: str, kind: str, subject: str, what: object, code: str, detail: str
) -> None:
    payload = json.dumps(what, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    now = datetime.now(UTC)
    connection.execute(
        PARKED.insert().values(
            id=new_id("park"),
            source=source,
            subject=subject,
            kind=kind,
            payload=payload,
            digest=hashlib.sha256(payload.encode("ascii")).hexdigest(),
            reason=code,
            detail=detail[:300],
            first_seen_at=now,
            last_tried_at=now,
            attempts=1,
            status="open",
        )
    )
