"""What the bank didn't pay, and payments under a used reference, can be dealt with; an order's file is written once.

Revision ID: 0028
Revises: 0026
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
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bank_payment", sa.Column("written_at", UtcDateTime(timezone=True), nullable=True))
    op.add_column("bank_payment", sa.Column("paid_on", sa.Date(), nullable=True))
    op.add_column("bank_payment", sa.Column("written_again", sa.JSON(), nullable=False, server_default="[]"))
    op.execute("UPDATE bank_payment SET written_at = said_at")
    connection = op.get_bind()
    tables = sa.MetaData()
    tables.reflect(connection, only=("outbox", "parked_item", "incoming_payment"))
    _refunds(connection, tables.tables["outbox"])
    _reused(connection, tables)
    _refused(connection, tables)


def downgrade() -> None:
    for column in ("written_again", "paid_on", "written_at"):
        op.drop_column("bank_payment", column)


def _refunds(connection: Connection, outbox: sa.Table) -> None:
    """A refund says which attempt it is, and to whom, if not to who sent it."""
    for row in connection.execute(sa.select(outbox).where(outbox.c.topic == "payment.refund")).mappings().all():
        payload = {**_json(row["payload"]), "attempt": 1, "payee_account": "", "payee_name": ""}
        connection.execute(outbox.update().where(outbox.c.id == row["id"]).values(payload=payload))


def _reused(connection: Connection, tables: sa.MetaData) -> None:
    """Money under a used reference was held, and nobody could move it: it is unmatched from now on."""
    incoming, parked = tables.tables["incoming_payment"], tables.tables["parked_item"]
    held = sa.and_(incoming.c.status == "suspense", incoming.c.reason == "bank_reference_reused")
    for row in connection.execute(sa.select(incoming).where(held)).mappings().all():
        detail = f"{row['amount']} minor units of {row['currency']} on {row['received_on']}"
        _park(connection, parked, "unmatched_payments", "incoming_payment", "", row["id"], row["reason"], detail)
    connection.execute(incoming.update().where(held).values(status="unmatched"))
    closed = {"status": "resolved", "resolved_by": "system", "resolution": "goes on as an unmatched payment"}
    old = sa.and_(parked.c.source == "reused_references", parked.c.status == "open")
    connection.execute(parked.update().where(old).values(**closed))


def _refused(connection: Connection, tables: sa.MetaData) -> None:
    """What the bank had refused to give back or to pay to a holder waits for a person."""
    outbox, parked = tables.tables["outbox"], tables.tables["parked_item"]
    refused = sa.and_(outbox.c.topic.in_(("payment.refund", "payment.holder")), outbox.c.status == "refused")
    for row in connection.execute(sa.select(outbox).where(refused)).mappings().all():
        payload = _json(row["payload"])
        detail = f"{payload['amount']} {payload['currency']}: {row['error'] or 'refused'}"
        what = {"command": row["key"]}
        _park(connection, parked, "unpaid_money", row["topic"], row["subject"], what, "payment_refused", detail)


def _park(
    connection: Connection, parked: sa.Table, source: str, kind: str, subject: str, what: object, code: str, detail: str
) -> None:
    payload = json.dumps(what, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    now = datetime.now(UTC)
    connection.execute(
        parked.insert().values(
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


def _json(value: object) -> dict[str, object]:
    read = json.loads(value) if isinstance(value, str) else value
    assert isinstance(read, dict), "a payload is an object"
    return read
