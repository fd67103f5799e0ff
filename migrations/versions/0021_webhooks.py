"""Webhooks: addresses of parties, and what they are told.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
Moment = chainfin.storage.types.UtcDateTime


def upgrade() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", Text(), nullable=False),
        sa.Column("cell", Text(), nullable=False),
        sa.Column("party_id", Text(), nullable=False),
        sa.Column("url", Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("secret", Text(), nullable=False),
        sa.Column("previous_secret", Text(), nullable=True),
        sa.Column("previous_until", Moment(), nullable=True),
        sa.Column("status", Text(), nullable=False),
        sa.Column("reason", Text(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_webhook_endpoint_party_id", "webhook_endpoint", ["party_id"])
    op.create_index("ix_webhook_endpoint_status", "webhook_endpoint", ["status"])
    op.create_table(
        "webhook_event",
        sa.Column("id", Text(), nullable=False),
        sa.Column("cell", Text(), nullable=False),
        sa.Column("party_id", Text(), nullable=False),
        sa.Column("kind", Text(), nullable=False),
        sa.Column("subject", Text(), nullable=False),
        sa.Column("body", Text(), nullable=False),
        sa.Column("occurred_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_webhook_event_party", "webhook_event", ["party_id", "id"])


def downgrade() -> None:
    op.drop_table("webhook_event")
    op.drop_table("webhook_endpoint")
